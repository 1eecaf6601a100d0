package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

// slowStripe is the real gateway, whose answers to FetchCustomer can be held back after they were
// given: the way a slow network delivers old state.
type slowStripe struct {
	billing.Gateway
	mu   sync.Mutex
	hold chan struct{} // the next fetch waits here with its answer in hand
	held chan struct{} // closed once it has it
}

// holdNext makes the next fetch wait with its answer until release is called.
func (s *slowStripe) holdNext() (held <-chan struct{}, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold, s.held = make(chan struct{}), make(chan struct{})
	hold := s.hold
	return s.held, func() { close(hold) }
}

func (s *slowStripe) FetchCustomer(ctx context.Context, id string) (billing.Snapshot, error) {
	s.mu.Lock()
	hold, held := s.hold, s.held
	s.hold, s.held = nil, nil
	s.mu.Unlock()
	snapshot, err := s.Gateway.FetchCustomer(ctx, id)
	if hold != nil {
		close(held)
		<-hold
	}
	return snapshot, err
}

// TestO03_SlowFetchNeverOverwritesANewerOne is the race that refetching alone does not win: a fetch with
// old state in its hands, overtaken by a change and by another worker.
func TestO03_SlowFetchNeverOverwritesANewerOne(t *testing.T) {
	t.Parallel()
	slow := map[string]*slowStripe{}
	var mu sync.Mutex
	eachWorld(t, func(t *testing.T, w *world) {
		mu.Lock()
		stripeNow := slow[w.Connection.StripeAccount]
		mu.Unlock()
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)

		held, release := stripeNow.holdNext()
		first := make(chan error, 1)
		go func() { first <- w.SyncCustomer(w.ctx(), customer) }()
		<-held
		// The first worker holds state in which the subscription lives. It ends now, and the worker's
		// lease runs out before it gets to write.
		_, err = w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		require.Error(t, w.SyncCustomer(w.ctx(), customer), "while the lease is held nobody else fetches")
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.CustomerSync{}).Where("stripe_id = ?", customer).
			Update("lease_until", time.Now().UTC().Add(-time.Second)).Error)
		require.NoError(t, w.SyncCustomer(w.ctx(), customer))
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)

		release()
		require.Error(t, <-first, "the late worker is told that its lease is gone")
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason, "and has written nothing")
		require.Equal(t, "canceled", w.subscription(account).Status)
	}, func(o *billing.Options) {
		s := &slowStripe{Gateway: o.Stripe}
		mu.Lock()
		slow[o.Connection.StripeAccount] = s
		mu.Unlock()
		o.Stripe = s
	})
}

// TestO03_ChangeDuringASyncIsNotLost marks the customer dirty while its fetch is under way.
func TestO03_ChangeDuringASyncIsNotLost(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	slow := map[string]*slowStripe{}
	eachWorld(t, func(t *testing.T, w *world) {
		mu.Lock()
		stripeNow := slow[w.Connection.StripeAccount]
		mu.Unlock()
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		held, release := stripeNow.holdNext()
		first := make(chan error, 1)
		go func() { first <- w.SyncCustomer(w.ctx(), customer) }()
		<-held
		_, err = w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		w.stripe.MustIdle() // the event arrives while the old state is in hand
		release()
		require.NoError(t, <-first)
		require.EqualValues(t, 1, w.count("customer_sync", "stripe_id = ? AND dirty_seq > synced_seq", customer),
			"the sync covers what was due when it began, and no more")
		require.NotZero(t, w.count("webhook_events", "state = 'pending'"), "nor are the events that came since done")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
	}, func(o *billing.Options) {
		s := &slowStripe{Gateway: o.Stripe}
		mu.Lock()
		slow[o.Connection.StripeAccount] = s
		mu.Unlock()
		o.Stripe = s
	})
}

func TestManyWorkersSyncOneCustomerOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.stripe.MustIdle()
		var group errgroup.Group
		for range 8 {
			group.Go(func() error { return w.SyncAccount(w.ctx(), account.ID) })
		}
		require.NoError(t, group.Wait())
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("subscriptions", "true"))
		require.EqualValues(t, 1, w.mails(account, "trial_started"))
	})
}

// TestStripeFaultsRevokeNothing lets Stripe fail in every way it can while a customer is due.
func TestStripeFaultsRevokeNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		for _, fault := range []sandbox.Fault{
			{Match: "GET /v1/customers/*", Status: 401},
			{Match: "GET /v1/customers/*", Status: 429},
			{Match: "GET /v1/subscriptions", Status: 400},
			{Match: "GET /v1/invoices", Status: 400},
		} {
			fault.Times = -1
			w.stripe.AddFault(fault)
			require.Error(t, w.SyncCustomer(w.ctx(), customer), "%+v", fault)
			w.stripe.ClearFaults()
			require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "%+v", fault)
		}
		require.EqualValues(t, 1, w.count("customer_sync", "attempts = 4 AND lease_token = ''"))
		require.NoError(t, w.SyncCustomer(w.ctx(), customer))
		require.EqualValues(t, 1, w.count("customer_sync", "attempts = 0 AND last_error = ''"))
	})
}

// TestCustomerIsMadeOnceThoughTheAnswerIsLost fails the creation after Stripe has done it, in each of
// the ways that leave us not knowing.
func TestCustomerIsMadeOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"connection cut": {Match: "POST /v1/customers", Cut: true, AfterCommit: true, Times: -1},
		"status 500":     {Match: "POST /v1/customers", Status: 500, AfterCommit: true, Times: -1},
		"before":         {Match: "POST /v1/customers", Status: 500, Times: -1},
		"rate limit":     {Match: "POST /v1/customers", Status: 429, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.account("ada")
				w.stripe.AddFault(fault)
				require.NoError(t, w.RunOps(w.ctx()))
				require.EqualValues(t, 1, w.count("stripe_ops", "state = 'pending' AND attempts = 1"), "it is still owed")
				w.stripe.ClearFaults()
				_, err := w.EnsureCustomer(w.ctx(), account.ID)
				require.NoError(t, err)
				made := 0
				list := w.stripe.Client.Customers.List(&stripe.CustomerListParams{})
				for list.Next() {
					made++
				}
				require.NoError(t, list.Err())
				require.Equal(t, 1, made)
				require.EqualValues(t, 1, w.count("customers", "true"))
			})
		})
	}
}
