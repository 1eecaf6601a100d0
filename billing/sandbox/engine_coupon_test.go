package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

func (s *shop) coupon(params *stripe.CouponParams) string {
	s.t.Helper()
	c, err := s.Client.Coupons.New(params)
	require.NoError(s.t, err)
	return c.ID
}

func (s *shop) code(params *stripe.PromotionCodeParams) *stripe.PromotionCode {
	s.t.Helper()
	c, err := s.Client.PromotionCodes.New(params)
	require.NoError(s.t, err)
	return c
}

func TestRepeatingCoupon(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-31T00:00")
	half := s.coupon(&stripe.CouponParams{
		PercentOff: stripe.Float64(12.5), Duration: stripe.String("repeating"), DurationInMonths: stripe.Int64(3),
	})
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &half}}
	})
	require.Contains(t, s.events(), "customer.discount.created")
	require.Equal(t, s.at("2026-04-30T00:00"), s.sub(sub.ID).Discounts[0].End)
	s.to("2026-06-01T00:00")
	var totals []int64
	for _, inv := range s.invoices(sub.ID) {
		totals = append(totals, inv.Total)
	}
	require.Equal(t, []int64{1750, 1750, 1750, 2000, 2000}, totals)
	require.Empty(t, s.sub(sub.ID).Discounts)
	require.Contains(t, s.events(), "customer.discount.deleted")
}

func TestOnceCouponWaitsForWhatCosts(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	off := s.coupon(&stripe.CouponParams{AmountOff: stripe.Int64(500), Currency: stripe.String("usd")})
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(14)
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &off}}
	})
	preview := s.preview(sub, "", "")
	require.EqualValues(t, 1500, preview.Total)
	s.to("2026-05-01T00:00")
	var totals []int64
	for _, inv := range s.invoices(sub.ID) {
		totals = append(totals, inv.Total)
	}
	require.Equal(t, []int64{0, 1500, 2000}, totals)
}

func TestAmountOffSpreadsOverLines(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	off := s.coupon(&stripe.CouponParams{
		AmountOff: stripe.Int64(500), Currency: stripe.String("usd"), Duration: stripe.String("forever"),
	})
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter, func(p *stripe.SubscriptionParams) {
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &s.pro})
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &off}}
	})
	inv := s.sub(sub.ID).LatestInvoice
	require.EqualValues(t, 2500, inv.AmountPaid)
	require.EqualValues(t, 500, inv.TotalDiscountAmounts[0].Amount)
	off2 := map[string]int64{}
	for _, line := range inv.Lines.Data {
		off2[line.Price.ID] = line.DiscountAmounts[0].Amount
	}
	require.EqualValues(t, 500, off2[s.starter]+off2[s.pro])
	require.InDelta(t, 167, off2[s.starter], 1)
}

// What a coupon took off is not paid back when the plan changes.
func TestCreditsAreWhatWasPaid(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	half := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50), Duration: stripe.String("once")})
	sub := s.subscribe(s.buyer("pm_card_visa"), s.starter, func(p *stripe.SubscriptionParams) {
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &half}}
	})
	require.EqualValues(t, 500, s.sub(sub.ID).LatestInvoice.AmountPaid)
	s.to("2026-06-16T00:00")
	s.swap(sub, s.pro, "always_invoice")
	require.Equal(t, map[string]int64{
		"Unused time on Starter after 16 Jun 2026": -250, "Remaining time on Pro after 16 Jun 2026": 1000,
	}, lines(s.sub(sub.ID).LatestInvoice))
}

func TestPromotionCodeAtCheckout(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	quarter := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(25), Duration: stripe.String("forever")})
	code := s.code(&stripe.PromotionCodeParams{
		Coupon: &quarter, Code: stripe.String("SPRING"), MaxRedemptions: stripe.Int64(1),
		Restrictions: &stripe.PromotionCodeRestrictionsParams{FirstTimeTransaction: stripe.Bool(true)},
	})
	customer := s.buyer("")
	allow := func(p *stripe.CheckoutSessionParams) {
		p.AllowPromotionCodes = stripe.Bool(true)
		p.Customer = &customer
	}
	cs := s.checkout(s.pro, allow)
	apply := func(id, code string) error { return sandbox.ApplyPromotionCode(s.Sandbox.Sandbox, id, code) }
	require.ErrorContains(t, apply(cs.ID, "WINTER"), "This code is invalid.")
	require.NoError(t, apply(cs.ID, " spring "), "codes are typed by people")
	cs = s.session(cs.ID)
	require.EqualValues(t, 1500, cs.AmountTotal)
	require.EqualValues(t, 500, cs.TotalDetails.AmountDiscount)
	s.events()
	s.pay(cs, "4242424242424242")
	events := s.events()
	require.Contains(t, events, "customer.discount.created")
	require.Contains(t, events, "promotion_code.updated")
	done := s.session(cs.ID)
	require.EqualValues(t, 1500, done.Invoice.AmountPaid)
	got := s.sub(done.Subscription.ID)
	require.Equal(t, code.ID, got.Discounts[0].PromotionCode.ID)
	require.Equal(t, cs.ID, got.Discounts[0].CheckoutSession)

	other := s.checkout(s.pro, allow)
	require.ErrorContains(t, apply(other.ID, "SPRING"), "This code is invalid.", "it is used up")
	s.code(&stripe.PromotionCodeParams{
		Coupon: &quarter, Code: stripe.String("FIRST"),
		Restrictions: &stripe.PromotionCodeRestrictionsParams{FirstTimeTransaction: stripe.Bool(true)},
	})
	require.ErrorContains(t, apply(other.ID, "FIRST"), "prior transactions")
	s.code(&stripe.PromotionCodeParams{
		Coupon: &quarter, Code: stripe.String("SOON"), ExpiresAt: stripe.Int64(s.at("2026-03-01T12:00")),
	})
	require.NoError(t, apply(other.ID, "SOON"))
	s.to("2026-03-01T13:00")
	require.Error(t, apply(other.ID, "SOON"), "it has expired")
	_, err := s.Client.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &quarter, Code: stripe.String("first")})
	require.Contains(t, stripeError(t, err).Msg, "already exists")
}

func TestCouponRules(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	for want, params := range map[string]*stripe.CouponParams{
		"either percent_off or amount_off": {},
		"at most 100":                      {PercentOff: stripe.Float64(101)},
		"Missing required param: currency": {AmountOff: stripe.Int64(5)},
		"duration_in_months":               {PercentOff: stripe.Float64(5), Duration: stripe.String("repeating")},
	} {
		_, err := s.Client.Coupons.New(params)
		require.Contains(t, stripeError(t, err).Msg, want)
	}
	id := s.coupon(&stripe.CouponParams{
		ID: stripe.String("LAUNCH"), PercentOff: stripe.Float64(10), RedeemBy: stripe.Int64(s.at("2026-03-02T00:00")),
	})
	_, err := s.Client.Coupons.New(&stripe.CouponParams{ID: &id, PercentOff: stripe.Float64(10)})
	require.Equal(t, stripe.ErrorCodeResourceAlreadyExists, stripeError(t, err).Code)
	s.to("2026-03-03T00:00")
	_, err = s.trySubscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &id}}
	})
	require.Equal(t, stripe.ErrorCodeCouponExpired, stripeError(t, err).Code)
	deleted, err := s.Client.Coupons.Del(id, nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)
}
