package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/config"
)

// connect finds out whose key we have. While Stripe is down, what it said before will do.
func (a *App) connect(ctx context.Context) (billing.Connection, error) {
	asking, cancel := context.WithTimeout(ctx, stripeAtBoot)
	defer cancel()
	connection, err := a.Stripe.Connection(asking)
	if err == nil {
		if err := a.keepCustomers(ctx, connection); err != nil {
			return billing.Connection{}, err
		}
		if err := a.DB.FollowConnection(ctx, connection); err != nil {
			return billing.Connection{}, err
		}
		return connection, a.DB.RememberConnection(ctx, a.Config.StripeSecretKey, connection, time.Now().UTC())
	}
	known, ok, recallErr := a.DB.RecallConnection(ctx, a.Config.StripeSecretKey)
	if recallErr != nil || !ok {
		return billing.Connection{}, fmt.Errorf("ask Stripe whose key this is: %w", errors.Join(err, recallErr))
	}
	a.log.Warn("Stripe does not answer; starting with the account it named before", "error", err)
	return known, a.keepCustomers(ctx, known)
}

// keepCustomers refuses, in production, a key that would leave everybody who pays real money without access: one of
// test mode, or of another Stripe account. Access reads only the rows of the connection in use, so that such a key
// makes no error anywhere: the program would run and nobody would have anything. Whoever means it says so in
// STRIPE_SWITCH_TO, by the name of the connection, which a slip cannot bring about.
func (a *App) keepCustomers(ctx context.Context, c billing.Connection) error {
	if a.Config.Env != config.Production || a.Config.StripeSwitchTo == connectionName(c) {
		return nil
	}
	lost, err := a.DB.LivePayers(ctx, c)
	if err != nil || len(lost) == 0 {
		return err
	}
	var found []string
	for _, row := range lost {
		found = append(found, fmt.Sprintf("%d of %s", row.Customers, connectionName(row.Connection)))
	}
	return fmt.Errorf("STRIPE_SECRET_KEY belongs to %s, where nobody here has a plan, while these customers have one: %s; "+
		"with this key all of them would lose their access. Set a key of their Stripe account and mode, "+
		"or, to go on without them, STRIPE_SWITCH_TO=%s", connectionName(c), strings.Join(found, ", "), connectionName(c))
}

// connectionName is how a connection is written in messages and in STRIPE_SWITCH_TO: acct_123/live or acct_123/test.
func connectionName(c billing.Connection) string {
	if c.Livemode {
		return c.StripeAccount + "/live"
	}
	return c.StripeAccount + "/test"
}
