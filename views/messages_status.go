package views

import (
	"strconv"
	"time"

	"example.com/tollgate/views/ui"
)

// words are a label for a badge and the tone it is shown in.
type words struct{ label, tone string }

// StatusWords gives the words for a subscription's status as Stripe spells it. The empty status
// means that there is none.
func StatusWords(status string) (label, tone string) {
	w, ok := map[string]words{
		"":                   {"Free", ""},
		"trialing":           {"Trial", "info"},
		"active":             {"Active", "success"},
		"past_due":           {"Payment overdue", "warning"},
		"unpaid":             {"Unpaid", "error"},
		"incomplete":         {"Payment unfinished", "warning"},
		"incomplete_expired": {"Payment not made", ""},
		"paused":             {"Paused", "warning"},
		"canceled":           {"Ended", ""},
	}[status]
	if !ok {
		return status, ""
	}
	return w.label, w.tone
}

// invoiceWords are for invoices, eventWords for webhook events and mailWords for mails.
func invoiceWords(status string) words {
	switch status {
	case "paid":
		return words{"Paid", "success"}
	case "open":
		return words{"Due", "warning"}
	case "uncollectible":
		return words{"Not collected", "error"}
	case "void":
		return words{"Void", ""}
	}
	return words{"Draft", ""}
}

// disputeWords are for disputes. An inquiry, whose status begins with warning, takes no money.
func disputeWords(status string) words {
	switch status {
	case "needs_response", "warning_needs_response":
		return words{"Needs an answer", "warning"}
	case "under_review", "warning_under_review":
		return words{"Under review", "info"}
	case "won", "warning_closed":
		return words{"Settled", "success"}
	case "lost":
		return words{"Lost", "error"}
	}
	return words{status, ""}
}

// needsAnswer is whether evidence can still be handed in.
func (d DisputeRow) needsAnswer() bool {
	return d.Status == "needs_response" || d.Status == "warning_needs_response"
}

func eventWords(state string) words {
	switch state {
	case "done":
		return words{"Done", "success"}
	case "pending":
		return words{"Pending", "info"}
	case "dead":
		return words{"Given up", "error"}
	case "ignored":
		return words{"Ignored", ""}
	}
	return words{state, ""}
}

func mailWords(state string) words {
	switch state {
	case "sent":
		return words{"Sent", "success"}
	case "pending":
		return words{"Waiting", "info"}
	case "dead":
		return words{"Given up", "error"}
	}
	return words{state, ""}
}

// badgeWords is the subscription's badge. A cancellation or a gift says more than the status
// does, and the free plan needs no badge beside its name.
func (s Subscription) badgeWords() words {
	if s.Granted != "" {
		return words{"Granted", "success"}
	}
	if s.EndsAt != nil && s.live() {
		return words{"Ends soon", "warning"}
	}
	if s.Paused && s.live() {
		return words{"Billing paused", "warning"}
	}
	if s.Status == "" || s.TrialRefused != "" {
		return words{}
	}
	label, tone := StatusWords(s.Status)
	return words{label, tone}
}

// sentence says in words where the subscription stands, for people who do not know Stripe's.
func (s Subscription) sentence(f ui.Format) string {
	on := func(t *time.Time) string {
		if t == nil {
			return "soon"
		}
		return "on " + f.Date(*t)
	}
	switch {
	case s.TrialRefused != "":
		return "You are on the free plan. Nothing was charged."
	case s.Granted != "":
		return "You have this plan without a subscription: " + s.Granted + "."
	case s.Status == "trialing" && s.EndsAt != nil:
		return "Your trial ends " + on(s.EndsAt) + " and nothing will be charged."
	case s.EndsAt != nil && s.live():
		return "Cancelled. You keep everything until it ends " + on(s.EndsAt) + "."
	case s.Paused && s.live():
		return "Billing is paused: no invoices are made. What you have paid for lasts, and ends " + on(s.RenewsAt) + "."
	case s.Next != nil && s.live():
		return s.Plan.Name + " " + intervalWord(s.Interval) + " until " + f.Date(s.Next.At) + ", then " + s.Next.Plan.Name +
			" for " + f.Money(s.Next.Amount) + " " + per(s.Next.Interval) + "."
	}
	switch s.Status {
	case "trialing":
		return "Your trial ends " + on(s.TrialEnd) + ". The first payment of " + f.Money(s.NextAmount) + " is taken then."
	case "active":
		return "Renews " + on(s.RenewsAt) + " for " + f.Money(s.NextAmount) + "."
	case "past_due":
		if s.Level == "limited" || s.GraceUntil == nil {
			return "A payment is overdue. You can read and export, but not add anything, until it is paid."
		}
		return "The last payment failed. Everything keeps working until " + f.Date(*s.GraceUntil) + "."
	case "unpaid":
		return "Several payments failed. Pay the open invoice to carry on."
	case "incomplete":
		return "The first payment is not finished. Complete it to start."
	case "paused":
		return "The trial ended without a card. You can read and export, but not add anything, until you add one and start the plan."
	case "canceled":
		if s.TrialEnd != nil && s.EndsAt != nil && !s.EndsAt.After(*s.TrialEnd) {
			return "Your trial ended " + on(s.EndsAt) + ", and nothing was charged. Your work is still here."
		}
		if s.EndsAt != nil {
			return "Your subscription ended " + on(s.EndsAt) + ". Your work is still here."
		}
		return "Your subscription has ended. Your work is still here."
	}
	return "You are on the free plan. Nothing is charged."
}

// daysLeft puts the rest of a trial into words.
func daysLeft(days int) string {
	switch {
	case days <= 0:
		return "Last day of your trial"
	case days == 1:
		return "1 day left in your trial"
	}
	return strconv.Itoa(days) + " days left in your trial"
}

// sentence says what a change waits for, and until when.
func (p Pending) sentence(current string, f ui.Format) string {
	return "Nothing has been charged, and you stay on " + current + " until you confirm the payment. " +
		"If that does not happen by " + f.DateTime(p.Until) + ", the switch is off."
}
