package seed

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// invoicesKept is how many paid invoices of a subscription are written, the newest ones: a page
// shows no more, and writing all would triple the work.
const invoicesKept = 4

// ledger writes what happened to one subscription: its row, invoices and facts.
type ledger struct {
	*rows
	source
	account  models.Account
	customer models.Customer
	offer    offer
	told     history
	sub      models.Subscription
	number   int
}

func (r *rows) subscription(
	src source, account models.Account, customer models.Customer, kind persona, bought offer, told history,
) {
	l := &ledger{rows: r, source: src, account: account, customer: customer, offer: bought, told: told}
	l.sub = models.Subscription{
		ID: take(&r.next.subscription), CustomerID: customer.ID, StripeAccount: customer.StripeAccount,
		Livemode: customer.Livemode, StripeID: src.stripeID("sub", ""), Kind: "plan", Status: kind.status,
		KnownStatus: kind.status, KnownPlan: bought.plan.Key, LookupKey: bought.price.LookupKey,
		Plan: bought.plan.Key, Currency: bought.price.Money.Currency, Amount: bought.price.Money.Amount,
		NextAmount: bought.price.Money.Amount,
		Quantity:   1, BillingInterval: string(bought.price.Interval), StartedAt: told.started,
		CurrentPeriodStart: told.periodStart, CurrentPeriodEnd: told.periodEnd, SyncedAt: *customer.SyncedAt,
		CreatedAt: told.started, UpdatedAt: *customer.SyncedAt,
	}
	if !told.trialEnd.IsZero() {
		l.sub.TrialStart, l.sub.TrialEnd = &told.started, &told.trialEnd
		r.trials = append(r.trials, models.Trial{
			AccountID: account.ID, StripeAccount: customer.StripeAccount, Livemode: customer.Livemode,
			UserID: account.CreatedBy, SubscriptionID: l.sub.StripeID, StartedAt: told.started,
		})
	}
	l.beginnings()
	l.present(kind)
	r.subscriptions = append(r.subscriptions, l.sub)
	r.items = append(r.items, models.SubscriptionItem{
		SubscriptionID: l.sub.ID, StripeID: src.stripeID("si", ""), PriceID: "price_" + l.sub.LookupKey,
		ProductID: "prod_" + l.sub.Plan, LookupKey: l.sub.LookupKey, UnitAmount: l.sub.Amount,
		Currency: l.sub.Currency, Quantity: 1, BillingInterval: l.sub.BillingInterval, UsageType: "licensed",
	})
}

// mrr is what the subscription is worth a month while it is paid for.
func (l *ledger) mrr() int64 {
	if l.offer.price.Interval == plan.Year {
		return l.sub.Amount / 12
	}
	return l.sub.Amount
}

// beginnings writes the trial and the paid periods before the present one.
func (l *ledger) beginnings() {
	create, status := "subscription_create", "paid"
	if l.sub.Status == "incomplete" || l.sub.Status == "incomplete_expired" {
		return
	}
	if l.sub.TrialEnd != nil {
		l.fact("trial_started", "", l.told.started, l.sub.Amount, 0, 0)
		l.invoice(create, status, 0, l.told.started)
		create = "subscription_cycle"
	}
	l.sub.FirstInvoiceStatus = status
	for n := range l.told.periods {
		at := addPeriods(l.told.paidFrom, l.offer.price.Interval, n)
		if n == 0 && l.sub.TrialEnd != nil {
			l.fact("trial_converted", "", at, l.sub.Amount, 0, l.mrr())
		} else if n == 0 {
			l.fact("subscription_started", "", at, l.sub.Amount, 0, l.mrr())
		}
		if l.told.periods-n <= invoicesKept {
			l.invoice(create, status, l.sub.Amount, at)
		}
		create = "subscription_cycle"
	}
}

// present writes what the subscription is now.
func (l *ledger) present(kind persona) {
	switch kind.status {
	case "active":
		l.sub.MRR = l.mrr()
		l.invoice("subscription_cycle", "paid", l.sub.Amount, l.told.periodStart)
	case "past_due", "unpaid":
		failed := l.told.periodStart.Add(time.Hour)
		l.sub.PastDueSince = &failed
		if kind.status == "past_due" {
			l.sub.MRR = l.mrr()
		}
		l.invoice("subscription_cycle", "open", l.sub.Amount, l.told.periodStart)
		l.fact("past_due", unix(failed), failed, l.sub.Amount, l.mrr(), l.mrr())
	case "canceled":
		ended := l.told.periodStart
		l.sub.CurrentPeriodStart = addPeriods(ended, l.offer.price.Interval, -1)
		l.sub.CurrentPeriodEnd, l.sub.EndedAt, l.sub.CanceledAt = ended, &ended, &ended
		l.sub.CancelReason = pick(l.Rand, []string{"too_expensive", "unused", "missing_features", "switched_service", "other"})
		l.fact("subscription_ended", "", ended, l.sub.Amount, l.mrr(), 0)
	case "incomplete":
		l.sub.FirstInvoiceStatus = "open"
		l.invoice("subscription_create", "open", l.sub.Amount, l.told.started)
	case "incomplete_expired":
		ended := l.told.started.Add(23 * time.Hour)
		l.sub.FirstInvoiceStatus, l.sub.EndedAt = "void", &ended
		l.invoice("subscription_create", "void", l.sub.Amount, l.told.started)
	}
	if kind.canceled {
		asked := l.told.periodStart.Add(time.Hour)
		l.sub.CancelAtPeriodEnd, l.sub.CancelAt, l.sub.CanceledAt = true, &l.sub.CurrentPeriodEnd, &asked
		l.fact("cancel_scheduled", unix(asked), asked, l.sub.Amount, l.sub.MRR, l.sub.MRR)
	}
	l.event()
}

func (l *ledger) invoice(reason, status string, amount int64, at time.Time) {
	l.number++
	id, end := l.stripeID("in", strconv.Itoa(l.number)), addPeriods(at, l.offer.price.Interval, 1)
	invoice := models.Invoice{
		CustomerID: l.customer.ID, StripeAccount: l.customer.StripeAccount, Livemode: l.customer.Livemode,
		StripeID: id, SubscriptionID: l.sub.StripeID, Status: status, BillingReason: reason,
		Number:   fmt.Sprintf("%s-%04d", strings.ToUpper(l.hash("number")[:8]), l.number),
		Currency: l.sub.Currency, Total: amount, AmountDue: amount, PeriodStart: &at, PeriodEnd: &end,
		IssuedAt: at, CreatedAt: at, UpdatedAt: at,
	}
	switch status {
	case "paid":
		invoice.AmountPaid, invoice.PaidAt = amount, &at
		if amount > 0 {
			invoice.AttemptCount = 1
		}
		l.invoiceFact("invoice_paid", "", id, at, amount)
	case "open":
		failed := at.Add(time.Hour)
		invoice.AmountRemaining, invoice.AttemptCount, invoice.FirstFailedAt = amount, 1, &failed
		if next := failed.Add(3 * day); next.After(l.options.Now) && l.sub.Status == "past_due" {
			invoice.NextPaymentAttempt = &next
		}
		l.invoiceFact("payment_failed", "1", id, failed, amount)
	}
	l.sub.LatestInvoiceID = id
	l.invoices = append(l.invoices, invoice)
}

func (l *ledger) fact(kind, transition string, at time.Time, amount, before, after int64) {
	l.facts = append(l.facts, models.Fact{
		FactKey: l.sub.StripeID + ":" + kind + ":" + transition, StripeAccount: l.customer.StripeAccount,
		Livemode: l.customer.Livemode, AccountID: l.account.ID, CustomerID: l.customer.ID, Type: kind,
		ObjectID: l.sub.StripeID, Amount: amount, Currency: l.sub.Currency, MRRBefore: before, MRRAfter: after,
		Plan: l.sub.Plan, OccurredAt: at, RecordedAt: at.Add(2 * time.Second),
	})
}

func (l *ledger) invoiceFact(kind, transition, invoice string, at time.Time, amount int64) {
	l.fact(kind, transition, at, amount, l.sub.MRR, l.sub.MRR)
	last := &l.facts[len(l.facts)-1]
	last.FactKey, last.ObjectID, last.Plan = invoice+":"+kind+":"+transition, invoice, ""
}

// event is the last one that Stripe would have sent about the subscription.
func (l *ledger) event() {
	at := l.sub.CurrentPeriodStart
	done := at.Add(2 * time.Second)
	id := l.stripeID("evt", "")
	l.events = append(l.events, models.WebhookEvent{
		PublicID: l.publicID("whe"), StripeAccount: l.customer.StripeAccount, Livemode: l.customer.Livemode,
		EventID: id, Type: "customer.subscription.updated", APIVersion: "2025-02-24.acacia",
		ObjectID: l.sub.StripeID, Customer: l.customer.StripeID,
		Payload: fmt.Appendf(nil, `{"id":%q,"object":"event","type":"customer.subscription.updated","created":%d,`+
			`"data":{"object":{"id":%q,"object":"subscription","customer":%q,"status":%q}}}`,
			id, at.Unix(), l.sub.StripeID, l.customer.StripeID, l.sub.Status),
		OccurredAt: at, ReceivedAt: at.Add(time.Second), State: models.EventDone, DirtySeq: 1, Attempts: 1,
		Deliveries: 1, DoneAt: &done,
	})
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
