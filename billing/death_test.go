package billing_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
)

// mortal is the real gateway, in which the program dies once Stripe has done what it was asked for: whoever called is
// never heard of again, and has written nothing down.
type mortal struct {
	billing.Gateway
	armed atomic.Bool
}

func (m *mortal) die() {
	if m.armed.CompareAndSwap(true, false) {
		runtime.Goexit()
	}
}

func (m *mortal) CreateCustomer(ctx context.Context, p billing.CustomerParams, key string) (string, error) {
	id, err := m.Gateway.CreateCustomer(ctx, p, key)
	m.die()
	return id, err
}

func (m *mortal) CreateCheckout(ctx context.Context, p billing.CheckoutParams, key string) (billing.CheckoutSession, error) {
	session, err := m.Gateway.CreateCheckout(ctx, p, key)
	m.die()
	return session, err
}

func (m *mortal) ChangeSubscription(ctx context.Context, p billing.ChangeParams, key string) (billing.SubscriptionState, error) {
	state, err := m.Gateway.ChangeSubscription(ctx, p, key)
	m.die()
	return state, err
}

func (m *mortal) Refund(ctx context.Context, p billing.RefundParams, key string) error {
	err := m.Gateway.Refund(ctx, p, key)
	m.die()
	return err
}

// dies has the program die in the call that act leads to, and what it held become free.
func (w *world) dies(m *mortal, act func()) {
	w.t.Helper()
	m.armed.Store(true)
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		act()
	}()
	<-dead
	require.False(w.t, m.armed.Load(), "it did not come to the call")
	before := time.Now().UTC().Add(-time.Minute)
	for _, table := range []string{"stripe_ops", "customer_sync"} {
		require.NoError(w.t, w.db.Write(w.ctx()).Exec("UPDATE "+table+" SET lease_until = ? WHERE lease_until IS NOT NULL", before).Error)
	}
}

// TestP02_WhatADeathInterruptsIsDoneOnce lets the program die between Stripe's answer and its own commit: as somebody
// signs up, opens Checkout, changes the plan, and is given their money back.
func TestP02_WhatADeathInterruptsIsDoneOnce(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(t *testing.T, w *world, m *mortal){
		"sign-up": func(t *testing.T, w *world, m *mortal) {
			account := w.account("ada")
			w.dies(m, func() { _ = w.RunOps(w.ctx()) })
			require.Zero(t, w.count("customers", "true"))
			w.settle()
			require.Equal(t, 1, w.customersAtStripe())
			require.EqualValues(t, 1, w.count("customers", "account_id = ?", account.ID))
		},
		"checkout": func(t *testing.T, w *world, m *mortal) {
			account := w.account("ada")
			w.settle()
			w.dies(m, func() { _, _ = w.start(account, "pro_v1_month", 1) })
			require.Zero(t, w.count("checkouts", "state = 'open'"))
			_, err := w.start(account, "pro_v1_month", 1)
			require.NoError(t, err)
			sessions, n := w.stripe.Client.CheckoutSessions.List(&stripe.CheckoutSessionListParams{}), 0
			for sessions.Next() {
				n++
			}
			require.Equal(t, 1, n)
			require.EqualValues(t, 1, w.count("checkouts", "true"))
		},
		"change": func(t *testing.T, w *world, m *mortal) {
			account := w.paid("ada", "starter_v1_month", "pm_card_visa")
			change := w.offer(account, "pro_v1_month")
			w.dies(m, func() { _, _ = w.ConfirmChange(w.ctx(), account.ID, change.ID) })
			w.settle()
			require.Equal(t, billing.OutcomeDone, w.confirm(account, change).Kind, "the page that is loaded again finds it done")
			require.Equal(t, "pro", w.access(account).Granted.Key)
			require.EqualValues(t, 2, w.count("invoices", "true"), "the first, and one for the change")
			require.Equal(t, change.Quote.Total, w.lastInvoice(account).Total)
		},
		"refund": func(t *testing.T, w *world, m *mortal) {
			account := w.paid("ada", "pro_v1_month", "pm_card_visa")
			offer, _, err := w.Refundable(w.ctx(), account.ID)
			require.NoError(t, err)
			w.dies(m, func() {
				_ = w.RefundAndEnd(w.ctx(), billing.RefundInput{AccountID: account.ID, Charge: offer.Charge, Amount: offer.Amount.Amount})
			})
			w.settle()
			w.settle()
			require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded))
			require.Equal(t, "canceled", w.subscription(account).Status, "and the second step is made as well")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				m := &mortal{Gateway: w.gateway}
				w.Service.Stripe = m
				story(t, w, m)
				require.Zero(t, w.count("stripe_ops", "state = 'pending'"))
			})
		})
	}
}
