package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
)

// slowWorlds is eachWorld with a gateway whose answers can be held back.
func slowWorlds(t *testing.T, body func(t *testing.T, w *world, slow *slowStripe)) {
	t.Helper()
	var mu sync.Mutex
	slow := map[string]*slowStripe{}
	eachWorld(t, func(t *testing.T, w *world) {
		mu.Lock()
		own := slow[w.Connection.StripeAccount]
		mu.Unlock()
		body(t, w, own)
	}, func(o *billing.Options) {
		s := &slowStripe{Gateway: o.Stripe}
		mu.Lock()
		slow[o.Connection.StripeAccount] = s
		mu.Unlock()
		o.Stripe = s
	})
}

// subscriber is an account that has bought Pro, and its customer.
func (w *world) subscriber(name string) (models.Account, string) {
	w.t.Helper()
	account := w.account(name)
	w.buy(account, "pro_v1_month", "pm_card_visa")
	w.settle()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	return account, customer
}

func (w *world) syncRow(customer string) models.CustomerSync {
	w.t.Helper()
	var row models.CustomerSync
	require.NoError(w.t, w.db.Read(w.ctx()).Where("stripe_id = ?", customer).Take(&row).Error)
	return row
}

// expireLease lets whoever holds the customer run out of time.
func (w *world) expireLease(customer string) {
	w.t.Helper()
	require.NoError(w.t, w.db.Write(w.ctx()).Model(&models.CustomerSync{}).Where("stripe_id = ?", customer).
		Update("lease_until", time.Now().UTC().Add(-time.Second)).Error)
}

// TestALateFailureLeavesTheNextLeaseAlone is a worker that fails after it was given up for dead.
func TestALateFailureLeavesTheNextLeaseAlone(t *testing.T) {
	t.Parallel()
	slowWorlds(t, func(t *testing.T, w *world, slow *slowStripe) {
		_, customer := w.subscriber("ada")
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/*", Status: 400})
		firstHeld, releaseFirst := slow.holdNext()
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- w.SyncCustomer(w.ctx(), customer) }()
		<-firstHeld
		w.expireLease(customer)
		secondHeld, releaseSecond := slow.holdNext()
		go func() { second <- w.SyncCustomer(w.ctx(), customer) }()
		<-secondHeld
		token := w.syncRow(customer).LeaseToken
		releaseFirst()
		require.Error(t, <-first)
		require.Equal(t, token, w.syncRow(customer).LeaseToken)
		require.Zero(t, w.syncRow(customer).Attempts)
		releaseSecond()
		require.NoError(t, <-second)
	})
}

// TestAnImpatientPageHandsItsSyncOver has nothing fail but the reader's patience.
func TestAnImpatientPageHandsItsSyncOver(t *testing.T) {
	t.Parallel()
	slowWorlds(t, func(t *testing.T, w *world, slow *slowStripe) {
		account, customer := w.subscriber("ada")
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		held, release := slow.holdNext()
		ctx, giveUp := context.WithCancel(w.ctx())
		page := make(chan error, 1)
		go func() { page <- w.SyncAccount(ctx, account.ID) }()
		<-held
		giveUp()
		release()
		require.Error(t, <-page)
		row := w.syncRow(customer)
		require.Empty(t, row.LeaseToken)
		require.Zero(t, row.Attempts, "it has not failed")
		require.False(t, row.NextAt.After(time.Now()), "and is due at once")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
	})
}

// TestACustomerGivenUpOnComesBack goes through the last try, the silence after it, and a replay.
func TestACustomerGivenUpOnComesBack(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		w.stripe.MustIdle()
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/*", Status: 400, Times: -1})
		due := func(attempts int) {
			require.NoError(t, w.db.Write(w.ctx()).Model(&models.CustomerSync{}).Where("stripe_id = ?", customer).
				Updates(map[string]any{"attempts": attempts, "next_at": time.Now().UTC().Add(-time.Second)}).Error)
		}
		due(80)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Nil(t, w.syncRow(customer).DeadAt)
		due(81)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.NotNil(t, w.syncRow(customer).DeadAt)
		require.Zero(t, w.count("webhook_events", "state = 'pending'"))
		var row models.WebhookEvent
		require.NoError(t, w.db.Read(w.ctx()).Where("state = 'dead' AND last_error <> ''").Order("id DESC").Take(&row).Error)

		due(82)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 82, w.syncRow(customer).Attempts, "nobody tries any more")
		w.stripe.ClearFaults()
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "not even now that it would work")

		require.NoError(t, w.ReplayEvent(w.ctx(), row.PublicID))
		require.Nil(t, w.syncRow(customer).DeadAt)
		require.Zero(t, w.syncRow(customer).Attempts, "it has three days again")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("webhook_events", "id = ? AND state = 'done'", row.ID))
	})
}

// TestAMissingCustomerIsBelievedOnlyOfAHealthyKey has Stripe say of every customer that there is none.
func TestAMissingCustomerIsBelievedOnlyOfAHealthyKey(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	moved := map[string]*movedStripe{}
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		missing := sandbox.Fault{Match: "GET /v1/customers/*", Status: 404, Times: -1}
		w.stripe.AddFault(missing)
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/account", Status: 401, Times: -1})
		require.Error(t, w.SyncCustomer(w.ctx(), customer))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "the key was revoked")
		w.stripe.ClearFaults()

		mu.Lock()
		key := moved[w.Connection.StripeAccount]
		mu.Unlock()
		other := sandboxtest.New(t)
		key.to(gateway.New(gateway.Options{SecretKey: other.SecretKey(), APIBase: other.URL(), MaxRPS: 100}))
		require.ErrorContains(t, w.SyncCustomer(w.ctx(), customer), "another Stripe account")
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "the key is another account's now")
		key.to(nil)

		w.stripe.AddFault(missing)
		require.NoError(t, w.SyncCustomer(w.ctx(), customer))
		require.Equal(t, billing.ReasonCustomerGone, w.access(account).Reason)
		require.Equal(t, "canceled", w.subscription(account).Status)
		w.requireLedgerAddsUp(account)
	}, func(o *billing.Options) {
		m := &movedStripe{Gateway: o.Stripe}
		mu.Lock()
		moved[o.Connection.StripeAccount] = m
		mu.Unlock()
		o.Stripe = m
	})
}

// movedStripe is the real gateway until another real one takes its place, as when the key in the
// configuration is changed.
type movedStripe struct {
	billing.Gateway
	mu  sync.Mutex
	now billing.Gateway
}

func (m *movedStripe) to(g billing.Gateway) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = g
}

func (m *movedStripe) current() billing.Gateway {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != nil {
		return m.now
	}
	return m.Gateway
}

func (m *movedStripe) Connection(ctx context.Context) (billing.Connection, error) {
	return m.current().Connection(ctx)
}

func (m *movedStripe) FetchCustomer(ctx context.Context, id string) (billing.Snapshot, error) {
	return m.current().FetchCustomer(ctx, id)
}

// TestCustomersOfOthersAreNotAskedAbout shares a Stripe account with another product.
func TestCustomersOfOthersAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/cus_theirs", Status: 400, Times: -1})
		body := event("evt_theirs", "customer.subscription.updated", "cus_theirs", nil)
		require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Contains(t, w.syncRow("cus_theirs").LastError, "no account has this")
	})
}

// TestARefusalAsksStripeAgain is the leeway's other half: old rows are fetched before they refuse.
func TestARefusalAsksStripeAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		w.deaf.Store(true)
		require.NoError(t, w.stripe.Advance(w.ctx(), 20*day))
		require.Equal(t, billing.LevelNone, w.access(account).Level, "long over, as far as we know")
		require.Equal(t, w.syncRow(customer).SyncedSeq, w.syncRow(customer).DirtySeq, "it was synced a moment ago")
		long := time.Now().UTC().Add(-time.Minute)
		require.NoError(t, w.db.Write(w.ctx()).Model(&models.CustomerSync{}).Where("stripe_id = ?", customer).
			Update("last_ok_at", long).Error)
		w.access(account)
		w.access(account)
		require.Equal(t, w.syncRow(customer).SyncedSeq+1, w.syncRow(customer).DirtySeq, "asked for, once")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
	})
}
