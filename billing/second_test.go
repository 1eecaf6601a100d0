package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
)

func (w *world) requireStatusAtStripe(sub *stripe.Subscription, expected stripe.SubscriptionStatus) {
	w.t.Helper()
	now, err := w.stripe.Client.Subscriptions.Get(sub.ID, nil)
	require.NoError(w.t, err)
	require.Equal(w.t, expected, now.Status)
}

// TestO10_SecondSubscriptionIsEndedAndRefunded has what checkout cannot bring about, and the dashboard can.
func TestO10_SecondSubscriptionIsEndedAndRefunded(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first := w.subscribeAtStripe(account, "starter_v1_month")
		w.settle()
		w.stripe.MustAdvance(time.Hour)
		second := w.subscribeAtStripe(account, "pro_v1_month")
		for range 3 {
			w.settle()
		}
		require.Equal(t, "starter", w.access(account).Granted.Key, "the older one stays")
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusCanceled)
		w.requireStatusAtStripe(first, stripe.SubscriptionStatusActive)
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded), "all of it, once")
		require.EqualValues(t, 1, w.mails(account, "second_subscription"))
		require.Zero(t, w.mails(account, "subscription_ended"), "nobody is told that they have no plan any more")
		require.EqualValues(t, 1, w.count("facts", "type = 'second_subscription' AND object_id = ?", second.ID))
		w.requireLedgerAddsUp(account)
	})
}

// TestO10_TheSecondStaysWhereTheFirstGrantsNothing has the first end before anybody has looked at the second.
func TestO10_TheSecondStaysWhereTheFirstGrantsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first := w.subscribeAtStripe(account, "starter_v1_month")
		w.settle()
		second := w.subscribeAtStripe(account, "pro_v1_month") // and before that is looked at, the first ends
		_, err := w.stripe.Client.Subscriptions.Cancel(first.ID, nil)
		require.NoError(t, err)
		for range 3 {
			w.settle()
		}
		require.Equal(t, "pro", w.access(account).Granted.Key)
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusActive)
		require.Empty(t, w.facts(account, billing.FactRefunded))
	})
}

// TestO10_NoWinnerNoEnd has the first end after the second was found to be one too many, and before that is acted on.
func TestO10_NoWinnerNoEnd(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first := w.subscribeAtStripe(account, "starter_v1_month")
		second := w.subscribeAtStripe(account, "pro_v1_month")
		w.stripe.MustIdle()
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'end_second' AND state = 'pending' AND subject = ?", second.ID))
		_, err := w.stripe.Client.Subscriptions.Cancel(first.ID, nil)
		require.NoError(t, err)
		w.settle()
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusActive)
		require.Empty(t, w.facts(account, billing.FactRefunded))
	})
}

// TestO10_WhoIsPastDueMayBuyAnew has a first plan that is not paid, which is no reason to end one that is.
func TestO10_WhoIsPastDueMayBuyAnew(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first := w.subscribeAtStripe(account, "starter_v1_month")
		w.settle()
		w.useCard(account, "pm_card_chargeCustomerFail")
		w.stripe.MustAdvance(31*day + 2*time.Hour)
		w.settle()
		require.Equal(t, "past_due", w.subscription(account).Status)
		second := w.subscribeAtStripe(account, "pro_v1_month")
		w.settle()
		w.settle()
		require.Equal(t, "pro", w.access(account).Granted.Key)
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusActive)
		require.Zero(t, w.mails(account, "second_subscription"))
		require.Zero(t, w.count("stripe_ops", "kind = 'end_second'"))

		w.useCardFor(account, first.ID, "pm_card_visa") // and then the first is paid after all
		owing, err := w.stripe.Client.Subscriptions.Get(first.ID, nil)
		require.NoError(t, err)
		_, err = w.stripe.Client.Invoices.Pay(owing.LatestInvoice.ID, nil)
		require.NoError(t, err)
		for range 3 {
			w.settle()
		}
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusCanceled)
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded))
		require.EqualValues(t, 1, w.mails(account, "second_subscription"), "nothing is ended without a word")
	})
}

// TestO10_WhatWasPaidForLongIsNotRefundedUnasked has two plans that nobody noticed for a month.
func TestO10_WhatWasPaidForLongIsNotRefundedUnasked(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.subscribeAtStripe(account, "starter_v1_month")
		second := w.subscribeAtStripe(account, "pro_v1_month")
		w.deaf.Store(true)
		w.stripe.MustAdvance(31 * day)
		w.deaf.Store(false)
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.NoError(t, w.RunOps(w.ctx()))
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusActive)
		require.Empty(t, w.facts(account, billing.FactRefunded))
		require.Zero(t, w.mails(account, "second_subscription"), "nothing is promised that does not happen")
		require.EqualValues(t, 1, w.count("facts", "type = 'second_subscription'"), "but it is known")
	})
}

// TestO10_TheSecondEndsOnceTheFirstIsPaidAgain has the first past due for as long as the second is looked at, and then
// mended: what was rightly left alone before is one too many now.
func TestO10_TheSecondEndsOnceTheFirstIsPaidAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		first := w.subscribeAtStripe(account, "starter_v1_month")
		w.settle()
		w.stripe.MustAdvance(time.Hour)
		second := w.subscribeAtStripe(account, "pro_v1_month")
		w.stripe.MustIdle()
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("stripe_ops", "kind = 'end_second' AND state = 'pending'"))
		w.useCardFor(account, first.ID, "pm_card_chargeCustomerFail")
		updated, err := w.stripe.Client.Subscriptions.Update(first.ID, &stripe.SubscriptionParams{
			Items:             []*stripe.SubscriptionItemsParams{{ID: stripe.String(first.Items.Data[0].ID), Quantity: stripe.Int64(5)}},
			ProrationBehavior: stripe.String("always_invoice"),
		})
		require.NoError(t, err)
		require.Equal(t, stripe.SubscriptionStatusPastDue, updated.Status)
		w.settle()
		w.settle()
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusActive)

		w.useCardFor(account, first.ID, "pm_card_visa")
		_, err = w.stripe.Client.Invoices.Pay(updated.LatestInvoice.ID, nil)
		require.NoError(t, err)
		for range 3 {
			w.settle()
		}
		w.requireStatusAtStripe(second, stripe.SubscriptionStatusCanceled)
		require.Equal(t, []int64{7900}, w.facts(account, billing.FactRefunded), "all of it, once")
		require.EqualValues(t, 1, w.mails(account, "second_subscription"))
	})
}
