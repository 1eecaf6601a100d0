package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// TestPlansArePrices makes, changes and deletes a price under its older name.
func TestPlansArePrices(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r))
	plan, err := s.Client.Plans.New(&stripe.PlanParams{
		Currency: stripe.String("usd"), Interval: stripe.String("month"), Amount: stripe.Int64(2000),
		Product: &stripe.PlanProductParams{Name: stripe.String("Pro")},
	})
	require.NoError(t, err)
	require.EqualValues(t, 2000, plan.Amount)
	price, err := s.Client.Prices.Get(plan.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 2000, price.UnitAmount)
	require.EqualValues(t, "month", price.Recurring.Interval)
	plan, err = s.Client.Plans.Update(plan.ID, &stripe.PlanParams{Nickname: stripe.String("monthly")})
	require.NoError(t, err)
	require.Equal(t, "monthly", plan.Nickname)
	list := s.Client.Plans.List(&stripe.PlanListParams{Product: stripe.String(price.Product.ID)})
	require.True(t, list.Next())
	require.Equal(t, "monthly", list.Plan().Nickname)
	_, err = s.Client.Plans.Del(plan.ID, nil)
	require.NoError(t, err)
	_, err = s.Client.Plans.Get(plan.ID, nil)
	require.ErrorContains(t, err, "No such plan: '"+plan.ID+"'")
	s.MustIdle()
	require.Equal(t, []string{
		"product.created", "plan.created", "price.created", "price.updated", "plan.updated",
		"plan.deleted", "price.deleted",
	}, r.Types())
}

// TestACustomerHasOneDiscount replaces a customer's coupon, and takes it away by an empty text.
func TestACustomerHasOneDiscount(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r))
	coupon := func(percent float64) string {
		made, err := s.Client.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(percent)})
		require.NoError(t, err)
		return made.ID
	}
	customer, err := s.Client.Customers.New(&stripe.CustomerParams{Coupon: stripe.String(coupon(20))})
	require.NoError(t, err)
	customer, err = s.Client.Customers.Update(customer.ID, &stripe.CustomerParams{Coupon: stripe.String(coupon(30))})
	require.NoError(t, err)
	require.InDelta(t, 30, customer.Discount.Coupon.PercentOff, 0)
	none := &stripe.CustomerParams{}
	none.AddExtra("coupon", "")
	customer, err = s.Client.Customers.Update(customer.ID, none)
	require.NoError(t, err)
	require.Nil(t, customer.Discount)
	s.MustIdle()
	require.Equal(t, []string{
		"coupon.created", "customer.discount.created", "customer.created", "coupon.created",
		"customer.discount.updated", "customer.discount.deleted", "customer.updated",
	}, r.Types())
}

// TestEndingATrialWithoutACard ends trials ahead of time: what the settings say for their end happens at once.
func TestEndingATrialWithoutACard(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]struct {
		status stripe.SubscriptionStatus
		event  string
	}{
		"pause":  {stripe.SubscriptionStatusPaused, "customer.subscription.paused"},
		"cancel": {stripe.SubscriptionStatusCanceled, "customer.subscription.deleted"},
	} {
		r := sandboxtest.NewReceiver(t)
		s := sandboxtest.New(t, sandboxtest.Forward(r))
		customer, err := s.Client.Customers.New(&stripe.CustomerParams{})
		require.NoError(t, err)
		price, err := s.Client.Prices.New(&stripe.PriceParams{
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(2000),
			Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String("month")},
			ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Pro")},
		})
		require.NoError(t, err)
		sub, err := s.Client.Subscriptions.New(&stripe.SubscriptionParams{
			Customer: stripe.String(customer.ID), TrialPeriodDays: stripe.Int64(7),
			Items: []*stripe.SubscriptionItemsParams{{Price: stripe.String(price.ID)}},
			TrialSettings: &stripe.SubscriptionTrialSettingsParams{
				EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{
					MissingPaymentMethod: stripe.String(behavior),
				},
			},
		})
		require.NoError(t, err)
		first := sub.LatestInvoice.ID
		s.MustIdle()
		before := len(r.Events())
		sub, err = s.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{TrialEndNow: stripe.Bool(true)})
		require.NoError(t, err)
		require.Equal(t, want.status, sub.Status)
		require.Equal(t, first, sub.LatestInvoice.ID, "nothing is invoiced")
		require.LessOrEqual(t, sub.TrialEnd, s.Now().Unix())
		s.MustIdle()
		require.Contains(t, r.Types()[before:], want.event)
		require.NotContains(t, r.Types()[before:], "customer.subscription.trial_will_end")
	}
}
