package billing_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

// hear receives a made-up event about a customer, signed as Stripe's.
func (w *world) hear(id, kind, customer string, change func(map[string]any)) error {
	body := event(id, kind, customer, change)
	return w.Receive(w.ctx(), body, signed(body))
}

// deafBuyer is an account that has bought Pro, of which no webhook has told.
func (w *world) deafBuyer(name string) (models.Account, string) {
	w.t.Helper()
	account := w.account(name)
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	w.deaf.Store(true)
	w.buy(account, "pro_v1_month", "pm_card_visa")
	w.stripe.MustIdle()
	w.deaf.Store(false)
	require.NotEqual(w.t, billing.ReasonTrialing, w.access(account).Reason)
	return account, customer
}

// TestO01_UpdatedBeforeCreated has the first event claim what is not so any more, and come last.
func TestO01_UpdatedBeforeCreated(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.deafBuyer("ada")
		for i, status := range []string{"active", "incomplete"} {
			kind := []string{"customer.subscription.updated", "customer.subscription.created"}[i]
			require.NoError(t, w.hear(fmt.Sprint("evt_", i), kind, customer, func(e map[string]any) {
				e["data"].(map[string]any)["object"].(map[string]any)["status"] = status
			}))
			require.NoError(t, w.SyncDue(w.ctx()))
			require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		}
		require.EqualValues(t, 1, w.count("subscriptions", "true"))
		require.EqualValues(t, 1, w.mails(account, "trial_started"))
	})
}

// TestO02_CreatedAndUpdatedAtOnce for many customers, while several workers are at it.
func TestO02_CreatedAndUpdatedAtOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		const people = 100
		var group errgroup.Group
		for i := range people {
			account := w.account(fmt.Sprint("member", i))
			customer, err := w.EnsureCustomer(w.ctx(), account.ID)
			require.NoError(t, err)
			w.deaf.Store(true)
			w.subscribeAtStripe(account, "pro_v1_month")
			for _, kind := range []string{"created", "updated"} {
				group.Go(func() error {
					return w.hear(fmt.Sprint("evt_", kind, i), "customer.subscription."+kind, customer, nil)
				})
			}
			if i%20 == 0 {
				group.Go(func() error { return w.SyncDue(w.ctx()) })
			}
		}
		require.NoError(t, group.Wait())
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, people, w.count("subscriptions", "status = 'active'"))
		require.EqualValues(t, people, w.count("subscriptions", "true"))
		require.EqualValues(t, 2*people, w.count("webhook_events", "state = 'done' AND event_id LIKE 'evt_%ated%'"))
		require.Zero(t, w.count("customer_sync", "dirty_seq > synced_seq OR lease_token <> ''"))
	})
}

// TestO05_TheOldPlansEndComesAfterTheNewPlan and takes nothing from it.
func TestO05_TheOldPlansEndComesAfterTheNewPlan(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		old := w.subscription(account).StripeID
		w.deaf.Store(true)
		_, err := w.stripe.Client.Subscriptions.Cancel(old, nil)
		require.NoError(t, err)
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		w.buy(account, "pro_v1_year", "pm_card_visa")
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		w.deaf.Store(false)

		require.NoError(t, w.hear("evt_late", "customer.subscription.deleted", customer, func(e map[string]any) {
			e["data"].(map[string]any)["object"] = map[string]any{
				"id": old, "object": "subscription", "customer": customer, "status": "canceled",
			}
		}))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.Equal(t, "pro_v1_year", w.subscription(account).LookupKey)
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_late' AND state = 'done'"))
	})
}

// TestO07_AnEventComesAgainAfterThreeDaysAndThreeChanges and finds nothing to do.
func TestO07_AnEventComesAgainAfterThreeDaysAndThreeChanges(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.subscriber("ada")
		var first models.WebhookEvent
		require.NoError(t, w.db.Read(w.ctx()).Where("type = 'customer.subscription.created'").Take(&first).Error)
		for _, ends := range []bool{true, false, true} {
			_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID,
				&stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(ends)})
			require.NoError(t, err)
			w.settle()
		}
		w.stripe.MustAdvance(3 * day)
		w.settle()
		facts, mails, was := w.count("facts", "true"), w.count("mails", "true"), w.subscription(account)

		require.NoError(t, w.Receive(w.ctx(), first.Payload, signed(first.Payload)))
		w.settle()
		is := w.subscription(account)
		is.SyncedAt, is.UpdatedAt = was.SyncedAt, was.UpdatedAt
		require.Equal(t, was, is)
		require.Equal(t, facts, w.count("facts", "true"))
		require.Equal(t, mails, w.count("mails", "true"))
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = ? AND deliveries > 1 AND state = 'done'", first.EventID))
	})
}

// TestO08_ReturnAndWebhookTogether fulfil one purchase.
func TestO08_ReturnAndWebhookTogether(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.deafBuyer("ada")
		var group errgroup.Group
		for i := range 3 {
			group.Go(func() error { return w.SyncAccount(w.ctx(), account.ID) })
			group.Go(func() error {
				if err := w.hear(fmt.Sprint("evt_cs", i), "checkout.session.completed", customer, nil); err != nil {
					return err
				}
				return w.SyncDue(w.ctx())
			})
		}
		require.NoError(t, group.Wait())
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("subscriptions", "true"))
		require.EqualValues(t, 1, w.count("facts", "type = ?", billing.FactTrialStarted))
		require.EqualValues(t, 1, w.mails(account, "trial_started"))
		require.EqualValues(t, 1, w.count("checkouts", "state = ?", models.CheckoutComplete))
	})
}

// TestO09a_OnlyTheWebhookArrives because the tab was closed.
func TestO09a_OnlyTheWebhookArrives(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
	})
}

// TestO09b_OnlyTheCustomerReturns because no webhook ever came.
func TestO09b_OnlyTheCustomerReturns(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, _ := w.deafBuyer("ada")
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		require.Zero(t, w.count("webhook_events", "type LIKE 'customer.subscription.%' OR type LIKE 'checkout.%'"))
	})
}

// calls counts what reached Stripe, whatever it answered.
func (w *world) calls(method, path string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.stripe.View(w.ctx(), func(tx *sandbox.Tx) error {
		log, err := tx.Requests(1000)
		for _, entry := range log {
			if entry.Method == method && entry.Path == path {
				n++
			}
		}
		return err
	}))
	return n
}

// TestF03_TheRateLimitIsGivenTime: one call, no second at once, a later time written down, and nothing lost.
func TestF03_TheRateLimitIsGivenTime(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.deafBuyer("ada")
		before := w.calls("GET", "/v1/customers/"+customer)
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/*", Status: http.StatusTooManyRequests, Times: -1})
		require.NoError(t, w.hear("evt_1", "customer.subscription.updated", customer, nil))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, before+1, w.calls("GET", "/v1/customers/"+customer))
		row := w.syncRow(customer)
		require.EqualValues(t, 1, row.Attempts)
		wait := time.Until(row.NextAt)
		require.True(t, wait > 0 && wait <= 5*time.Second, wait)
		require.ErrorContains(t, w.SyncAccount(w.ctx(), account.ID), "unavailable: stripe_unavailable", "a page says: try again")
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_1' AND state = 'pending'"))
		w.stripe.ClearFaults()
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_1' AND state = 'done'"))
	})
}

// TestF04_WhatIsBusyIsTriedAgainAndThenQueued is about an object or a key that another request holds.
func TestF04_WhatIsBusyIsTriedAgainAndThenQueued(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"lock_timeout": {Status: http.StatusTooManyRequests, Code: "lock_timeout"},
		"key_in_use":   {Status: http.StatusConflict, Code: "idempotency_key_in_use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				w.account("ada")
				fault.Match, fault.Times = "POST /v1/customers", -1
				w.stripe.AddFault(fault)
				require.NoError(t, w.RunOps(w.ctx()))
				require.EqualValues(t, 1, w.count("stripe_ops", "state = 'pending' AND attempts = 1"), "it is still owed")
				require.Equal(t, 3, w.calls("POST", "/v1/customers"), "the library tries three times")
				require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE stripe_ops SET next_at = ?", time.Now().UTC()).Error)
				w.stripe.ClearFaults()
				fault.Times = 1
				w.stripe.AddFault(fault)
				require.NoError(t, w.RunOps(w.ctx()))
				require.EqualValues(t, 1, w.count("stripe_ops", "state = 'done'"))
				require.EqualValues(t, 1, w.count("customers", "true"))
			})
		})
	}
}

// TestF16_WhatAnotherWorkerHasDoneIsNotDoneAgain: four workers want the same customers, and each is read once.
func TestF16_WhatAnotherWorkerHasDoneIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		const people, workers = 40, 4
		before := map[string]int{}
		accounts := w.crowd(people)
		for i, account := range accounts {
			customer := w.customerOf(account)
			before[customer] = w.calls("GET", "/v1/customers/"+customer)
			require.NoError(t, w.hear(fmt.Sprint("evt_again", i), "customer.subscription.updated", customer, nil))
		}
		var group errgroup.Group
		for range workers {
			group.Go(func() error { return w.SyncDue(w.ctx()) })
		}
		require.NoError(t, group.Wait())
		require.EqualValues(t, people, w.count("webhook_events", "event_id LIKE 'evt_again%' AND state = 'done'"))
		for customer, calls := range before {
			require.Equal(t, calls+1, w.calls("GET", "/v1/customers/"+customer), customer)
		}
		some := w.customerOf(accounts[0])
		calls := w.calls("GET", "/v1/customers/"+some)
		require.NoError(t, w.SyncCustomer(w.ctx(), some), "who asks for it by name gets it")
		require.Equal(t, calls+1, w.calls("GET", "/v1/customers/"+some))
	})
}

// timed notes when each request goes out.
type timed struct {
	mu    sync.Mutex
	times []time.Time
}

// RoundTrip implements http.RoundTripper.
func (c *timed) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.times = append(c.times, time.Now())
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// TestF16P13_ABacklogIsWorkedOffBelowTheLimit: a thousand events of twenty customers are twenty syncs of at most four
// calls, and no second, wherever it begins, has more of them than the limit.
func TestF16P13_ABacklogIsWorkedOffBelowTheLimit(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		const people, each, rps = 20, 50, 20
		accounts := w.crowd(people)
		var group errgroup.Group
		group.SetLimit(50)
		for i := range people * each {
			customer := w.customerOf(accounts[i%people])
			group.Go(func() error {
				return w.hear(fmt.Sprint("evt_backlog", i), "customer.subscription.updated", customer, nil)
			})
		}
		require.NoError(t, group.Wait())
		require.EqualValues(t, people*each, w.count("webhook_events", "state = 'pending'"))
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/*", LatencyMS: 100, Times: -1})
		calls := &timed{}
		w.Stripe = gateway.New(gateway.Options{SecretKey: w.stripe.SecretKey(), APIBase: w.stripe.URL(), MaxRPS: rps, Transport: calls})
		began := time.Now()
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, people*each, w.count("webhook_events", "state = 'done' AND attempts = 1 AND event_id LIKE 'evt_backlog%'"))
		require.LessOrEqual(t, len(calls.times), 4*people)
		require.Greater(t, len(calls.times), rps, "or the limit was not met")
		for n := rps; n < len(calls.times); n++ {
			require.Greater(t, calls.times[n].Sub(calls.times[n-rps]), time.Second, "call %d after %s", n+1, calls.times[n].Sub(began))
		}
		t.Logf("%d events of %d customers: %d calls in %s", people*each, people, len(calls.times), time.Since(began))
	})
}
