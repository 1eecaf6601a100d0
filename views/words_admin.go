package views

import (
	"time"

	"example.com/tollgate/views/ui"
)

// The titles of the admin's pages. One subscriber's page is titled with its name, and one event's
// with its type.
const (
	AdminTitle       = "Admin"
	SubscribersTitle = "Subscribers"
	EventsTitle      = "Webhook inbox"
)

// NoStatus is the filter for accounts without a subscription.
const NoStatus = "none"

// SubscriberStatuses are the choices of the list's filter, in the order of a subscription's life.
func SubscriberStatuses() []Option {
	options := []Option{{NoStatus, "No subscription"}}
	for _, status := range []string{
		"trialing", "active", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled",
	} {
		label, _ := StatusWords(status)
		options = append(options, Option{status, label})
	}
	return options
}

// EventStates are the tabs of the webhook inbox, with how many events each has.
func EventStates(counts map[string]int64) []Count {
	var tabs []Count
	for _, state := range []string{"pending", "dead", "done", "ignored"} {
		tabs = append(tabs, Count{Key: state, Name: eventWords(state).label, N: counts[state]})
	}
	return tabs
}

// Weighed is one thing that the access rule looked at, in billing's own words.
type Weighed struct {
	Source, Name, Status string // account, grant, subscription or free; an id; Stripe's status
	Plan, Level, Reason  string
	Until                time.Time
	Decides              bool
}

// AccessSteps says in words what was weighed, and what each would give alone.
func AccessSteps(weighed []Weighed, f ui.Format) []AccessStep {
	var steps []AccessStep
	for _, w := range weighed {
		steps = append(steps, AccessStep{Text: w.words(f), Decides: w.Decides})
	}
	return steps
}

func (w Weighed) words(f ui.Format) string {
	switch w.Source {
	case "account":
		return "The account is suspended, so that nothing it bought counts."
	case "free":
		return "Nothing grants a paid plan, so the free plan applies."
	case "grant":
		if w.Level == "none" {
			return "A grant that has not begun or is over: gives nothing."
		}
		return "A grant of " + w.Plan + w.until(f, " until ", ", for good") + "."
	}
	gives := "gives nothing"
	if w.Level != "none" {
		gives = "gives " + w.Plan + " (" + w.Level + ")" + w.until(f, " until ", "")
	}
	return w.Name + " is " + w.Status + ": " + w.because() + ", which " + gives + "."
}

func (w Weighed) until(f ui.Format, before, never string) string {
	if w.Until.IsZero() {
		return never
	}
	return before + f.DateTime(w.Until)
}

// because puts the rule's reason into the middle of a sentence.
func (w Weighed) because() string {
	text, ok := map[string]string{
		"trialing":           "the trial runs",
		"trial_used":         "the card or person had a trial before",
		"active":             "the period is paid for",
		"leeway":             "the period is over, but Stripe has not been heard since",
		"expired":            "the period is over and was not renewed",
		"payment_processing": "the first invoice is not paid yet",
		"ending":             "it was cancelled and runs to its end",
		"billing_paused":     "collection is paused",
		"past_due":           "a payment failed, and grace is running",
		"overdue":            "a payment failed, and grace is over",
		"unpaid":             "Stripe has given up on the invoice",
		"incomplete":         "the first payment was not finished",
		"incomplete_expired": "the first payment was never made",
		"paused":             "the trial ended without a card",
		"canceled":           "it has ended",
		"unknown_status":     "this program does not know that status",
		"unknown_price":      "its price is not in the catalog",
		"customer_deleted":   "the customer was deleted at Stripe",
		"dispute_lost":       "a dispute was lost",
	}[w.Reason]
	if !ok {
		return w.Reason
	}
	return text
}
