package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
)

func TestL08_UnpaidIsRevokedAndPayingRestores(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		require.NoError(t, w.stripe.SetDunning(w.ctx(), sandbox.Dunning{Days: []int64{1, 3, 5, 7}, End: "unpaid"}))
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		w.useCard(account, "pm_card_chargeCustomerFail")
		w.settle()
		w.stripe.MustAdvance(31*day + 2*time.Hour)
		w.settle()
		w.stripe.MustAdvance(8 * day)
		w.settle()
		require.Equal(t, "unpaid", w.subscription(account).Status)
		access := w.access(account)
		require.Equal(t, billing.LevelLimited, access.Level)
		require.Equal(t, billing.ReasonUnpaid, access.Reason)
		require.False(t, access.MayAdd(plan.Projects, 0))
		require.False(t, access.Can(plan.API))
		require.True(t, access.Can(plan.Export), "what is theirs they may take out")

		w.useCard(account, "pm_card_visa")
		w.settle()
		_, err := w.stripe.Client.Invoices.Pay(w.lastInvoice(account).StripeID, nil)
		require.NoError(t, err)
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		w.requireLedgerAddsUp(account)
	})
}

func TestL09_CancelAtADateInTheMiddle(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		at := w.stripe.Now().Add(10 * day).Truncate(time.Second)
		_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID, &stripe.SubscriptionParams{
			CancelAt: stripe.Int64(at.Unix()), ProrationBehavior: stripe.String("none"),
		})
		require.NoError(t, err)
		w.settle()
		access := w.access(account)
		require.Equal(t, billing.ReasonEnding, access.Reason)
		require.WithinDuration(t, at, access.Until, time.Second)
		require.NoError(t, w.Resume(w.ctx(), account.ID))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
	})
}

// TestL12_ADelayedPaymentGrantsOnceItIsThere: Stripe may call a subscription active whose first payment is on its way,
// and go on doing so when it has failed.
func TestL12_ADelayedPaymentGrantsOnceItIsThere(t *testing.T) {
	t.Parallel()
	oddWorlds(t, func(t *testing.T, w *world, odd *oddStripe) {
		account := w.account("ada")
		w.settle()
		w.useTrial(account)
		first := func(status string) func(*billing.Snapshot) {
			return func(s *billing.Snapshot) {
				for i := range s.Invoices {
					s.Invoices[i].Status, s.Invoices[i].PaidAt = status, nil
				}
			}
		}
		odd.with(first("open"))
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		require.Equal(t, "active", w.subscription(account).Status)
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.Equal(t, billing.ReasonProcessing, w.access(account).Reason)
		odd.with(first("uncollectible")) // the payment has failed for good
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		odd.with(nil) // it has arrived
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
	})
}

func TestL16_AnUnknownPriceKeepsThePreviousPlanForADay(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		sub, err := w.stripe.Client.Subscriptions.Get(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		price, err := w.stripe.Client.Prices.New(&stripe.PriceParams{
			Product: &sub.Items.Data[0].Price.Product.ID, Currency: stripe.String("usd"), UnitAmount: stripe.Int64(99_900),
			Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		})
		require.NoError(t, err)
		_, err = w.stripe.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &price.ID}},
			ProrationBehavior: stripe.String("none"),
		})
		require.NoError(t, err)
		w.settle()
		access := w.access(account)
		require.Equal(t, "starter", access.Granted.Key, "what was had, and nothing guessed from the price")
		require.Equal(t, billing.LevelFull, access.Level)
		w.stripe.MustAdvance(25 * time.Hour)
		w.settle()
		require.Equal(t, billing.LevelNone, w.access(account).Level)
		require.Equal(t, billing.ReasonUnknownPrice, w.access(account).Reason)
	})
}

func TestL18_WhatTheDashboardChangesIsMirrored(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		sub, err := w.stripe.Client.Subscriptions.Get(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		change := func(params *stripe.SubscriptionParams) {
			t.Helper()
			params.ProrationBehavior = stripe.String("none")
			_, err := w.stripe.Client.Subscriptions.Update(sub.ID, params)
			require.NoError(t, err)
			w.settle()
		}
		prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
		require.True(t, prices.Next())
		item := sub.Items.Data[0].ID
		change(&stripe.SubscriptionParams{Items: []*stripe.SubscriptionItemsParams{{ID: &item, Price: &prices.Price().ID}}})
		require.Equal(t, "pro", w.access(account).Granted.Key)
		change(&stripe.SubscriptionParams{Items: []*stripe.SubscriptionItemsParams{{ID: &item, Quantity: stripe.Int64(3)}}})
		require.EqualValues(t, 3, w.subscription(account).Quantity)
		require.EqualValues(t, 23_700, w.subscription(account).NextAmount)
		coupon, err := w.stripe.Client.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(50), Duration: stripe.String("forever")})
		require.NoError(t, err)
		change(&stripe.SubscriptionParams{Coupon: &coupon.ID})
		require.EqualValues(t, 11_850, w.subscription(account).NextAmount)
		require.EqualValues(t, 11_850, w.subscription(account).MRR)
		_, err = w.stripe.Client.Subscriptions.Cancel(sub.ID, nil)
		require.NoError(t, err)
		w.settle()
		require.Equal(t, billing.ReasonCanceled, w.access(account).Reason)
		w.requireLedgerAddsUp(account)
	})
}

// TestM10_TaxIsNoRevenue has a tax on the invoice, which neither the MRR nor the price on the page counts.
func TestM10_TaxIsNoRevenue(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		rate, err := w.stripe.Client.TaxRates.New(&stripe.TaxRateParams{
			DisplayName: stripe.String("VAT"), Percentage: stripe.Float64(20), Inclusive: stripe.Bool(false),
		})
		require.NoError(t, err)
		_, err = w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID,
			&stripe.SubscriptionParams{DefaultTaxRates: []*string{&rate.ID}})
		require.NoError(t, err)
		w.stripe.MustAdvance(31*day + 2*time.Hour)
		w.settle()
		require.EqualValues(t, 9480, w.lastInvoice(account).Total)
		require.EqualValues(t, 7900, w.subscription(account).MRR)
		w.requireLedgerAddsUp(account)
	})
}

// TestM10_TaxThatCannotBeWorkedOutIsTold has an invoice that Stripe cannot finalise, because nobody knows where its
// customer is: those who run the product are told once, and nothing is taken away or counted.
func TestM10_TaxThatCannotBeWorkedOutIsTold(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		w.unbillable(account)
		for range 2 {
			w.settle()
			require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		}
		require.EqualValues(t, 1, w.count("mails", "kind = 'finalization_failed' AND to_address = 'admin@example.com'"))
		require.True(t, w.openAlert(billing.AlertFinalization))
		require.Equal(t, billing.LevelFull, w.access(account).Level)
		require.EqualValues(t, 7900, w.subscription(account).MRR)
		w.requireLedgerAddsUp(account)
	})
}
