package billing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// effects are what an event can have: facts, mails, and syncs that are due.
func (w *world) effects() string {
	w.t.Helper()
	return fmt.Sprint(w.count("facts", "true"), w.count("mails", "true"), w.count("subscriptions", "true"),
		w.count("customer_sync", "dirty_seq > synced_seq"))
}

func TestW04_TheSameBytesAgainHaveNoEffect(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		c := &clock{at: time.Now()}
		w.Wall = c.now
		body := event("evt_once", "customer.subscription.updated", customer, nil)
		header := sign(body, sandboxtest.Secret, c.at)
		require.NoError(t, w.Receive(w.ctx(), body, header))
		require.NoError(t, w.SyncDue(w.ctx()))
		before, access := w.effects(), w.access(account)

		c.at = c.at.Add(4 * time.Minute)
		require.NoError(t, w.Receive(w.ctx(), body, header))
		require.Equal(t, before, w.effects(), "not even a sync")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, before, w.effects())
		require.Equal(t, access, w.access(account))
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_once' AND deliveries = 2 AND attempts = 1"))

		c.at = c.at.Add(2 * time.Minute)
		require.ErrorContains(t, w.Receive(w.ctx(), body, header), "webhook_signature", "and then it has aged out")
	})
}

func TestW05_FiftyDeliveriesHaveOneEffect(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.settle()
		w.deaf.Store(true)
		w.buy(account, "pro_v1_month", "pm_card_visa")
		body := event("evt_bought", "customer.subscription.created", w.customerOf(account), nil)
		var group errgroup.Group
		for i := range 50 {
			group.Go(func() error {
				header := sign(body, sandboxtest.Secret, time.Now().Add(-time.Duration(i)*time.Second))
				if err := w.Receive(w.ctx(), body, header); err != nil {
					return err
				}
				return w.SyncDue(w.ctx())
			})
		}
		require.NoError(t, group.Wait())
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_bought' AND state = 'done' AND deliveries = 50"))
		require.Len(t, w.facts(account, billing.FactTrialStarted), 1, "one line in the ledger")
		require.EqualValues(t, 1, w.mails(account, "trial_started"), "and one mail")
	})
}

func TestW14_WhatStripeAddsIsTaken(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		before := w.access(account)
		object := func(change func(object map[string]any)) func(map[string]any) {
			return func(e map[string]any) { change(e["data"].(map[string]any)["object"].(map[string]any)) }
		}
		for id, body := range map[string][]byte{
			"evt_type":  event("evt_type", "customer.hologram.created", customer, nil),
			"evt_enum":  event("evt_enum", "customer.subscription.updated", customer, object(func(o map[string]any) { o["status"] = "levitating" })),
			"evt_extra": event("evt_extra", "invoice.paid", customer, object(func(o map[string]any) { o["future"] = map[string]any{"deep": []any{1, nil}} })),
			"evt_bare":  event("evt_bare", "customer.subscription.updated", customer, object(func(o map[string]any) { delete(o, "id"); delete(o, "customer") })),
			"evt_odd":   event("evt_odd", "charge.refunded", customer, object(func(o map[string]any) { o["customer"] = []any{7} })),
			"evt_empty": event("evt_empty", "invoice.paid", customer, func(e map[string]any) { e["data"] = nil; delete(e, "created"); delete(e, "api_version") }),
		} {
			require.NoError(t, w.Receive(w.ctx(), body, signed(body)), id)
		}
		w.settle()
		require.Zero(t, w.pending(), "each is done or ignored")
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_type' AND state = 'ignored'"))
		require.Equal(t, before, w.access(account))
	})
}

func TestW17_AnEventIsAcknowledgedWhileStripeHangs(t *testing.T) {
	t.Parallel()
	slowWorlds(t, func(t *testing.T, w *world, slow *slowStripe) {
		_, customer := w.subscriber("ada")
		held, release := slow.holdNext()
		worker := make(chan error, 1)
		go func() { worker <- w.SyncCustomer(w.ctx(), customer) }()
		<-held
		body := event("evt_meanwhile", "customer.subscription.updated", customer, nil)
		began := time.Now()
		require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		require.Less(t, time.Since(began), time.Second)
		release()
		require.NoError(t, <-worker)
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_meanwhile' AND state = 'pending'"),
			"the fetch had begun before it")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.Zero(t, w.pending())
	})
}
