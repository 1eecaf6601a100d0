package gateway

import (
	"context"

	"github.com/stripe/stripe-go/v81"
)

// ResumeSubscription implements billing.Gateway.
func (g *Gateway) ResumeSubscription(ctx context.Context, id, key string) error {
	params := &stripe.SubscriptionParams{Params: with(ctx, key), CancelAtPeriodEnd: stripe.Bool(false)}
	_, err := g.api.Subscriptions.Update(id, params)
	return wrap("resume a subscription", err)
}
