package billing

import (
	"time"

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
		if p, _, ok := a.Catalog.ByLookupKey(item.LookupKey); ok {
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
	row.PastDueSince = pastDueSince(state, old, invoices)
	for _, invoice := range invoices {
		if invoice.Subscription == state.ID && invoice.BillingReason == "subscription_create" {
			row.FirstInvoiceStatus = invoice.Status
		}
	}
	a.rememberKnown(&row)
	return row
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

// monthly is what the licensed items of a subscription are worth a month, net of its discount, in
// minor units rounded down. A year counts as twelve months, a week as 12/52 of a year.
func monthly(state SubscriptionState) int64 {
	var total int64
	for _, item := range state.Items {
		if item.UsageType == "metered" || item.Count <= 0 {
			continue
		}
		amount := item.UnitAmount * item.Quantity
		switch item.Interval {
		case "month":
			total += amount / item.Count
		case "year":
			total += amount / (12 * item.Count)
		case "week":
			total += amount * 52 / (12 * item.Count)
		case "day":
			total += amount * 365 / (12 * item.Count)
		}
	}
	total -= total * state.DiscountPercent / 10_000
	return max(0, total-state.DiscountFixed)
}

// nextAmount is what the licensed items cost for one period, net of the discount, in minor units. A
// percentage is rounded to the nearest unit, halves up, as Stripe rounds it on an invoice's line.
func nextAmount(state SubscriptionState) int64 {
	var total int64
	for _, item := range state.Items {
		if item.UsageType != "metered" {
			total += item.UnitAmount * item.Quantity
		}
	}
	total -= (total*state.DiscountPercent + 5_000) / 10_000
	return max(0, total-state.DiscountFixed)
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
