package billing

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// subscriptionRow says what the row of a subscription must be, given what Stripe says and what the
// row was. It decides nothing about access.
func (a *application) subscriptionRow(
	state SubscriptionState, old models.Subscription, invoices []InvoiceState,
) models.Subscription {
	row := models.Subscription{
		ID: old.ID, CreatedAt: old.CreatedAt, CustomerID: a.customer.ID,
		StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode, StripeID: state.ID,
		Kind: "plan", Status: state.Status, Currency: state.Currency, StartedAt: state.Started,
		CurrentPeriodStart: state.PeriodStart, CurrentPeriodEnd: state.PeriodEnd,
		TrialStart: state.TrialStart, TrialEnd: state.TrialEnd,
		CancelAtPeriodEnd: state.CancelAtPeriodEnd, CancelAt: state.CancelAt, CanceledAt: state.CanceledAt,
		CancelReason: state.CancelReason, EndedAt: state.EndedAt, PauseBehavior: state.PauseBehavior,
		LatestInvoiceID: state.LatestInvoice, FirstInvoiceStatus: old.FirstInvoiceStatus,
		KnownStatus: old.KnownStatus, KnownPlan: old.KnownPlan, UnknownSince: old.UnknownSince,
		SyncedAt: a.fetched,
	}
	for _, item := range state.Items {
		if p, price, ok := a.Catalog.ByLookupKey(item.LookupKey); ok && pays(item, price) {
			row.Plan, row.LookupKey = p.Key, item.LookupKey
			row.Amount, row.Quantity, row.BillingInterval = item.UnitAmount, item.Quantity, item.Interval
		}
	}
	if next := state.Schedule; next != nil {
		row.ScheduleID = next.ID
		if !next.At.IsZero() {
			row.NextLookupKey, row.NextAt = next.LookupKey, &next.At
		}
	}
	if pending := state.Pending; pending != nil {
		row.PendingLookupKey, row.PendingUntil = pending.LookupKey, &pending.Expires
		for _, invoice := range invoices {
			if invoice.ID == state.LatestInvoice && invoice.Status == "open" {
				row.PendingURL = invoice.HostedURL
			}
		}
	}
	if row.Status == "active" || row.Status == "past_due" {
		row.MRR = monthly(state)
	}
	row.NextAmount, row.Attention = nextAmount(state), string(attention(state, invoices))
	if p := state.Schedule; p != nil && !p.At.After(state.PeriodEnd) {
		if _, price, ok := a.Catalog.ByLookupKey(p.LookupKey); ok { // the next period is of the plan to come
			row.NextAmount = state.net(price.Money.Amount*max(1, p.Quantity), state.PeriodEnd)
		}
	}
	row.PastDueSince = pastDueSince(state, old, invoices)
	for _, invoice := range invoices {
		if invoice.Subscription == state.ID && invoice.BillingReason == "subscription_create" {
			row.FirstInvoiceStatus = invoice.Status
		}
	}
	a.rememberKnown(&row)
	return row
}

// pays reports whether an item costs at least what its price does in the catalog. A lookup key can be put on any price in
// the dashboard; it grants only what is paid for. What costs more is a matter between the owner and the customer.
func pays(item ItemState, price plan.Price) bool {
	return item.Currency == price.Money.Currency && item.UnitAmount >= price.Money.Amount &&
		item.Interval == string(price.Interval) && item.Count <= 1
}

// priceFacts makes known that something is sold for less than it is offered for.
func (a *application) priceFacts(state SubscriptionState, row models.Subscription) {
	for _, item := range state.Items {
		if _, price, ok := a.Catalog.ByLookupKey(item.LookupKey); ok && !pays(item, price) && state.EndedAt == nil {
			a.Logger.Error("a subscription costs less than its price in the catalog, and grants nothing by it",
				"subscription", state.ID, "price", item.Price, "lookup_key", item.LookupKey,
				"amount", item.UnitAmount, "currency", item.Currency, "interval", item.Interval)
			a.fact(FactPriceMismatch, state.ID, item.Price, row.StartedAt, item.UnitAmount, row)
		}
	}
}

// rememberKnown keeps the last state that the access rule understands beside one it does not.
func (a *application) rememberKnown(row *models.Subscription) {
	if knownStatus(row.Status) && row.Plan != "" {
		row.KnownStatus, row.KnownPlan, row.UnknownSince = row.Status, row.Plan, nil
		return
	}
	if row.UnknownSince == nil {
		row.UnknownSince = &a.fetched
		a.Logger.Warn("a subscription has a status or price that this program does not know",
			"subscription", row.StripeID, "status", row.Status, "plan", row.Plan)
	}
}

// pastDueSince is when the oldest invoice still open was first tried in vain: its first attempt is
// made as it is finalised. Later failures leave it where it is, so they extend nothing. Where no such
// invoice is left, though Stripe still calls the subscription past due, the start stays what it was.
func pastDueSince(state SubscriptionState, old models.Subscription, invoices []InvoiceState) *time.Time {
	if state.Status != "past_due" && state.Status != "unpaid" {
		return nil
	}
	var oldest *time.Time
	for i := range invoices {
		failed := firstFailed(invoices[i])
		if invoices[i].Subscription == state.ID && failed != nil && (oldest == nil || failed.Before(*oldest)) {
			oldest = failed
		}
	}
	switch {
	case oldest != nil:
		return oldest
	case old.PastDueSince != nil:
		return old.PastDueSince
	}
	return &state.PeriodStart
}

func firstFailed(invoice InvoiceState) *time.Time {
	if invoice.Status != "open" || invoice.AttemptCount == 0 {
		return nil
	}
	if invoice.FinalizedAt != nil {
		return invoice.FinalizedAt
	}
	return &invoice.Created
}

// monthly is what the licensed items of a subscription are worth a month, net of its discounts, in minor units rounded
// down. A year counts as twelve months, a week as 12/52 of a year. A discount is taken off a whole period, so it is by
// the period that the items are added up: Stripe lets all of a subscription have the same one.
func monthly(state SubscriptionState) int64 {
	var total int64
	var period ItemState
	for _, item := range state.Items {
		if item.UsageType != "metered" && item.Count > 0 {
			total += item.UnitAmount * item.Quantity
			period = item
		}
	}
	total = state.net(total, state.PeriodStart)
	switch period.Interval {
	case "month":
		return total / period.Count
	case "year":
		return total / (12 * period.Count)
	case "week":
		return total * 52 / (12 * period.Count)
	case "day":
		return total * 365 / (12 * period.Count)
	}
	return 0
}

// nextAmount is what the licensed items cost for one period, net of the discounts, in minor units. A
// percentage is rounded to the nearest unit, halves up, as Stripe rounds it on an invoice's line.
func nextAmount(state SubscriptionState) int64 {
	var total int64
	for _, item := range state.Items {
		if item.UsageType != "metered" {
			total += item.UnitAmount * item.Quantity
		}
	}
	return state.net(total, state.PeriodEnd)
}

// net is what is left of an amount after the discounts that still stand at a time. Each is taken off what those before
// it have left: https://docs.stripe.com/billing/subscriptions/coupons#multiple-discounts
func (s SubscriptionState) net(total int64, at time.Time) int64 {
	for _, discount := range s.Discounts {
		if discount.End == nil || discount.End.After(at) {
			total -= (total*discount.Percent + 5_000) / 10_000
			total = max(0, total-discount.Fixed)
		}
	}
	return total
}

func (a *application) invoiceRow(state InvoiceState, old models.Invoice) models.Invoice {
	row := models.Invoice{
		ID: old.ID, CreatedAt: old.CreatedAt, CustomerID: a.customer.ID,
		StripeAccount: a.Connection.StripeAccount, Livemode: a.Connection.Livemode, StripeID: state.ID,
		SubscriptionID: state.Subscription, Number: state.Number, Status: state.Status,
		BillingReason: state.BillingReason, Currency: state.Currency, Total: state.Total,
		AmountDue: state.AmountDue, AmountPaid: state.AmountPaid, AmountRemaining: state.AmountRemaining,
		AmountRefunded: state.AmountRefunded, ChargeID: state.Charge, PaymentIntentID: state.PaymentIntent,
		AttemptCount: state.AttemptCount, NextPaymentAttempt: state.NextAttempt,
		FirstFailedAt: old.FirstFailedAt, PeriodStart: &state.PeriodStart, PeriodEnd: &state.PeriodEnd,
		HostedURL: state.HostedURL, PDFURL: state.PDFURL, PaidAt: state.PaidAt, IssuedAt: state.Created,
		UpdatedAt: a.wall,
	}
	row.TriedAt, row.ActionRequired = state.TriedAt, state.ActionRequired && state.Status == "open"
	if row.FirstFailedAt == nil {
		row.FirstFailedAt = firstFailed(state)
	}
	if row.ID == 0 {
		row.CreatedAt = a.wall
	}
	return row
}
