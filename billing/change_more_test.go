package billing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// TestF14_AChangeThatWaitsIsNotMixedWithAnother has another switch, a downgrade and a cancellation meet a change that
// the bank has been asked about.
func TestF14_AChangeThatWaitsIsNotMixedWithAnother(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.useCard(account, "pm_card_authenticationRequired")
		now, later := w.offer(account, "pro_v1_month"), w.offer(account, "pro_v1_year")
		require.Equal(t, billing.OutcomeAction, w.confirm(account, now).Kind)
		_, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "starter_v1_year"})
		require.True(t, fault.Is(err, "change_waiting"))
		require.Equal(t, billing.Outcome{Kind: billing.OutcomeRefused, Code: "change_waiting"}, w.confirm(account, later),
			"an offer from before it waited")
		require.Equal(t, "pro_v1_month", w.subscription(account).PendingLookupKey)

		// It is taken back by keeping what there is.
		require.Equal(t, billing.OutcomeDone, w.confirm(account, w.offer(account, "starter_v1_month")).Kind)
		require.Empty(t, w.subscription(account).PendingLookupKey)
		require.Zero(t, w.count("invoices", "status = 'open'"), "nothing is left that could be paid")
		_, err = w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "starter_v1_month"})
		require.True(t, fault.Is(err, "already_subscribed"))

		// Cancelling means it, whatever waits.
		require.Equal(t, billing.OutcomeAction, w.confirm(account, w.offer(account, "pro_v1_month")).Kind)
		require.NoError(t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{}))
		require.True(t, w.subscription(account).CancelAtPeriodEnd)
		require.Empty(t, w.subscription(account).PendingLookupKey)
		require.Equal(t, "starter", w.access(account).Granted.Key)
		require.Zero(t, w.count("invoices", "status = 'open'"))
		w.settle()
		w.requireLedgerAddsUp(account)
	})
}

// TestF14_AnAnswerThatIsLostKeepsTheWayToTheBank has Stripe make the change wait, and its answer get lost.
func TestF14_AnAnswerThatIsLostKeepsTheWayToTheBank(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.useCard(account, "pm_card_authenticationRequired")
		change := w.offer(account, "pro_v1_month")
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/subscriptions/*", Status: 500, AfterCommit: true, Times: -1})
		_, err := w.ConfirmChange(w.ctx(), account.ID, change.ID)
		require.Error(t, err)
		w.stripe.ClearFaults()
		w.hurry()
		w.settle()
		outcome := w.confirm(account, change)
		require.Equal(t, billing.OutcomeAction, outcome.Kind)
		require.NotEmpty(t, outcome.URL)
		require.Equal(t, "pro_v1_month", w.subscription(account).PendingLookupKey)
	})
}

// hurry makes every operation due that waits for its next try.
func (w *world) hurry() {
	w.t.Helper()
	require.NoError(w.t, w.db.Write(w.ctx()).Model(&models.StripeOp{}).Where("state = 'pending'").
		Update("next_at", time.Now().UTC().Add(-time.Second)).Error)
}

// TestO14_UpgradeAndCancelTogether submits both at once, with a second upgrade beside them.
func TestO14_UpgradeAndCancelTogether(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		month, year := w.offer(account, "pro_v1_month"), w.offer(account, "pro_v1_year")
		var group errgroup.Group
		group.Go(func() error { return w.Cancel(w.ctx(), account.ID, billing.CancelReason{Feedback: "unused"}) })
		outcomes := make([]billing.Change, 2)
		for i, change := range []billing.Change{month, year} {
			group.Go(func() (err error) {
				outcomes[i], err = w.ConfirmChange(w.ctx(), account.ID, change.ID)
				return err
			})
		}
		require.NoError(t, group.Wait())
		w.settle()
		sub, err := w.stripe.Client.Subscriptions.Get(w.subscription(account).StripeID, nil)
		require.NoError(t, err)
		require.True(t, sub.CancelAtPeriodEnd, "the cancellation is not lost")
		require.True(t, w.subscription(account).CancelAtPeriodEnd)
		require.Equal(t, sub.Items.Data[0].Price.LookupKey, w.subscription(account).LookupKey, "and we know what Stripe knows")
		done := 0
		for i, change := range []billing.Change{month, year} {
			if outcomes[i].Outcome.Kind == billing.OutcomeDone {
				done++
				require.Equal(t, change.Quote.Total, w.lastInvoice(account).Total, "what was shown is what was billed")
			}
		}
		require.LessOrEqual(t, done, 1, "of two upgrades at most one")
		require.EqualValues(t, 1+done, w.count("invoices", "1 = 1"))
	})
}

// TestO18_TheSameClickAgain does everything twice at once that a page can ask for.
func TestO18_TheSameClickAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		twice := func(act func() error) {
			t.Helper()
			before := w.mutations()
			var group errgroup.Group
			for range 2 {
				group.Go(act)
			}
			require.NoError(t, group.Wait())
			for key, times := range w.mutations() {
				require.LessOrEqual(t, times-before[key], 1, key)
			}
		}
		up := w.offer(account, "pro_v1_month")
		twice(func() error { _, err := w.ConfirmChange(w.ctx(), account.ID, up.ID); return err })
		down := w.offer(account, "starter_v1_month")
		twice(func() error { _, err := w.ConfirmChange(w.ctx(), account.ID, down.ID); return err })
		twice(func() error { return w.Cancel(w.ctx(), account.ID, billing.CancelReason{}) })
		twice(func() error { return w.Resume(w.ctx(), account.ID) })
		require.EqualValues(t, 2, w.count("invoices", "1 = 1"), "one proration")
	})
}

// mutations counts the mutating requests at Stripe by what they were for.
func (w *world) mutations() map[string]int {
	w.t.Helper()
	counts := map[string]int{}
	for _, r := range w.requests() {
		counts[r.Method+" "+r.Path+" "+r.Params]++
	}
	return counts
}

// requests are the requests to change something that came from the app, which says who it is, and not from a test.
func (w *world) requests() []sandbox.LoggedRequest {
	w.t.Helper()
	var logged []sandbox.LoggedRequest
	require.NoError(w.t, w.stripe.View(w.ctx(), func(tx *sandbox.Tx) error {
		all, err := tx.Requests(1000)
		for _, r := range all {
			if r.Method != "GET" && r.Path != "/v1/invoices/create_preview" {
				logged = append(logged, r)
			}
		}
		return err
	}))
	return logged
}

func TestM03_UpgradeAndDowngradeTwentyTimes(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		w.stripe.MustAdvance(7 * day)
		w.settle()
		var shown int64
		done, limited := 0, 0
		for i := range 20 {
			key := []string{"pro_v1_month", "starter_v1_month", "pro_v1_month", "starter_v1_year"}[i%4]
			id, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: key})
			if fault.Is(err, "already_subscribed") {
				continue
			}
			require.NoError(t, err)
			change, err := w.ConfirmChange(w.ctx(), account.ID, id)
			if fault.Is(err, "change_often") {
				limited++
				continue
			}
			require.NoError(t, err)
			require.Equal(t, billing.OutcomeDone, change.Outcome.Kind)
			shown += change.Quote.Total
			done++
		}
		require.LessOrEqual(t, done, 11, "ten an hour, and keeping what there is")
		require.Positive(t, limited)
		w.settle()
		var invoiced int64
		list := w.stripe.Client.Invoices.List(&stripe.InvoiceListParams{})
		for list.Next() {
			require.GreaterOrEqual(t, list.Invoice().Total, int64(0), "no switch gives money back")
			if list.Invoice().BillingReason == stripe.InvoiceBillingReasonSubscriptionUpdate {
				invoiced += list.Invoice().Total
			}
		}
		require.Equal(t, shown, invoiced)
		require.Less(t, invoiced, int64(7900-2900), "one proration, and no more")
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		at, err := w.stripe.Client.Customers.Get(customer, nil)
		require.NoError(t, err)
		require.Zero(t, at.Balance)
		w.requireLedgerAddsUp(account)
	})
}

// euros is a catalog that also sells one plan in another currency.
func euros(o *billing.Options) {
	for i := range o.Catalog.Plans {
		if p := &o.Catalog.Plans[i]; p.Key == "pro" {
			p.Prices = append(p.Prices, plan.Price{
				LookupKey: "pro_v1_month_eur", Interval: plan.Month, Money: plan.Money{Amount: 7500, Currency: "eur"},
			})
		}
	}
}

func TestM04_AnotherCurrency(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "starter_v1_month", "pm_card_visa")
		_, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "pro_v1_month_eur"})
		require.True(t, fault.Is(err, "currency_mismatch"), "%v", err)
		require.Zero(t, w.count("stripe_ops", "state = 'offered'"))

		// A contract in dollars, made in the dashboard, which is no plan of ours: only Stripe knows that it binds.
		bound := w.account("grace")
		customer, err := w.EnsureCustomer(w.ctx(), bound.ID)
		require.NoError(t, err)
		_, err = w.stripe.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
			Customer: &customer, Amount: stripe.Int64(500), Currency: stripe.String("usd"),
		})
		require.NoError(t, err)
		_, err = w.start(bound, "pro_v1_month_eur", 1)
		require.True(t, fault.Is(err, "currency_mismatch"), "%v", err)
		require.NotContains(t, fault.From(err).Error(), "cus_")
		require.Zero(t, w.count("checkouts", "account_id = ? AND state IN ('creating', 'open')", bound.ID), "nothing half made")
		_, err = w.start(bound, "pro_v1_month", 1)
		require.NoError(t, err)
	}, euros)
}

// TestM09_WhatCostsLessGrantsNothing puts our lookup key on a price of a dollar, and on one in another currency.
func TestM09_WhatCostsLessGrantsNothing(t *testing.T) {
	t.Parallel()
	for name, cheap := range map[string]*stripe.PriceParams{
		"amount":   {UnitAmount: stripe.Int64(100), Currency: stripe.String("usd")},
		"currency": {UnitAmount: stripe.Int64(7900), Currency: stripe.String("jpy")},
		"interval": {UnitAmount: stripe.Int64(7900), Currency: stripe.String("usd"), Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("year")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.account("ada")
				prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro_v1_month"})})
				require.True(t, prices.Next())
				params := *cheap
				params.Product, params.LookupKey = &prices.Price().Product.ID, stripe.String("pro_v1_month")
				params.TransferLookupKey = stripe.Bool(true)
				if params.Recurring == nil {
					params.Recurring = &stripe.PriceRecurringParams{Interval: stripe.String("month")}
				}
				_, err := w.stripe.Client.Prices.New(&params)
				require.NoError(t, err)
				w.subscribeAtStripe(account, "pro_v1_month")
				w.settle()
				access := w.access(account)
				require.Equal(t, billing.LevelNone, access.Level)
				require.Equal(t, billing.ReasonUnknownPrice, access.Reason)
				require.EqualValues(t, 1, w.count("facts", "type = ?", billing.FactPriceMismatch), "somebody is told")
			})
		})
	}
}

func TestM05_CouponsThatLeaveNothing(t *testing.T) {
	t.Parallel()
	for name, coupon := range map[string]*stripe.CouponParams{
		"all of it":           {PercentOff: stripe.Float64(100), Duration: stripe.String("forever")},
		"more than the price": {AmountOff: stripe.Int64(99_999), Currency: stripe.String("usd"), Duration: stripe.String("forever")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.account("ada")
				params := *coupon
				made, err := w.stripe.Client.Coupons.New(&params)
				require.NoError(t, err)
				w.subscribeWith(account, "pro_v1_month", made.ID)
				w.settle()
				require.Equal(t, billing.ReasonActive, w.access(account).Reason, "an invoice over nothing grants too")
				sub := w.subscription(account)
				require.Zero(t, sub.MRR)
				require.Zero(t, sub.NextAmount)
				w.stripe.MustAdvance(31*day + 2*time.Hour)
				w.settle()
				require.Equal(t, billing.ReasonActive, w.access(account).Reason)
				require.Zero(t, w.count("invoices", "total <> 0"))
				require.Zero(t, w.mails(account, "receipt"))
				w.requireLedgerAddsUp(account)
			})
		})
	}
}

// subscribeWith makes a subscription at Stripe, with a coupon if there is one.
func (w *world) subscribeWith(account models.Account, lookupKey, coupon string) {
	w.t.Helper()
	customer, err := w.EnsureCustomer(w.ctx(), account.ID)
	require.NoError(w.t, err)
	method, err := w.stripe.Client.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &customer})
	require.NoError(w.t, err)
	prices := w.stripe.Client.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{lookupKey})})
	require.True(w.t, prices.Next())
	params := &stripe.SubscriptionParams{
		Customer: &customer, DefaultPaymentMethod: &method.ID,
		Items: []*stripe.SubscriptionItemsParams{{Price: &prices.Price().ID}},
	}
	if coupon != "" {
		params.Coupon = &coupon
	}
	_, err = w.stripe.Client.Subscriptions.New(params)
	require.NoError(w.t, err, fmt.Sprintf("subscribe to %s", lookupKey))
}

// TestM05_StackedCouponsAreAllCounted compares what is shown of a plan with two discounts, or with one of its customer's,
// with what is taken.
func TestM05_StackedCouponsAreAllCounted(t *testing.T) {
	t.Parallel()
	half := &stripe.CouponParams{PercentOff: stripe.Float64(50), Duration: stripe.String("forever")}
	ten := &stripe.CouponParams{AmountOff: stripe.Int64(1000), Currency: stripe.String("usd"), Duration: stripe.String("forever")}
	much := &stripe.CouponParams{AmountOff: stripe.Int64(5000), Currency: stripe.String("usd"), Duration: stripe.String("forever")}
	for name, tc := range map[string]struct {
		coupons  []*stripe.CouponParams
		customer bool
		want     int64
	}{
		"half and then ten": {[]*stripe.CouponParams{half, ten}, false, 2950},
		"ten and then half": {[]*stripe.CouponParams{ten, half}, false, 3450},
		"more than all":     {[]*stripe.CouponParams{half, much}, false, 0},
		"the customer's":    {[]*stripe.CouponParams{half}, true, 3950},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.paid("ada", "pro_v1_month", "pm_card_visa")
				change := &stripe.SubscriptionParams{ProrationBehavior: stripe.String("none")}
				for _, coupon := range tc.coupons {
					params := *coupon
					made, err := w.stripe.Client.Coupons.New(&params)
					require.NoError(t, err)
					if tc.customer {
						_, err = w.stripe.Client.Customers.Update(w.customerOf(account), &stripe.CustomerParams{Coupon: &made.ID})
						require.NoError(t, err)
					}
					change.Discounts = append(change.Discounts, &stripe.SubscriptionDiscountParams{Coupon: &made.ID})
				}
				if !tc.customer {
					_, err := w.stripe.Client.Subscriptions.Update(w.subscription(account).StripeID, change)
					require.NoError(t, err)
				}
				w.settle()
				require.Equal(t, tc.want, w.subscription(account).NextAmount)
				require.Equal(t, tc.want, w.subscription(account).MRR)
				w.stripe.MustAdvance(31*day + 2*time.Hour)
				w.settle()
				require.Equal(t, tc.want, w.lastInvoice(account).Total, "what was shown is what was taken")
				require.Equal(t, billing.ReasonActive, w.access(account).Reason)
				w.requireLedgerAddsUp(account)
			})
		})
	}
}

// TestM05_TheNextPaymentIsShownNetOfTheDiscount compares what an offer says of the payment after it with the invoice.
func TestM05_TheNextPaymentIsShownNetOfTheDiscount(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		coupon *stripe.CouponParams
		want   int64
	}{
		"for good":       {&stripe.CouponParams{PercentOff: stripe.Float64(20), Duration: stripe.String("forever")}, 6320},
		"once":           {&stripe.CouponParams{PercentOff: stripe.Float64(20), Duration: stripe.String("once")}, 7900},
		"for a month":    {&stripe.CouponParams{PercentOff: stripe.Float64(20), Duration: stripe.String("repeating"), DurationInMonths: stripe.Int64(1)}, 7900},
		"for two months": {&stripe.CouponParams{AmountOff: stripe.Int64(1000), Currency: stripe.String("usd"), Duration: stripe.String("repeating"), DurationInMonths: stripe.Int64(2)}, 6900},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				account := w.account("ada")
				params := *tc.coupon
				made, err := w.stripe.Client.Coupons.New(&params)
				require.NoError(t, err)
				w.subscribeWith(account, "starter_v1_month", made.ID)
				w.settle()
				change := w.offer(account, "pro_v1_month")
				require.Equal(t, billing.OutcomeDone, w.confirm(account, change).Kind)
				require.EqualValues(t, tc.want, change.Next.Amount)
				w.stripe.MustAdvance(31*day + 2*time.Hour)
				w.settle()
				require.EqualValues(t, tc.want, w.lastInvoice(account).Total, "what was shown is what was taken")
			})
		})
	}
}

// TestAPlannedChangeIsTheNextPayment has the amount of the plan to come wherever the next payment is named.
func TestAPlannedChangeIsTheNextPayment(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.paid("ada", "pro_v1_month", "pm_card_visa")
		down := w.offer(account, "starter_v1_month")
		require.EqualValues(t, 2900, down.Next.Amount)
		require.Equal(t, billing.OutcomeDone, w.confirm(account, down).Kind)
		require.EqualValues(t, 2900, w.access(account).Next.Amount)
		require.EqualValues(t, 7900, w.subscription(account).MRR, "which is paid by until then")
	})
}
