package billing

import (
	"cmp"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// The types of fact. Each is a transition of one object, recorded once.
const (
	FactTrialStarted    = "trial_started"
	FactTrialEnding     = "trial_ending"
	FactTrialRefused    = "trial_refused"        // the card, person or mailbox had one before; nothing was charged
	FactRenewalComing   = "renewal_coming"       // of an annual plan
	FactStarted         = "subscription_started" // paid for, or granted by a free first invoice
	FactConverted       = "trial_converted"
	FactPlanChanged     = "plan_changed"
	FactCancelScheduled = "cancel_scheduled"
	FactResumed         = "resumed"
	FactPastDue         = "past_due"
	FactRecovered       = "recovered"
	FactEnded           = "subscription_ended"
	FactInvoicePaid     = "invoice_paid"
	FactPaymentFailed   = "payment_failed"
	FactActionRequired  = "action_required" // the bank wants the customer to confirm an open invoice
	FactNotFinalized    = "finalization_failed"
	FactRefunded        = "refunded"
	FactRefundFailed    = "refund_failed"       // the money came back to us
	FactDisputeOpened   = "dispute_opened"      // needs an answer by its due date
	FactDisputeClosed   = "dispute_closed"      // won, lost, or closed as an inquiry
	FactSecond          = "second_subscription" // a live plan beside another one: somebody pays twice
	FactPriceMismatch   = "price_mismatch"      // it costs less than its price in the catalog
	FactMRRChanged      = "mrr_changed"         // a discount, quantity or price moved it, and nothing else did

	// The steps of dunning, each once for an invoice.
	FactDunnedFirst    = "dunning_first"
	FactDunnedAgain    = "dunning_again"
	FactDunnedLast     = "dunning_last"
	FactDunnedLimited  = "dunning_limited"
	FactDunnedOver     = "dunning_over"
	FactDunningSkipped = "dunning_skipped" // in the place of a step that was missed
)

// trialNotice is how long before its end a trial is announced to end, which is also when Stripe
// sends customer.subscription.trial_will_end.
const trialNotice = 3 * 24 * time.Hour

func factKey(kind, object, transition string) string { return object + ":" + kind + ":" + transition }

// fact notes something that became true. at is Stripe's time of it where Stripe gives one.
func (a *application) fact(kind, object, transition string, at time.Time, amount int64, sub models.Subscription) {
	a.facts = append(a.facts, models.Fact{
		FactKey: factKey(kind, object, transition), Type: kind, ObjectID: object,
		StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode,
		AccountID: a.account.ID, CustomerID: a.customer.ID, Amount: amount, Currency: sub.Currency,
		Plan: sub.Plan, OccurredAt: at, RecordedAt: a.wall,
	})
}

// ofPayment says of the fact noted last which payment it is about. An old invoice has only a charge.
func (a *application) ofPayment(invoice InvoiceState) {
	a.facts[len(a.facts)-1].PaymentID = cmp.Or(invoice.PaymentIntent, invoice.Charge)
}

// subscriptionFacts compares what a subscription was with what it is. A subscription never seen
// before is compared with nothing, so that facts survive any number of missed events.
func (a *application) subscriptionFacts(old, row models.Subscription) {
	id := row.StripeID
	if row.TrialRefused {
		a.fact(FactTrialRefused, id, "", row.StartedAt, 0, row)
		return
	}
	began := old.ID == 0 || old.Status == "incomplete" || old.TrialRefused
	switch {
	case row.Status == "trialing" && row.TrialEnd != nil:
		if began && row.TrialStart != nil {
			a.fact(FactTrialStarted, id, "", *row.TrialStart, row.Amount, row)
		}
	case row.Status == "active" && began:
		at := row.StartedAt
		if row.TrialEnd != nil && row.TrialEnd.After(at) {
			at = *row.TrialEnd // of a trial that was never known as such
		}
		a.fact(FactStarted, id, "", at, row.Amount, row)
	case row.Status == "active" && old.Status == "trialing":
		a.fact(FactConverted, id, "", row.CurrentPeriodStart, row.Amount, row)
	case row.Status == "active" && (old.Status == "past_due" || old.Status == "unpaid"):
		a.fact(FactRecovered, id, a.occasion, a.fetched, row.Amount, row)
	case row.Status == "past_due" && row.PastDueSince != nil:
		a.fact(FactPastDue, id, unix(*row.PastDueSince), *row.PastDueSince, row.Amount, row)
	}
	if row.EndedAt != nil {
		if old.EndedAt == nil && row.Status != "incomplete_expired" {
			a.fact(FactEnded, id, "", *row.EndedAt, row.Amount, row)
		}
		return
	}
	if old.ID != 0 && old.LookupKey != row.LookupKey {
		a.fact(FactPlanChanged, id, a.occasion, a.fetched, row.Amount, row)
	}
	was, is := old.CancelAtPeriodEnd || old.CancelAt != nil, row.CancelAtPeriodEnd || row.CancelAt != nil
	if is && !was {
		at := a.fetched
		if row.CanceledAt != nil {
			at = *row.CanceledAt
		}
		a.fact(FactCancelScheduled, id, unix(at), at, row.Amount, row)
	}
	if was && !is && old.ID != 0 {
		a.fact(FactResumed, id, a.occasion, a.fetched, row.Amount, row)
	}
}

// invoiceFacts compares what an invoice was with what it is.
func (a *application) invoiceFacts(old, row models.Invoice, state InvoiceState) {
	sub := models.Subscription{Currency: row.Currency}
	if row.Status == "paid" && old.Status != "paid" {
		at := row.IssuedAt
		if row.PaidAt != nil {
			at = *row.PaidAt
		}
		a.fact(FactInvoicePaid, row.StripeID, "", at, row.AmountPaid, sub)
		a.facts[len(a.facts)-1].Discount = state.Discount
		a.ofPayment(state)
	}
	if state.FinalizeError != "" && row.Status == "draft" {
		a.fact(FactNotFinalized, row.StripeID, state.FinalizeError, row.IssuedAt, row.Total, sub)
	}
	if state.ActionRequired && row.Status == "open" {
		a.fact(FactActionRequired, row.StripeID, state.PaymentIntent, a.fetched, row.AmountRemaining, sub)
	}
	if row.Status != "open" || row.AttemptCount <= old.AttemptCount {
		return
	}
	// The first failure is told whichever of them is the first to be seen.
	if old.AttemptCount == 0 && row.FirstFailedAt != nil {
		a.fact(FactPaymentFailed, row.StripeID, firstAttempt, *row.FirstFailedAt, row.AmountRemaining, sub)
		a.ofPayment(state)
	}
	if row.AttemptCount > 1 {
		a.fact(FactPaymentFailed, row.StripeID, fmt.Sprint(row.AttemptCount), a.fetched, row.AmountRemaining, sub)
		a.ofPayment(state)
	}
}

// firstAttempt is the transition of an invoice's first failure.
const firstAttempt = "1"

func unix(t time.Time) string { return fmt.Sprint(t.Unix()) }

// record appends the facts to the ledger and owes the mails that go with those that are new. It
// returns how many mails are owed. The movement of MRR is carried by one fact of the sync, so that
// adding up the ledger counts it once. A fact known before carries nothing, so the movement may need
// one of its own.
func (a *application) record() (int, error) {
	owed, moved := 0, a.mrr == a.mrrAfter
	for i := 0; i < len(a.facts) || !moved; i++ {
		if i == len(a.facts) {
			a.fact(FactMRRChanged, a.customer.StripeID, a.occasion, a.fetched, 0,
				models.Subscription{Currency: a.customer.Currency})
		}
		fact := &a.facts[i]
		fact.MRRBefore, fact.MRRAfter = a.mrrAfter, a.mrrAfter
		if !moved && carriesMRR(fact.Type) {
			fact.MRRBefore = a.mrr
		}
		result := a.tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "fact_key"}}, DoNothing: true}).Create(fact)
		if result.Error != nil {
			return 0, fmt.Errorf("record %s: %w", fact.FactKey, result.Error)
		}
		if result.RowsAffected == 0 {
			continue
		}
		moved = moved || fact.MRRBefore != fact.MRRAfter
		a.told = append(a.told, *fact)
		if err := a.alertOf(*fact); err != nil {
			return 0, err
		}
		sent, err := a.notify(*fact)
		if err != nil {
			return 0, err
		}
		owed += sent
	}
	return owed, nil
}

// carriesMRR leaves out facts about invoices, which move money and no MRR, and those noted on every
// sync while they last, which may have been recorded before.
func carriesMRR(kind string) bool {
	switch kind {
	case FactDunnedFirst, FactDunnedAgain, FactDunnedLast, FactDunnedLimited, FactDunnedOver, FactDunningSkipped,
		FactInvoicePaid, FactPaymentFailed, FactPastDue, FactTrialEnding, FactTrialRefused, FactRenewalComing, FactSecond,
		FactPriceMismatch,
		FactActionRequired, FactNotFinalized, FactRefunded, FactRefundFailed, FactDisputeOpened, FactDisputeClosed:
		return false
	}
	return true
}
