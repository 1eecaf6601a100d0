package billing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
)

// sweep is one pass of a sweep that begins now, or goes on.
func (w *world) sweep() models.ReconcileRun {
	w.t.Helper()
	run, err := w.Sweep(w.ctx(), billing.SweepOptions{Origin: billing.OriginSchedule, Now: true})
	require.NoError(w.t, err)
	require.NotNil(w.t, run)
	return *run
}

// crowd makes n accounts that pay for Pro, in the fewest steps.
func (w *world) crowd(n int) []models.Account {
	w.t.Helper()
	accounts := make([]models.Account, n)
	for i := range accounts {
		accounts[i] = w.account(fmt.Sprint("member", i))
		w.subscribeAtStripe(accounts[i], "pro_v1_month")
	}
	w.settle()
	require.Equal(w.t, n, w.granted(accounts))
	return accounts
}

// granted counts the accounts that have Pro.
func (w *world) granted(accounts []models.Account) int {
	w.t.Helper()
	n := 0
	for _, account := range accounts {
		if w.access(account).Granted.Key == "pro" {
			n++
		}
	}
	return n
}

// endAtStripe ends the plans of accounts, and no webhook tells of it.
func (w *world) endAtStripe(accounts []models.Account) {
	w.t.Helper()
	w.deaf.Store(true)
	for _, account := range accounts {
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(w.t, err)
	}
	w.stripe.MustIdle()
}

func (w *world) drifts(run models.ReconcileRun) map[string]models.ReconcileDrift {
	w.t.Helper()
	var rows []models.ReconcileDrift
	require.NoError(w.t, w.db.Read(w.ctx()).Where("run_id IN (SELECT id FROM reconcile_runs WHERE public_id = ?)", run.PublicID).
		Find(&rows).Error)
	found := map[string]models.ReconcileDrift{}
	for _, row := range rows {
		found[row.Object] = row
	}
	return found
}

// TestW22_ASweepFindsWhatNoEventToldOf changes everything behind the back of the webhooks and of the list of events.
func TestW22_ASweepFindsWhatNoEventToldOf(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(4)
		free := w.account("free")
		w.settle()
		run := w.sweep()
		require.Equal(t, models.RunDone, run.State)
		require.Zero(t, run.Drift, "what the webhooks told is what Stripe has: %v", w.drifts(run))
		require.EqualValues(t, 9, run.Seen, "four subscriptions and five customers")

		w.deaf.Store(true)
		subs := make([]string, 4)
		for i, account := range accounts {
			subs[i] = w.subscription(account).StripeID
		}
		_, err := w.stripe.Client.Subscriptions.Cancel(subs[0], nil)
		require.NoError(t, err)
		_, err = w.stripe.Client.Subscriptions.Update(subs[1], &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
		require.NoError(t, err)
		moved, err := w.EnsureCustomer(w.ctx(), accounts[2].ID)
		require.NoError(t, err)
		_, err = w.stripe.Client.Customers.Update(moved, &stripe.CustomerParams{Email: stripe.String("new@example.com")})
		require.NoError(t, err)
		bought := w.subscribeAtStripe(free, "starter_v1_month")
		w.stripe.MustIdle()

		run = w.sweep()
		require.Equal(t, models.RunDone, run.State)
		found := w.drifts(run)
		require.Len(t, found, 5, "%v", found)
		require.Contains(t, found[subs[0]].Detail, "status: active → canceled")
		require.True(t, found[subs[0]].Loses)
		require.Contains(t, found[subs[1]].Detail, "cancel at period end: false → true")
		require.False(t, found[subs[1]].Loses)
		require.Equal(t, "email", found[moved].Detail, "no address is written down")
		require.Equal(t, billing.DriftMissing, found[bought.ID].Kind)
		require.EqualValues(t, 5, run.Drift)
		require.EqualValues(t, 1, run.Losing)
		require.EqualValues(t, 4, run.Paying)
		require.Equal(t, 4, w.granted(accounts), "the sweep itself writes nothing")
		require.NotEmpty(t, w.alert(billing.AlertDrift).Detail)

		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCanceled, w.access(accounts[0]).Reason)
		require.Equal(t, billing.ReasonEnding, w.access(accounts[1]).Reason)
		require.Equal(t, "starter", w.access(free).Granted.Key)
		require.NoError(t, w.ListMissed(w.ctx()))
		require.Zero(t, w.count("reconcile_drifts", "healed_at IS NULL"))
		require.Zero(t, w.sweep().Drift)
		require.Zero(t, w.count("reconcile_seen", "true"))
	})
}

// TestL19_ADeletedCustomerIsFoundBySweeping deletes one whose deletion nobody heard of.
func TestL19_ADeletedCustomerIsFoundBySweeping(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(2)
		gone, err := w.EnsureCustomer(w.ctx(), accounts[0].ID)
		require.NoError(t, err)
		w.deaf.Store(true)
		_, err = w.stripe.Client.Customers.Del(gone, nil)
		require.NoError(t, err)
		w.stripe.MustIdle()
		run := w.sweep()
		require.Equal(t, billing.DriftGone, w.drifts(run)[gone].Kind)
		require.EqualValues(t, 1, run.Losing, "one customer, however much of theirs is gone")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCustomerGone, w.access(accounts[0]).Reason)
		require.Equal(t, 1, w.granted(accounts))
		require.Zero(t, w.sweep().Drift)
	})
}

// TestF10_TooManyLosersStopTheSweep goes up to the bound and over it, until a person says that it is right.
func TestF10_TooManyLosersStopTheSweep(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(8)
		w.endAtStripe(accounts[:3])
		require.Equal(t, models.RunDone, w.sweep().State, "three may lose it in one night")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, 5, w.granted(accounts))

		w.endAtStripe(accounts[3:7])
		run := w.sweep()
		require.Equal(t, models.RunStopped, run.State)
		require.Equal(t, billing.ReasonTooMany, run.Reason)
		require.EqualValues(t, 4, run.Losing)
		require.EqualValues(t, 5, run.Paying)
		require.NotNil(t, run.FinishedAt)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, 5, w.granted(accounts), "nobody is revoked")
		require.Contains(t, w.alert(billing.AlertSweep).Detail, "4 of 5")
		require.True(t, w.cursor(models.ReconcileSweep).NextAt.After(time.Now()), "it comes back by night")
		again, err := w.Sweep(w.ctx(), billing.SweepOptions{Origin: billing.OriginSchedule})
		require.NoError(t, err)
		require.Nil(t, again)

		require.ErrorContains(t, w.ApplyRun(w.ctx(), "run_nobodys", "eve"), "not_found")
		require.NoError(t, w.ApplyRun(w.ctx(), run.PublicID, "grace@example.com"))
		require.ErrorContains(t, w.ApplyRun(w.ctx(), run.PublicID, "grace@example.com"), "sweep_not_stopped")
		require.NoError(t, w.SweepDue(w.ctx()))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, 1, w.granted(accounts))
		require.EqualValues(t, 1, w.count("reconcile_runs", "state = 'done' AND approved_by = 'grace@example.com'"))
		require.Zero(t, w.count("alerts", "kind = ? AND resolved_at IS NULL", billing.AlertSweep))
	})
}

// TestF10_OnlyTheLastSweepMayBeApplied: what an older one found may be true no more.
func TestF10_OnlyTheLastSweepMayBeApplied(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(4)
		w.endAtStripe(accounts)
		older, newer := w.sweep(), w.sweep()
		require.Equal(t, models.RunStopped, newer.State)
		require.ErrorContains(t, w.ApplyRun(w.ctx(), older.PublicID, "grace@example.com"), "sweep_not_stopped")
		forced, err := w.Sweep(w.ctx(), billing.SweepOptions{Origin: billing.OriginCommand, Now: true, Force: true, By: "ada"})
		require.NoError(t, err)
		require.Equal(t, models.RunDone, forced.State)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Zero(t, w.granted(accounts))
	})
}

// TestF10_AWrongKeyRevokesNobody has the key of another account: every customer looks deleted.
func TestF10_AWrongKeyRevokesNobody(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(2)
		other := sandboxtest.New(t)
		right := w.Stripe
		w.Stripe = gateway.New(gateway.Options{SecretKey: other.SecretKey(), APIBase: other.URL(), MaxRPS: 100})
		run := w.sweep()
		require.Equal(t, models.RunStopped, run.State)
		require.Equal(t, billing.ReasonWrongKey, run.Reason)
		require.NotEmpty(t, w.alert(billing.AlertSweep).Detail)
		require.ErrorContains(t, w.ApplyRun(w.ctx(), run.PublicID, "grace@example.com"), "sweep_not_stopped")
		for _, account := range accounts {
			require.Error(t, w.SyncAccount(w.ctx(), account.ID))
		}
		require.Equal(t, 2, w.granted(accounts))
		w.Stripe = right
		require.Equal(t, models.RunDone, w.sweep().State)
		require.Zero(t, w.count("alerts", "kind = ? AND resolved_at IS NULL", billing.AlertSweep))
	})
}

// emptyStripe has a good key and, for all it says, no customer: what an account looks like whose data was deleted.
type emptyStripe struct {
	billing.Gateway
	connection billing.Connection
}

func (s emptyStripe) Connection(context.Context) (billing.Connection, error) {
	return s.connection, nil
}

// TestF10_AllGoneAtOnceIsNotBelieved has the guard count what is not there.
func TestF10_AllGoneAtOnceIsNotBelieved(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(4)
		other := sandboxtest.New(t)
		w.Stripe = emptyStripe{
			gateway.New(gateway.Options{SecretKey: other.SecretKey(), APIBase: other.URL(), MaxRPS: 100}), w.Connection,
		}
		run := w.sweep()
		require.Equal(t, billing.ReasonTooMany, run.Reason)
		require.EqualValues(t, 4, run.Losing)
		require.EqualValues(t, 8, run.Drift, "four subscriptions and four customers")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, 4, w.granted(accounts))
	})
}

// TestF09_ARefusedKeyIsOneAlert has the key revoked under everything that works.
func TestF09_ARefusedKeyIsOneAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(2)
		w.stripe.AddFault(sandbox.Fault{Status: 401, Times: -1})
		_, err := w.Sweep(w.ctx(), billing.SweepOptions{Now: true})
		require.ErrorIs(t, err, billing.ErrKey)
		require.ErrorIs(t, w.ListMissed(w.ctx()), billing.ErrKey)
		for _, account := range accounts {
			require.Error(t, w.SyncAccount(w.ctx(), account.ID))
		}
		require.EqualValues(t, 1, w.count("alerts", "kind = ?", billing.AlertKey))
		require.Equal(t, 2, w.granted(accounts))
		w.stripe.ClearFaults()
		require.NoError(t, w.ListMissed(w.ctx()))
		require.Zero(t, w.count("alerts", "kind = ? AND resolved_at IS NULL", billing.AlertKey))
		require.Equal(t, models.RunDone, w.sweep().State, "the sweep goes on")
		require.EqualValues(t, 1, w.count("reconcile_runs", "kind = 'sweep'"))
	})
}

// TestF11_AnInterruptedSweepGoesOn has the second page fail, and the program that goes on read the rest.
func TestF11_AnInterruptedSweepGoesOn(t *testing.T) {
	t.Parallel()
	trippedWorlds(t, func(t *testing.T, w *world, s *trippedStripe) {
		account := w.account("ada")
		w.subscribeAtStripe(account, "pro_v1_month")
		w.settle()
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		w.deaf.Store(true)
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		for range 249 {
			_, err := w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
				Customer: stripe.String(customer), TrialPeriodDays: stripe.Int64(14),
				Items: []*stripe.SubscriptionItemsParams{{Price: stripe.String(prices.Price().ID)}},
			})
			require.NoError(t, err)
		}
		w.stripe.MustIdle()
		s.after(1, func() { w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/subscriptions", Status: 503, Times: -1}) })
		run, err := w.Sweep(w.ctx(), billing.SweepOptions{Now: true})
		require.ErrorIs(t, err, billing.ErrUncertain)
		require.Equal(t, models.RunRunning, run.State)
		require.EqualValues(t, 100, run.Seen)
		require.Equal(t, "pro", w.access(account).Granted.Key)

		w.stripe.ClearFaults()
		restarted := billing.New(w.Options)
		after, err := restarted.Sweep(w.ctx(), billing.SweepOptions{Origin: billing.OriginSchedule})
		require.NoError(t, err)
		require.Equal(t, run.PublicID, after.PublicID, "it is the same sweep")
		require.Equal(t, models.RunDone, after.State)
		require.EqualValues(t, 251, after.Seen, "250 subscriptions and a customer, each once")
		require.EqualValues(t, 249, after.Drift)
		require.EqualValues(t, 249, w.count("reconcile_drifts", "dirty_seq > 0"))
	})
}

// TestF10_TheGuardIsNotSkippedByAnInterruption has the last probe of the key fail, as if the program had died there.
func TestF10_TheGuardIsNotSkippedByAnInterruption(t *testing.T) {
	t.Parallel()
	trippedWorlds(t, func(t *testing.T, w *world, s *trippedStripe) {
		accounts := w.crowd(4)
		w.endAtStripe(accounts)
		s.after(0, func() { w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/account", Status: 401, Times: -1}) })
		run, err := w.Sweep(w.ctx(), billing.SweepOptions{Now: true})
		require.ErrorIs(t, err, billing.ErrKey)
		require.Equal(t, models.RunRunning, run.State)
		w.stripe.ClearFaults()
		require.Equal(t, models.RunStopped, w.sweep().State)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, 4, w.granted(accounts))
	})
}

// TestW22_WhatIsOnItsWayIsNoDrift has events in the inbox that wait to be worked off.
func TestW22_WhatIsOnItsWayIsNoDrift(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(1)
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(accounts[0]).StripeID, nil)
		require.NoError(t, err)
		w.stripe.MustIdle()
		require.Zero(t, w.sweep().Drift)
	})
}

// TestW22_SomebodyPaysForNothing is a subscription made by hand for a customer of no account, and one whose price
// nobody knows.
func TestW22_SomebodyPaysForNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		accounts := w.crowd(1)
		w.deaf.Store(true)
		customer, err := w.stripe.Client.Customers.New(&stripe.CustomerParams{Name: stripe.String("Nobody")})
		require.NoError(t, err)
		price, err := w.stripe.Client.Prices.New(&stripe.PriceParams{
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(500),
			ProductData: &stripe.PriceProductDataParams{Name: stripe.String("By hand")},
			Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		})
		require.NoError(t, err)
		ours, err := w.EnsureCustomer(w.ctx(), accounts[0].ID)
		require.NoError(t, err)
		var subs []string
		for _, owner := range []string{customer.ID, ours} {
			sub, err := w.stripe.Client.Subscriptions.New(&stripe.SubscriptionParams{
				Customer: stripe.String(owner), TrialPeriodDays: stripe.Int64(7),
				Items:    []*stripe.SubscriptionItemsParams{{Price: stripe.String(price.ID)}},
				Metadata: map[string]string{"account_id": accounts[0].PublicID},
			})
			require.NoError(t, err)
			subs = append(subs, sub.ID)
		}
		w.stripe.MustIdle()
		run := w.sweep()
		found := w.drifts(run)
		require.EqualValues(t, 1, run.Unknown)
		require.Equal(t, billing.DriftStranger, found[subs[0]].Kind)
		require.Contains(t, found[subs[0]].Detail, accounts[0].PublicID)
		require.Equal(t, billing.DriftMissing, found[subs[1]].Kind)
		require.EqualValues(t, 1, w.count("alerts", "kind = ?", billing.AlertStranger))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Zero(t, w.sweep().Drift, "an unknown price is known once it is written down")
		_, err = w.stripe.Client.Subscriptions.Cancel(subs[0], nil)
		require.NoError(t, err)
		require.Zero(t, w.sweep().Unknown)
		require.Zero(t, w.count("alerts", "kind = ? AND resolved_at IS NULL", billing.AlertStranger))
	})
}
