package billing_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

// catchUp is one pass over the list of events, as the job makes it.
func (w *world) catchUp() models.ReconcileRun {
	w.t.Helper()
	run, err := w.CatchUp(w.ctx(), billing.CatchUpOptions{Origin: billing.OriginSchedule})
	require.NoError(w.t, err)
	require.Equal(w.t, models.RunDone, run.State)
	return run
}

func (w *world) cursor(kind string) models.ReconcileCursor {
	w.t.Helper()
	var row models.ReconcileCursor
	require.NoError(w.t, w.db.Read(w.ctx()).Where("kind = ?", kind).Take(&row).Error)
	return row
}

// TestW22_EventsThatNeverArriveAreFoundInTheList cancels behind the back of every webhook.
func TestW22_EventsThatNeverArriveAreFoundInTheList(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		require.Zero(t, w.catchUp().Missed, "the webhooks brought everything")
		w.stripe.MustAdvance(time.Hour)
		require.Zero(t, w.catchUp().Missed)

		w.deaf.Store(true)
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		w.stripe.MustIdle()
		require.Zero(t, w.catchUp().Missed, "what may still be on its way is not missing")
		w.stripe.MustAdvance(10 * time.Minute)
		run := w.catchUp()
		require.Positive(t, run.Missed)
		require.EqualValues(t, run.Missed, w.count("webhook_events", "deliveries = 0 AND customer = ?", customer))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "a list decides nothing by itself")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
		require.Zero(t, w.count("webhook_events", "state = 'pending'"))
		require.Len(t, w.facts(account, billing.FactEnded), 1)

		again := w.catchUp()
		require.Zero(t, again.Missed, "an event is missed once")
		require.Positive(t, again.Seen, "though the last quarter of an hour is read again")
		w.stripe.MustAdvance(24 * time.Hour)
		require.Zero(t, w.catchUp().Missed)
		require.Zero(t, w.catchUp().Seen, "and what is older is not")
	})
}

// TestW22_TheLastQuarterOfAnHourIsReadAgain, because an event may appear after one that is younger.
func TestW22_TheLastQuarterOfAnHourIsReadAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.catchUp()
		_, customer := w.subscriber("ada")
		w.stripe.MustAdvance(time.Hour)
		w.catchUp()
		w.renames(customer, 1)
		w.stripe.MustAdvance(20 * time.Minute)
		w.renames(customer, 2) // of which the first changes nothing
		w.stripe.MustAdvance(3 * time.Minute)
		require.EqualValues(t, 2, w.catchUp().Seen)
		require.EqualValues(t, 1, w.catchUp().Seen, "the younger one")
		w.stripe.MustAdvance(time.Hour)
		w.catchUp()
		require.Zero(t, w.catchUp().Seen)
	})
}

// TestW22_AnAdminNeedNotWait has an event taken up that is younger than webhooks are given.
func TestW22_AnAdminNeedNotWait(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		w.deaf.Store(true)
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		w.stripe.MustIdle()
		run, err := w.CatchUp(w.ctx(), billing.CatchUpOptions{Origin: billing.OriginAdmin, Unsettled: true})
		require.NoError(t, err)
		require.Positive(t, run.Missed)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
	})
}

// renames makes n events of a customer's.
func (w *world) renames(customer string, n int) {
	w.t.Helper()
	for i := range n {
		_, err := w.stripe.Client.Customers.Update(customer, &stripe.CustomerParams{Name: stripe.String(fmt.Sprint("Ada ", i))})
		require.NoError(w.t, err)
	}
	w.stripe.MustIdle()
}

// trippedStripe is the real gateway, in front of a sandbox that is made to fail after some pages.
type trippedStripe struct {
	billing.Gateway
	mu   sync.Mutex
	left int    // pages until the trip
	trip func() // called before the page after them
}

func (s *trippedStripe) after(pages int, trip func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.trip = pages, trip
}

func (s *trippedStripe) step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trip == nil {
		return
	}
	if s.left == 0 {
		s.trip()
		s.trip = nil
	}
	s.left--
}

func (s *trippedStripe) ListEvents(ctx context.Context, q billing.EventQuery) (billing.EventPage, error) {
	s.step()
	return s.Gateway.ListEvents(ctx, q)
}

func (s *trippedStripe) ListSubscriptions(ctx context.Context, after string) (billing.SubscriptionPage, error) {
	s.step()
	return s.Gateway.ListSubscriptions(ctx, after)
}

func trippedWorlds(t *testing.T, body func(t *testing.T, w *world, s *trippedStripe)) {
	t.Helper()
	eachWorld(t, func(t *testing.T, w *world) { body(t, w, w.Stripe.(*trippedStripe)) },
		func(o *billing.Options) { o.Stripe = &trippedStripe{Gateway: o.Stripe} })
}

// TestF11_AFailingPageOfEventsLosesNothing has the second of three pages fail, retries and all.
func TestF11_AFailingPageOfEventsLosesNothing(t *testing.T) {
	t.Parallel()
	trippedWorlds(t, func(t *testing.T, w *world, s *trippedStripe) {
		w.catchUp()
		_, customer := w.subscriber("ada")
		w.stripe.MustAdvance(time.Hour)
		w.catchUp()
		w.deaf.Store(true)
		w.renames(customer, 230)
		w.stripe.MustAdvance(time.Hour)
		s.after(1, func() { w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/events", Status: 503, Times: -1}) })
		run, err := w.CatchUp(w.ctx(), billing.CatchUpOptions{Origin: billing.OriginSchedule})
		require.ErrorIs(t, err, billing.ErrUncertain)
		require.Equal(t, models.RunFailed, run.State)
		require.EqualValues(t, 100, run.Missed, "what came is kept")
		held := w.cursor(models.ReconcileEvents)
		require.Empty(t, held.LeaseToken)
		require.NotEmpty(t, held.LastError)

		w.stripe.ClearFaults()
		run = w.catchUp()
		require.EqualValues(t, 130, run.Missed)
		require.EqualValues(t, 130, run.Seen, "it goes on where it broke off")
		require.EqualValues(t, 230, w.count("webhook_events", "deliveries = 0 AND type = 'customer.updated'"))
		require.Empty(t, w.cursor(models.ReconcileEvents).LastError)
		require.EqualValues(t, 1, w.count("reconcile_runs", "state = 'failed' AND reason = 'stripe' AND finished_at IS NOT NULL"))
	})
}

// TestF11_TheFirstListingBeginsAtTheNewest has no event to begin at, and its second page fails.
func TestF11_TheFirstListingBeginsAtTheNewest(t *testing.T) {
	t.Parallel()
	trippedWorlds(t, func(t *testing.T, w *world, s *trippedStripe) {
		require.NoError(t, w.LookBack(w.ctx())) // as at the start, so that the next page asked for is the listing's
		_, customer := w.subscriber("ada")
		w.deaf.Store(true)
		w.renames(customer, 130)
		w.stripe.MustAdvance(10 * time.Minute)
		s.after(1, func() { w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/events", Status: 503, Times: -1}) })
		_, err := w.CatchUp(w.ctx(), billing.CatchUpOptions{Origin: billing.OriginSchedule})
		require.Error(t, err)
		require.Empty(t, w.cursor(models.ReconcileEvents).EventID, "what is older has not been read")
		w.stripe.ClearFaults()
		require.EqualValues(t, 30, w.catchUp().Missed)
		require.EqualValues(t, 130, w.count("webhook_events", "deliveries = 0"))
	})
}

// TestW22_ACursorOlderThanTheListAsksForASweep is a month of our own downtime.
func TestW22_ACursorOlderThanTheListAsksForASweep(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.catchUp()
		w.stripe.MustAdvance(31 * 24 * time.Hour)
		run := w.catchUp()
		require.Equal(t, billing.ReasonTooOld, run.Reason)
		require.WithinDuration(t, w.stripe.Now(), w.cursor(models.ReconcileEvents).EventAt, 20*time.Minute)
		require.Empty(t, w.catchUp().Reason)
	})
}

// TestW22_AForgottenEventIsNoEnd has Stripe drop the event that the cursor names.
func TestW22_AForgottenEventIsNoEnd(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.catchUp()
		_, customer := w.subscriber("ada")
		w.stripe.MustAdvance(time.Hour)
		w.catchUp()
		require.NotEmpty(t, w.cursor(models.ReconcileEvents).EventID)
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.ReconcileCursor{}).Where("kind = ?", models.ReconcileEvents).
			Update("event_id", "evt_forgotten").Error)
		w.deaf.Store(true)
		w.renames(customer, 1)
		w.stripe.MustAdvance(10 * time.Minute)
		require.EqualValues(t, 1, w.catchUp().Missed)
		require.Empty(t, w.cursor(models.ReconcileEvents).LastError)
	})
}

// TestOneProgramListsAtATime has two programs begin, and the first come back from the dead.
func TestOneProgramListsAtATime(t *testing.T) {
	t.Parallel()
	trippedWorlds(t, func(t *testing.T, w *world, s *trippedStripe) {
		w.catchUp()
		s.after(0, func() {
			_, err := w.CatchUp(w.ctx(), billing.CatchUpOptions{Origin: billing.OriginSchedule})
			require.ErrorIs(t, err, billing.ErrReconciling)
			require.NoError(t, w.ListMissed(w.ctx()), "the job leaves it to the other")
			require.NoError(t, w.db.Write(w.ctx()).Model(&models.ReconcileCursor{}).Where("kind = ?", models.ReconcileEvents).
				Updates(map[string]any{"lease_token": "another", "event_id": "evt_theirs"}).Error)
		})
		_, err := w.CatchUp(w.ctx(), billing.CatchUpOptions{Origin: billing.OriginSchedule})
		require.Error(t, err, "its lease is another's")
		require.Equal(t, "evt_theirs", w.cursor(models.ReconcileEvents).EventID)
	})
}
