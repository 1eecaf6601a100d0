package billing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

func TestO12_SignupOwesExactlyOneCustomer(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		var group errgroup.Group
		for range 8 {
			group.Go(func() error {
				_, err := w.EnsureCustomer(w.ctx(), account.ID)
				return err
			})
		}
		require.NoError(t, group.Wait())
		w.settle()

		var made []*stripe.Customer
		list := w.stripe.Client.Customers.List(&stripe.CustomerListParams{})
		for list.Next() {
			made = append(made, list.Customer())
		}
		require.NoError(t, list.Err())
		require.Len(t, made, 1)
		require.Equal(t, account.PublicID, made[0].Metadata["account_id"])
		require.NotEmpty(t, made[0].Metadata["user_id"])
		require.Equal(t, "signup", made[0].Metadata["source"])
		require.EqualValues(t, 1, w.count("customers", "account_id = ? AND stripe_id = ?", account.ID, made[0].ID))
	})
}

// TestACustomerGivenUpOnIsMadeWhenItIsWanted has the job give up before somebody wants to pay.
func TestACustomerGivenUpOnIsMadeWhenItIsWanted(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 429, Times: -1})
		require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE stripe_ops SET attempts = 81").Error)
		require.NoError(t, w.RunOps(w.ctx()))
		require.EqualValues(t, 1, w.count("stripe_ops", "state = 'dead'"))
		_, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.ErrorContains(t, err, "unavailable: customer_pending")
		w.stripe.ClearFaults()
		_, err = w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		require.EqualValues(t, 1, w.count("stripe_ops", "state = 'done'"))
	})
}

// TestAPageWaitsItsTimeForACustomerThatAnotherIsMaking has the job's lease never end, as where the clocks of two
// processes differ. Whatever notices first that the page's time is up, the answer is the same.
func TestAPageWaitsItsTimeForACustomerThatAnotherIsMaking(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("account_id = ?", account.ID).
			Updates(map[string]any{"lease_token": "another", "lease_until": time.Now().UTC().Add(time.Hour)}).Error)
		for _, wait := range []time.Duration{-time.Second, 50 * time.Millisecond, 120 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(w.ctx(), wait)
			_, err := w.EnsureCustomer(ctx, account.ID)
			cancel()
			require.ErrorContains(t, err, "unavailable: customer_pending")
		}
	})
}

// TestADayLaterWeLookBeforeWeAct is an outage longer than Stripe remembers a key.
func TestADayLaterWeLookBeforeWeAct(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/customers", Cut: true, AfterCommit: true, Times: -1})
		require.NoError(t, w.RunOps(w.ctx()))
		w.stripe.ClearFaults()
		// Another key is what a forgotten one amounts to.
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("account_id = ?", account.ID).
			Updates(map[string]any{"created_at": time.Now().UTC().Add(-25 * time.Hour), "idem_key": "forgotten"}).Error)
		id, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		list := w.stripe.Client.Customers.List(&stripe.CustomerListParams{})
		require.True(t, list.Next())
		require.Equal(t, id, list.Customer().ID)
		require.False(t, list.Next(), "the one that was made is found, and no second one made")
	})
}

// TestP02_ADayAfterADeathWeLookBeforeWeAct: a program that died between Stripe's answer and its own commit has written
// down no attempt, and a day later Stripe has forgotten the key.
func TestP02_ADayAfterADeathWeLookBeforeWeAct(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		params := &stripe.CustomerParams{Email: stripe.String(account.BillingEmail)}
		params.AddMetadata("account_id", account.PublicID)
		made, err := w.stripe.Client.Customers.New(params)
		require.NoError(t, err)
		yesterday := time.Now().UTC().Add(-25 * time.Hour)
		require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE stripe_ops SET created_at = ?, next_at = ?, lease_until = ?",
			yesterday, yesterday, yesterday).Error)
		require.NoError(t, w.RunOps(w.ctx()))
		require.EqualValues(t, 1, w.count("customers", "account_id = ? AND stripe_id = ?", account.ID, made.ID))
	})
}
