package billing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// TestWhatAnotherStripeGrantedGrantsNothing is the sandbox begun anew, or going live: another Stripe
// account under the database that there was.
func TestWhatAnotherStripeGrantedGrantsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, before *world) {
		account := before.account("ada")
		before.buy(account, "pro_v1_month", "pm_card_visa")
		before.settle()
		old, err := before.EnsureCustomer(before.ctx(), account.ID)
		require.NoError(t, err)
		other := before.account("grace")
		before.settle()
		_, err = before.StartCheckout(before.ctx(), billing.CheckoutInput{
			AccountID: other.ID, UserID: other.CreatedBy, LookupKey: "pro_v1_year",
		})
		require.NoError(t, err)

		after := newWorld(t, before.db)
		require.NotEqual(t, before.Connection.StripeAccount, after.Connection.StripeAccount)
		live := billing.New(before.Options)
		live.Connection.Livemode = true
		for name, s := range map[string]*billing.Service{"another account": after.Service, "another mode": live} {
			access, err := s.Access(after.ctx(), account.ID)
			require.NoError(t, err, name)
			require.Equal(t, billing.ReasonFree, access.Reason, name)
			require.False(t, access.Live(), name)
			days, err := s.TrialDays(after.ctx(), account.ID)
			require.NoError(t, err, name)
			require.EqualValues(t, 14, days, "%s: a trial there is none here", name)
			view, err := s.Overview(after.ctx(), account.ID, 1)
			require.NoError(t, err, name)
			require.Nil(t, view.Customer, name)
			require.Empty(t, view.Invoices, name)
			require.ErrorContains(t, s.SyncAccount(after.ctx(), account.ID), "customer_pending", name)
			require.ErrorContains(t, s.Resume(after.ctx(), account.ID), "subscription_missing", name)
		}
		require.NoError(t, after.SyncDue(after.ctx()), "what is due at the other is left to it")

		// Both buy here as if for the first time, whatever is open there.
		after.buy(account, "starter_v1_month", "pm_card_visa")
		after.buy(other, "starter_v1_month", "pm_card_mastercard")
		after.settle()
		require.Equal(t, "starter", after.access(account).Granted.Key)
		require.Equal(t, billing.ReasonTrialing, after.access(other).Reason)
		made, err := after.EnsureCustomer(after.ctx(), account.ID)
		require.NoError(t, err)
		require.NotEqual(t, old, made)
		var listed models.Subscriber
		require.NoError(t, after.db.Read(after.ctx()).Where("account_id = ?", account.ID).Take(&listed).Error)
		require.Equal(t, made, listed.Customer)
		require.Equal(t, "starter", listed.Plan)

		require.Equal(t, "pro", before.access(account).Granted.Key, "and what is there is as it was")
		require.EqualValues(t, 1, before.count("checkouts", "account_id = ? AND stripe_account = ? AND state = 'open'",
			other.ID, before.Connection.StripeAccount))
	})
}

// TestEventsOfAnotherStripeAreNotReplayed has nothing to fetch them with.
func TestEventsOfAnotherStripeAreNotReplayed(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, before *world) {
		account := before.account("ada")
		before.buy(account, "pro_v1_month", "pm_card_visa")
		before.settle()
		var row models.WebhookEvent
		require.NoError(t, before.db.Read(before.ctx()).Where("type = 'customer.subscription.created'").Take(&row).Error)
		after := newWorld(t, before.db)
		require.ErrorContains(t, after.ReplayEvent(after.ctx(), row.PublicID), "event_not_replayable")

		nobodys := event("evt_nobodys", "checkout.session.expired", "", nil)
		require.NoError(t, after.Receive(after.ctx(), nobodys, signed(nobodys)))
		row = models.WebhookEvent{}
		require.NoError(t, after.db.Read(after.ctx()).Where("event_id = 'evt_nobodys'").Take(&row).Error)
		require.Equal(t, models.EventDone, row.State)
		require.ErrorContains(t, after.ReplayEvent(after.ctx(), row.PublicID), "event_not_replayable")
	})
}
