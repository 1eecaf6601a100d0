package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
)

// FetchSubscription implements billing.Gateway.
func (g *Gateway) FetchSubscription(ctx context.Context, id string) (billing.SubscriptionState, error) {
	params := &stripe.SubscriptionParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("latest_invoice.payment_intent")
	params.AddExpand("schedule")
	params.AddExpand("default_payment_method")
	params.AddExpand("discounts")
	params.AddExpand("customer")
	sub, err := g.api.Subscriptions.Get(id, params)
	if err != nil {
		return billing.SubscriptionState{}, wrap("read a subscription", err)
	}
	return subscriptionState(sub), nil
}

// PreviewChange implements billing.Gateway.
func (g *Gateway) PreviewChange(ctx context.Context, p billing.ChangeParams) (billing.Quote, error) {
	price, err := g.price(ctx, p.LookupKey)
	if err != nil {
		return billing.Quote{}, err
	}
	params := &stripe.InvoiceCreatePreviewParams{
		Params: stripe.Params{Context: ctx}, Subscription: stripe.String(p.Subscription),
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{
				{ID: stripe.String(p.Item), Price: stripe.String(price.ID), Quantity: stripe.Int64(p.Quantity)},
			},
			ProrationBehavior: stripe.String(string(p.Proration)),
		},
	}
	if p.Proration != billing.ProrateNone {
		params.SubscriptionDetails.ProrationDate = stripe.Int64(p.At.Unix())
	}
	invoice, err := g.api.Invoices.CreatePreview(params)
	if err != nil {
		return billing.Quote{}, wrap("preview a change", err)
	}
	quote := billing.Quote{
		Currency: string(invoice.Currency), Subtotal: invoice.Subtotal, Tax: invoice.Tax, Total: invoice.Total,
		AmountDue: invoice.AmountDue,
	}
	if invoice.Lines != nil {
		for _, line := range invoice.Lines.Data {
			quote.Lines = append(quote.Lines, billing.QuoteLine{Text: line.Description, Amount: line.Amount})
		}
	}
	return quote, nil
}

// ChangeSubscription implements billing.Gateway.
func (g *Gateway) ChangeSubscription(ctx context.Context, p billing.ChangeParams, key string) (billing.SubscriptionState, error) {
	price, err := g.price(ctx, p.LookupKey)
	if err != nil {
		return billing.SubscriptionState{}, err
	}
	params := &stripe.SubscriptionParams{
		Params: with(ctx, key),
		Items: []*stripe.SubscriptionItemsParams{
			{ID: stripe.String(p.Item), Price: stripe.String(price.ID), Quantity: stripe.Int64(p.Quantity)},
		},
		ProrationBehavior: stripe.String(string(p.Proration)),
	}
	if p.Proration != billing.ProrateNone {
		params.ProrationDate = stripe.Int64(p.At.Unix())
		params.PaymentBehavior = stripe.String("pending_if_incomplete")
	}
	params.AddExpand("latest_invoice.payment_intent")
	params.AddExpand("schedule")
	sub, err := g.api.Subscriptions.Update(p.Subscription, params)
	if err != nil {
		return billing.SubscriptionState{}, wrap("change a subscription", err)
	}
	return subscriptionState(sub), nil
}

// nextPrice is the metadata of a schedule that names the price it leads to.
const nextPrice = "next_price"

// ScheduleChange implements billing.Gateway. The current phase is repeated as it is, because phases are replaced
// as a whole: https://docs.stripe.com/billing/subscriptions/subscription-schedules#updating
func (g *Gateway) ScheduleChange(ctx context.Context, p billing.ChangeParams, schedule, key string) error {
	price, err := g.price(ctx, p.LookupKey)
	if err != nil {
		return err
	}
	have, err := g.api.SubscriptionSchedules.Get(schedule, &stripe.SubscriptionScheduleParams{
		Params: stripe.Params{Context: ctx},
	})
	if err != nil {
		return wrap("read a schedule", err)
	}
	if have.CurrentPhase == nil || len(have.Phases) == 0 {
		return fmt.Errorf("schedule %s has no current phase: %w", schedule, billing.ErrRefused)
	}
	current := have.Phases[0]
	for _, phase := range have.Phases {
		if phase.StartDate == have.CurrentPhase.StartDate {
			current = phase
		}
	}
	now := &stripe.SubscriptionSchedulePhaseParams{
		StartDate: stripe.Int64(current.StartDate), EndDate: stripe.Int64(p.At.Unix()),
		ProrationBehavior: stripe.String(string(billing.ProrateNone)),
	}
	for _, item := range current.Items {
		now.Items = append(now.Items, &stripe.SubscriptionSchedulePhaseItemParams{
			Price: stripe.String(item.Price.ID), Quantity: stripe.Int64(item.Quantity),
		})
	}
	for _, have := range current.Discounts {
		discount := &stripe.SubscriptionSchedulePhaseDiscountParams{}
		switch {
		case have.Discount != nil:
			discount.Discount = stripe.String(have.Discount.ID)
		case have.PromotionCode != nil:
			discount.PromotionCode = stripe.String(have.PromotionCode.ID)
		case have.Coupon != nil:
			discount.Coupon = stripe.String(have.Coupon.ID)
		}
		now.Discounts = append(now.Discounts, discount)
	}
	next := &stripe.SubscriptionSchedulePhaseParams{
		Items: []*stripe.SubscriptionSchedulePhaseItemParams{
			{Price: stripe.String(price.ID), Quantity: stripe.Int64(p.Quantity)},
		},
		Discounts: now.Discounts, Iterations: stripe.Int64(1),
		ProrationBehavior: stripe.String(string(billing.ProrateNone)),
	}
	params := &stripe.SubscriptionScheduleParams{
		Params: with(ctx, key), EndBehavior: stripe.String("release"),
		Phases: []*stripe.SubscriptionSchedulePhaseParams{now, next},
	}
	params.AddMetadata(nextPrice, p.LookupKey)
	_, err = g.api.SubscriptionSchedules.Update(schedule, params)
	return wrap("plan a change", err)
}

// CreateSchedule implements billing.Gateway. Stripe lets a schedule be made from a subscription only as it is.
func (g *Gateway) CreateSchedule(ctx context.Context, subscription, key string) (string, error) {
	made, err := g.api.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{
		Params: with(ctx, key), FromSubscription: stripe.String(subscription),
	})
	if err != nil {
		return "", wrap("make a schedule", err)
	}
	return made.ID, nil
}

// ReleaseSchedule implements billing.Gateway.
func (g *Gateway) ReleaseSchedule(ctx context.Context, id, key string) error {
	_, err := g.api.SubscriptionSchedules.Release(id, &stripe.SubscriptionScheduleReleaseParams{Params: with(ctx, key)})
	return wrap("release a schedule", err)
}

// ResumeSubscription implements billing.Gateway.
func (g *Gateway) ResumeSubscription(ctx context.Context, id string, atPeriodEnd bool, key string) error {
	params := &stripe.SubscriptionParams{Params: with(ctx, key)}
	if atPeriodEnd {
		params.CancelAtPeriodEnd = stripe.Bool(false)
	} else {
		params.AddExtra("cancel_at", "")
	}
	_, err := g.api.Subscriptions.Update(id, params)
	return wrap("resume a subscription", err)
}

// ResumePaused implements billing.Gateway.
func (g *Gateway) ResumePaused(ctx context.Context, id, key string) error {
	params := &stripe.SubscriptionResumeParams{
		Params: with(ctx, key), BillingCycleAnchor: stripe.String("now"),
		ProrationBehavior: stripe.String(string(billing.ProrateNone)),
	}
	_, err := g.api.Subscriptions.Resume(id, params)
	return wrap("resume a paused subscription", err)
}

// CancelAtPeriodEnd implements billing.Gateway.
func (g *Gateway) CancelAtPeriodEnd(ctx context.Context, id string, why billing.CancelReason, key string) error {
	params := &stripe.SubscriptionParams{Params: with(ctx, key), CancelAtPeriodEnd: stripe.Bool(true)}
	if why.Feedback != "" || why.Comment != "" {
		params.CancellationDetails = &stripe.SubscriptionCancellationDetailsParams{Comment: stripe.String(why.Comment)}
		if why.Feedback != "" {
			params.CancellationDetails.Feedback = stripe.String(why.Feedback)
		}
	}
	_, err := g.api.Subscriptions.Update(id, params)
	return wrap("cancel a subscription", err)
}

// CancelNow implements billing.Gateway.
func (g *Gateway) CancelNow(ctx context.Context, id, comment, key string) error {
	params := &stripe.SubscriptionCancelParams{
		Params: with(ctx, key), InvoiceNow: stripe.Bool(false), Prorate: stripe.Bool(false),
		CancellationDetails: &stripe.SubscriptionCancelCancellationDetailsParams{Comment: stripe.String(comment)},
	}
	_, err := g.api.Subscriptions.Cancel(id, params)
	return wrap("end a subscription", err)
}

// PauseBilling implements billing.Gateway.
func (g *Gateway) PauseBilling(ctx context.Context, id string, pause bool, key string) error {
	params := &stripe.SubscriptionParams{Params: with(ctx, key)}
	if pause {
		params.PauseCollection = &stripe.SubscriptionPauseCollectionParams{Behavior: stripe.String("void")}
	} else {
		params.AddExtra("pause_collection", "")
	}
	_, err := g.api.Subscriptions.Update(id, params)
	return wrap("pause the billing of a subscription", err)
}

// UseCard implements billing.Gateway.
func (g *Gateway) UseCard(ctx context.Context, subscription, card, key string) error {
	params := &stripe.SubscriptionParams{Params: with(ctx, key), DefaultPaymentMethod: stripe.String(card)}
	_, err := g.api.Subscriptions.Update(subscription, params)
	return wrap("charge a subscription to another card", err)
}

// PayInvoice implements billing.Gateway.
func (g *Gateway) PayInvoice(ctx context.Context, id, card, key string) error {
	params := &stripe.InvoicePayParams{Params: with(ctx, key), PaymentMethod: stripe.String(card), OffSession: stripe.Bool(true)}
	_, err := g.api.Invoices.Pay(id, params)
	return wrap("pay an invoice", err)
}

// VoidInvoice implements billing.Gateway.
func (g *Gateway) VoidInvoice(ctx context.Context, id, key string) error {
	_, err := g.api.Invoices.VoidInvoice(id, &stripe.InvoiceVoidInvoiceParams{Params: with(ctx, key)})
	return wrap("void an invoice", err)
}

// Payments implements billing.Gateway.
func (g *Gateway) Payments(ctx context.Context, subscription string) ([]billing.Payment, error) {
	params := &stripe.InvoiceListParams{
		ListParams: listing(ctx), Subscription: stripe.String(subscription), Status: stripe.String("paid"),
	}
	params.AddExpand("data.charge")
	var payments []billing.Payment
	list := g.api.Invoices.List(params)
	for n := 0; n < maxObjects && list.Next(); n++ {
		if charge := list.Invoice().Charge; charge != nil {
			payments = append(payments, billing.Payment{
				Charge: charge.ID, Currency: string(charge.Currency), Amount: charge.Amount - charge.AmountRefunded,
			})
		}
	}
	return payments, wrap("list the payments of a subscription", list.Err())
}

// operationID is the metadata that names our operation.
const operationID = "operation"

// FindRefund implements billing.Gateway.
func (g *Gateway) FindRefund(ctx context.Context, charge, operation string) (bool, error) {
	list := g.api.Refunds.List(&stripe.RefundListParams{ListParams: listing(ctx), Charge: stripe.String(charge)})
	for n := 0; n < maxObjects && list.Next(); n++ {
		if list.Refund().Metadata[operationID] == operation {
			return true, nil
		}
	}
	return false, wrap("look for a refund", list.Err())
}

// Refund implements billing.Gateway.
func (g *Gateway) Refund(ctx context.Context, p billing.RefundParams, key string) error {
	params := &stripe.RefundParams{Params: with(ctx, key), Charge: stripe.String(p.Charge)}
	if p.Amount > 0 {
		params.Amount = stripe.Int64(p.Amount)
	}
	if p.Reason != "" {
		params.Reason = stripe.String(p.Reason)
	}
	if p.Operation != "" {
		params.AddMetadata(operationID, p.Operation)
	}
	_, err := g.api.Refunds.New(params)
	var failure *stripe.Error
	if errors.As(err, &failure) && failure.Code == stripe.ErrorCodeChargeAlreadyRefunded {
		return nil
	}
	return wrap("refund a payment", err)
}
