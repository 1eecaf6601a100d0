package billing

import (
	"time"

	"example.com/tollgate/models"
)

// dunningStep is one step towards an owner whose payment failed. at says when it is due, or nil while it is not to
// come. The mail that goes with it stands in notices, under fact. level is the most that the account may use from then
// on, which is Decide's business and is here to be read, and compared with it by a test: a step writes nothing but its
// fact and its mail.
type dunningStep struct {
	fact  string
	at    func(debt) *time.Time
	level Level
}

// dunning is the table of steps, in their order. They go by the calendar from the first failure on, whenever Stripe
// tries again in between: its smart retries keep no fixed days, and a notice is about the reader's time, not ours.
func dunning() []dunningStep {
	return []dunningStep{
		{FactDunnedFirst, afterDays(0), LevelGrace},
		{FactDunnedAgain, afterDays(3), LevelGrace},
		{FactDunnedLast, afterDays(5), LevelGrace},
		{FactDunnedLimited, atGraceEnd, LevelLimited}, // day 7, unless GRACE_PERIOD says otherwise
		{FactDunnedOver, atGivingUp, LevelLimited},    // Stripe's setting decides: cancelled, unpaid, or left past due
	}
}

// noticeLate is how late a step may come. What is later is recorded as skipped and not sent: it would be news of
// another day, and after a backup was restored it may well have been sent by the database that was lost.
const noticeLate = 48 * time.Hour

// debt is a subscription with the oldest of its invoices that failed and is still to be paid.
type debt struct {
	sub     models.Subscription
	invoice models.Invoice
	grace   time.Duration
}

// debtOf finds what is owed for a subscription. The first payment is no matter for dunning: it is made, and may fail,
// on Stripe's page in front of the buyer. Nor is the payment of a change, which leaves the subscription active.
func debtOf(sub models.Subscription, invoices []models.Invoice, grace time.Duration) (debt, bool) {
	owed := debt{sub: sub, grace: grace}
	abandoned := sub.EndedAt != nil && sub.CancelReason == "payment_failed"
	if sub.Status != "past_due" && sub.Status != "unpaid" && !abandoned {
		return owed, false
	}
	found := false
	for _, invoice := range invoices {
		if invoice.SubscriptionID != sub.StripeID || invoice.Status != "open" || invoice.FirstFailedAt == nil ||
			invoice.BillingReason == "subscription_create" {
			continue
		}
		if !found || invoice.FirstFailedAt.Before(*owed.invoice.FirstFailedAt) {
			owed.invoice, found = invoice, true
		}
	}
	return owed, found
}

// graceEnd counts from when the subscription is past due, like Decide.
func (d debt) graceEnd() time.Time {
	if d.sub.PastDueSince != nil {
		return d.sub.PastDueSince.Add(d.grace)
	}
	return d.invoice.FirstFailedAt.Add(d.grace)
}

// afterDays is a step while access lasts. Where the grace is shorter, the step at its end has taken its place.
func afterDays(days int) func(debt) *time.Time {
	return func(d debt) *time.Time {
		at := d.invoice.FirstFailedAt.Add(time.Duration(days) * 24 * time.Hour)
		if d.sub.EndedAt != nil || d.sub.Status == "unpaid" || !at.Before(d.graceEnd()) {
			return nil
		}
		return &at
	}
}

func atGraceEnd(d debt) *time.Time {
	if d.sub.EndedAt != nil || d.sub.Status == "unpaid" {
		return nil
	}
	at := d.graceEnd()
	return &at
}

// atGivingUp is when Stripe has made its last try. A subscription that it leaves past due after that is limited when
// the grace is over, and not before.
func atGivingUp(d debt) *time.Time {
	tried := d.graceEnd()
	if d.invoice.TriedAt != nil {
		tried = *d.invoice.TriedAt
	}
	switch {
	case d.sub.EndedAt != nil:
		return d.sub.EndedAt
	case d.sub.Status == "unpaid":
		return &tried
	case d.invoice.NextPaymentAttempt != nil:
		return nil
	case tried.Before(d.graceEnd()):
		tried = d.graceEnd()
	}
	return &tried
}

// dun records the steps that are due: the latest, whose mail is then owed, and those before it as skipped where they
// were missed, so that a program that was down for days sends one notice and not three. It returns when the next is
// due, or nil. Recording is by a key of the invoice and the step, so that doing it again changes nothing.
func (a *application) dun(owed debt) *time.Time {
	var due []dunningStep
	var last time.Time
	for _, step := range dunning() {
		at := step.at(owed)
		switch {
		case at == nil:
		case at.After(a.fetched):
			a.dunned(owed, due, last)
			return at
		default:
			due, last = append(due, step), *at
		}
	}
	a.dunned(owed, due, last)
	return nil
}

func (a *application) dunned(owed debt, due []dunningStep, last time.Time) {
	for i, step := range due {
		at := *step.at(owed)
		a.fact(step.fact, owed.invoice.StripeID, "", at, owed.invoice.AmountRemaining, owed.sub)
		if i < len(due)-1 || a.fetched.Sub(last) > noticeLate {
			a.facts[len(a.facts)-1].Type = FactDunningSkipped
		}
	}
	if owed.sub.EndedAt != nil && len(due) > 0 {
		a.given[owed.sub.StripeID] = true
	}
}

// dunningMails are the keys of the mails that an invoice's steps may owe.
func dunningMails(invoice string) []string {
	steps := dunning()
	keys := make([]string, len(steps))
	for i, step := range steps {
		keys[i] = mailKey(factKey(step.fact, invoice, ""))
	}
	return keys
}
