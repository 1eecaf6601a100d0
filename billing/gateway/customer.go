package gateway

import (
	"context"
	"math"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
)

// CreateCustomer implements billing.Gateway.
func (g *Gateway) CreateCustomer(ctx context.Context, p billing.CustomerParams, key string) (string, error) {
	params := &stripe.CustomerParams{
		Params: with(ctx, key), Email: stripe.String(p.Email), Name: stripe.String(p.Name),
	}
	if p.Locale != "" {
		params.PreferredLocales = stripe.StringSlice([]string{p.Locale})
	}
	for k, v := range p.Metadata {
		params.AddMetadata(k, v)
	}
	customer, err := g.api.Customers.New(params)
	if err != nil {
		return "", wrap("create a customer", err)
	}
	return customer.ID, nil
}

// FindCustomer implements billing.Gateway.
func (g *Gateway) FindCustomer(ctx context.Context, email, accountPublicID string) (string, bool, error) {
	params := &stripe.CustomerListParams{ListParams: listing(ctx), Email: stripe.String(email)}
	found := g.api.Customers.List(params)
	for n := 0; n < maxObjects && found.Next(); n++ {
		if c := found.Customer(); c.Metadata["account_id"] == accountPublicID {
			return c.ID, true, nil
		}
	}
	return "", false, wrap("look for a customer", found.Err())
}

// FetchCustomer implements billing.Gateway.
func (g *Gateway) FetchCustomer(ctx context.Context, id string) (billing.Snapshot, error) {
	params := &stripe.CustomerParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("invoice_settings.default_payment_method")
	customer, err := g.api.Customers.Get(id, params)
	if err != nil {
		return billing.Snapshot{}, wrap("read a customer", err)
	}
	snap := billing.Snapshot{ID: customer.ID, Deleted: customer.Deleted}
	if customer.Deleted {
		// Its invoices outlive it, and so does what was paid for them before anybody here had heard of it.
		snap.Invoices, err = g.invoices(ctx, id)
		return snap, err
	}
	snap.Email, snap.Currency = customer.Email, string(customer.Currency)
	snap.Balance, snap.Metadata = customer.Balance, customer.Metadata
	if settings := customer.InvoiceSettings; settings != nil {
		if card := cardOf(settings.DefaultPaymentMethod); card != nil {
			snap.Card = *card
		}
	}
	if snap.Subscriptions, err = g.subscriptions(ctx, id); err != nil {
		return billing.Snapshot{}, err
	}
	snap.Invoices, err = g.invoices(ctx, id)
	return snap, err
}

func cardOf(method *stripe.PaymentMethod) *billing.Card {
	if method == nil || method.Card == nil {
		return nil
	}
	return &billing.Card{
		ID: method.ID, Brand: string(method.Card.Brand), Last4: method.Card.Last4, Fingerprint: method.Card.Fingerprint,
		ExpMonth: method.Card.ExpMonth, ExpYear: method.Card.ExpYear,
	}
}

// subscriptions reads every one there ever was: what has ended is a fact too.
func (g *Gateway) subscriptions(ctx context.Context, customer string) ([]billing.SubscriptionState, error) {
	params := &stripe.SubscriptionListParams{
		ListParams: listing(ctx), Customer: stripe.String(customer), Status: stripe.String("all"),
	}
	params.AddExpand("data.default_payment_method")
	params.AddExpand("data.schedule")
	params.AddExpand("data.discounts")
	params.AddExpand("data.customer")
	var states []billing.SubscriptionState
	list := g.api.Subscriptions.List(params)
	for n := 0; n < maxObjects && list.Next(); n++ {
		states = append(states, subscriptionState(list.Subscription()))
	}
	return states, wrap("list subscriptions", list.Err())
}

func subscriptionState(sub *stripe.Subscription) billing.SubscriptionState {
	state := billing.SubscriptionState{
		ID: sub.ID, Status: string(sub.Status), Currency: string(sub.Currency), Started: timeOf(sub.StartDate),
		PeriodStart: timeOf(sub.CurrentPeriodStart), PeriodEnd: timeOf(sub.CurrentPeriodEnd),
		TrialStart: timeOrNil(sub.TrialStart), TrialEnd: timeOrNil(sub.TrialEnd),
		CancelAtPeriodEnd: sub.CancelAtPeriodEnd, CancelAt: timeOrNil(sub.CancelAt),
		CanceledAt: timeOrNil(sub.CanceledAt), EndedAt: timeOrNil(sub.EndedAt),
		Card: cardOf(sub.DefaultPaymentMethod), Source: sub.Metadata["source"],
	}
	if sub.CancellationDetails != nil {
		state.CancelReason = string(sub.CancellationDetails.Reason)
		if feedback := string(sub.CancellationDetails.Feedback); feedback != "" {
			state.CancelReason = feedback
		}
	}
	if sub.PauseCollection != nil {
		state.PauseBehavior = string(sub.PauseCollection.Behavior)
	}
	if sub.LatestInvoice != nil {
		state.LatestInvoice = sub.LatestInvoice.ID
	}
	if sub.Items != nil {
		for _, item := range sub.Items.Data {
			state.Items = append(state.Items, itemState(item))
		}
	}
	state.Schedule, state.Pending, state.Discounts = scheduleState(sub), pendingState(sub), discountStates(sub)
	return state
}

// discountStates are a subscription's own discounts, or else its customer's, which counts where there are none. Both
// need to be expanded.
func discountStates(sub *stripe.Subscription) []billing.DiscountState {
	discounts := sub.Discounts
	if len(discounts) == 0 && sub.Customer != nil {
		discounts = []*stripe.Discount{sub.Customer.Discount}
	}
	var states []billing.DiscountState
	for _, discount := range discounts {
		if discount != nil && discount.Coupon != nil {
			states = append(states, billing.DiscountState{
				// Stripe's percentage has at most two decimals; it is kept in hundredths of a per cent.
				Percent: int64(math.Round(discount.Coupon.PercentOff * 100)), Fixed: discount.Coupon.AmountOff,
				Once: discount.Coupon.Duration == stripe.CouponDurationOnce, End: timeOrNil(discount.End),
			})
		}
	}
	return states
}

// scheduleState reads what comes after the current phase. The price's lookup key stands in the metadata that
// ScheduleChange writes, because Stripe does not expand a price that deep; of anybody else's schedule only the date
// is known.
func scheduleState(sub *stripe.Subscription) *billing.ScheduleState {
	if sub.Schedule == nil {
		return nil
	}
	state := &billing.ScheduleState{ID: sub.Schedule.ID}
	for _, phase := range sub.Schedule.Phases {
		if phase.StartDate < sub.CurrentPeriodEnd || len(phase.Items) == 0 {
			continue
		}
		state.At, state.Quantity = timeOf(phase.StartDate), phase.Items[0].Quantity
		state.LookupKey = sub.Schedule.Metadata[nextPrice]
		break
	}
	return state
}

func pendingState(sub *stripe.Subscription) *billing.PendingState {
	pending := sub.PendingUpdate
	if pending == nil {
		return nil
	}
	state := &billing.PendingState{Expires: timeOf(pending.ExpiresAt)}
	if len(pending.SubscriptionItems) > 0 {
		state.LookupKey = itemState(pending.SubscriptionItems[0]).LookupKey
	}
	if invoice := sub.LatestInvoice; invoice != nil {
		state.Invoice, state.InvoiceURL = invoice.ID, invoice.HostedInvoiceURL
		if intent := invoice.PaymentIntent; intent != nil {
			state.Action = intent.Status == stripe.PaymentIntentStatusRequiresAction
			if failure := intent.LastPaymentError; failure != nil {
				state.DeclineCode = string(failure.DeclineCode)
				if state.DeclineCode == "" {
					state.DeclineCode = string(failure.Code)
				}
			}
		}
	}
	return state
}

func itemState(item *stripe.SubscriptionItem) billing.ItemState {
	state := billing.ItemState{ID: item.ID, Quantity: item.Quantity}
	price := item.Price
	if price == nil {
		return state
	}
	state.Price, state.LookupKey = price.ID, price.LookupKey
	if state.LookupKey == "" {
		// A lookup key can be moved to another price; the one it was sold under stays in the metadata.
		state.LookupKey = price.Metadata["lookup_key"]
	}
	state.Currency, state.UnitAmount = string(price.Currency), price.UnitAmount
	if price.Product != nil {
		state.Product = price.Product.ID
	}
	if price.Recurring != nil {
		state.Interval, state.Count = string(price.Recurring.Interval), price.Recurring.IntervalCount
		state.UsageType = string(price.Recurring.UsageType)
	}
	return state
}

// invoices reads the newest page, and beyond it the ones still open, however old.
func (g *Gateway) invoices(ctx context.Context, customer string) ([]billing.InvoiceState, error) {
	var states []billing.InvoiceState
	seen := map[string]bool{}
	for _, status := range []string{"", "open"} {
		params := &stripe.InvoiceListParams{ListParams: listing(ctx), Customer: stripe.String(customer)}
		params.AddExpand("data.charge.refunds")
		params.AddExpand("data.payment_intent")
		if status == "open" {
			params.Status = stripe.String(status)
		} else {
			params.Single = true
		}
		list := g.api.Invoices.List(params)
		for n := 0; n < maxObjects && list.Next(); n++ {
			if invoice := list.Invoice(); !seen[invoice.ID] {
				seen[invoice.ID] = true
				state := invoiceState(invoice)
				if invoice.Charge != nil && invoice.Charge.Disputed {
					var err error
					if state.Dispute, err = g.dispute(ctx, invoice.Charge.ID); err != nil {
						return nil, err
					}
				}
				states = append(states, state)
			}
		}
		if err := list.Err(); err != nil {
			return nil, wrap("list invoices", err)
		}
		if meta := list.InvoiceList(); meta != nil && !meta.HasMore {
			break // the newest page was all there is, open ones included
		}
	}
	return states, nil
}

func invoiceState(invoice *stripe.Invoice) billing.InvoiceState {
	state := billing.InvoiceState{
		ID: invoice.ID, Number: invoice.Number, Status: string(invoice.Status),
		BillingReason: string(invoice.BillingReason), Currency: string(invoice.Currency),
		Total: invoice.Total, AmountDue: invoice.AmountDue, AmountPaid: invoice.AmountPaid,
		AmountRemaining: invoice.AmountRemaining, AttemptCount: invoice.AttemptCount, Attempted: invoice.Attempted,
		NextAttempt: timeOrNil(invoice.NextPaymentAttempt), Created: timeOf(invoice.Created),
		PeriodStart: timeOf(invoice.PeriodStart), PeriodEnd: timeOf(invoice.PeriodEnd),
		HostedURL: invoice.HostedInvoiceURL, PDFURL: invoice.InvoicePDF,
	}
	if invoice.Subscription != nil {
		state.Subscription = invoice.Subscription.ID
	}
	if moves := invoice.StatusTransitions; moves != nil {
		state.PaidAt, state.FinalizedAt = timeOrNil(moves.PaidAt), timeOrNil(moves.FinalizedAt)
	}
	for _, discount := range invoice.TotalDiscountAmounts {
		state.Discount += discount.Amount
	}
	if invoice.PaymentIntent != nil {
		state.PaymentIntent = invoice.PaymentIntent.ID
		state.ActionRequired = invoice.PaymentIntent.Status == stripe.PaymentIntentStatusRequiresAction
		state.TriedCard = triedCard(invoice.PaymentIntent)
	}
	if failure := invoice.LastFinalizationError; failure != nil {
		state.FinalizeError = string(failure.Code)
	}
	if invoice.Charge != nil {
		chargeState(invoice.Charge, &state)
	}
	return state
}

// triedCard is the card of the last attempt: the one that failed, or the one whose bank wants a confirmation.
func triedCard(intent *stripe.PaymentIntent) string {
	if failure := intent.LastPaymentError; failure != nil && failure.PaymentMethod != nil {
		return failure.PaymentMethod.ID
	}
	if intent.PaymentMethod != nil {
		return intent.PaymentMethod.ID
	}
	return ""
}

// chargeState adds what became of the money.
func chargeState(charge *stripe.Charge, state *billing.InvoiceState) {
	state.Charge, state.AmountRefunded = charge.ID, charge.AmountRefunded
	state.TriedAt = timeOrNil(charge.Created)
	if charge.Refunds != nil {
		for _, refund := range charge.Refunds.Data {
			state.Refunds = append(state.Refunds, billing.RefundState{
				ID: refund.ID, Status: string(refund.Status), Reason: string(refund.Reason),
				Currency: string(refund.Currency), Amount: refund.Amount, Created: timeOf(refund.Created),
			})
		}
	}
}

// dispute reads the newest dispute of a charge that has one, which few have.
func (g *Gateway) dispute(ctx context.Context, charge string) (*billing.DisputeState, error) {
	params := &stripe.DisputeListParams{ListParams: listing(ctx), Charge: stripe.String(charge)}
	params.Single = true
	list := g.api.Disputes.List(params)
	if !list.Next() {
		return nil, wrap("read the dispute of a charge", list.Err())
	}
	dispute := list.Dispute()
	state := &billing.DisputeState{
		ID: dispute.ID, Status: string(dispute.Status), Reason: string(dispute.Reason),
		Currency: string(dispute.Currency), Amount: dispute.Amount, Created: timeOf(dispute.Created),
	}
	if dispute.EvidenceDetails != nil {
		state.DueBy = timeOrNil(dispute.EvidenceDetails.DueBy)
	}
	return state, nil
}

// ChargedCustomer implements billing.Gateway.
func (g *Gateway) ChargedCustomer(ctx context.Context, charge string) (string, error) {
	found, err := g.api.Charges.Get(charge, &stripe.ChargeParams{Params: stripe.Params{Context: ctx}})
	if err != nil || found.Customer == nil {
		return "", wrap("read a charge", err)
	}
	return found.Customer.ID, nil
}
