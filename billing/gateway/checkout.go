package gateway

import (
	"cmp"
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
)

// CreateCheckout implements billing.Gateway. The defaults are the methodology's: promotion codes,
// billing address, tax ids, and the customer kept up to date with what is typed.
func (g *Gateway) CreateCheckout(
	ctx context.Context, p billing.CheckoutParams, key string,
) (billing.CheckoutSession, error) {
	price, err := g.price(ctx, p.LookupKey)
	if err != nil {
		return billing.CheckoutSession{}, err
	}
	params := &stripe.CheckoutSessionParams{
		Params:                   with(ctx, key),
		Mode:                     stripe.String(string(stripe.CheckoutSessionModeSubscription)),
		Customer:                 stripe.String(p.Customer),
		ClientReferenceID:        stripe.String(p.Reference),
		SuccessURL:               stripe.String(p.SuccessURL),
		CancelURL:                stripe.String(p.CancelURL),
		ExpiresAt:                stripe.Int64(p.ExpiresAt.Unix()),
		AllowPromotionCodes:      stripe.Bool(true),
		BillingAddressCollection: stripe.String("auto"),
		TaxIDCollection:          &stripe.CheckoutSessionTaxIDCollectionParams{Enabled: stripe.Bool(true)},
		CustomerUpdate: &stripe.CheckoutSessionCustomerUpdateParams{
			Address: stripe.String("auto"), Name: stripe.String("auto"),
		},
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		LineItems: []*stripe.CheckoutSessionLineItemParams{
			{Price: stripe.String(price.ID), Quantity: stripe.Int64(p.Quantity)},
		},
		SubscriptionData: &stripe.CheckoutSessionSubscriptionDataParams{Metadata: p.Metadata},
	}
	params.Metadata = p.Metadata
	if p.TrialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = stripe.Int64(p.TrialDays)
		params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionSubscriptionDataTrialSettingsParams{
			EndBehavior: &stripe.CheckoutSessionSubscriptionDataTrialSettingsEndBehaviorParams{
				MissingPaymentMethod: stripe.String(string(cmp.Or(p.TrialEnd, plan.TrialCancels))),
			},
		}
	}
	if p.AutomaticTax {
		params.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
	}
	session, err := g.api.CheckoutSessions.New(params)
	if err != nil {
		return billing.CheckoutSession{}, wrap("create a Checkout Session", err)
	}
	return sessionState(session), nil
}

// FetchCheckout implements billing.Gateway.
func (g *Gateway) FetchCheckout(ctx context.Context, id string) (billing.CheckoutSession, error) {
	params := &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}}
	session, err := g.api.CheckoutSessions.Get(id, params)
	if err != nil {
		return billing.CheckoutSession{}, wrap("read a Checkout Session", err)
	}
	return sessionState(session), nil
}

// ExpireCheckout implements billing.Gateway.
func (g *Gateway) ExpireCheckout(ctx context.Context, id, key string) (billing.CheckoutSession, error) {
	session, err := g.api.CheckoutSessions.Expire(id, &stripe.CheckoutSessionExpireParams{Params: with(ctx, key)})
	if err != nil {
		return billing.CheckoutSession{}, wrap("expire a Checkout Session", err)
	}
	return sessionState(session), nil
}

func sessionState(s *stripe.CheckoutSession) billing.CheckoutSession {
	return billing.CheckoutSession{ID: s.ID, URL: s.URL, Status: string(s.Status)}
}

// price finds the active price that a lookup key names now.
func (g *Gateway) price(ctx context.Context, lookupKey string) (*stripe.Price, error) {
	params := &stripe.PriceListParams{
		ListParams: listing(ctx), LookupKeys: stripe.StringSlice([]string{lookupKey}), Active: stripe.Bool(true),
	}
	list := g.api.Prices.List(params)
	if list.Next() {
		return list.Price(), nil
	}
	if err := list.Err(); err != nil {
		return nil, wrap("find a price", err)
	}
	return nil, fmt.Errorf("no active price has the lookup key %q; run `tollgate plans sync`: %w",
		lookupKey, billing.ErrRefused)
}
