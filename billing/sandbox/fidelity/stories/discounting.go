package stories

import "github.com/stripe/stripe-go/v81"

// discounted subscribes to 20 dollars a month with a coupon, and returns how to go on to the next month.
func (p *Player) discounted(coupon *stripe.CouponParams) (*stripe.Subscription, func() int64) {
	made := ok(p.Coupons.New(coupon))
	clock := p.clock()
	sub := p.subscribe(p.buyer("pm_card_visa", clock), p.monthly(2000), func(s *stripe.SubscriptionParams) {
		s.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: stripe.String(made.ID)}}
	})
	same("the first invoice", p.latest(sub).AmountPaid, 1500)
	return sub, func() int64 {
		p.advance(clock, p.sub(sub.ID).CurrentPeriodEnd+afterDraft)
		return p.latest(sub).AmountPaid
	}
}

func couponOnce(p *Player) {
	_, next := p.discounted(&stripe.CouponParams{PercentOff: stripe.Float64(25), Duration: stripe.String("once")})
	same("the second invoice", next(), 2000)
}

func couponMonths(p *Player) {
	_, next := p.discounted(&stripe.CouponParams{
		AmountOff: stripe.Int64(500), Currency: stripe.String("usd"), Duration: stripe.String("repeating"),
		DurationInMonths: stripe.Int64(2),
	})
	same("the second invoice", next(), 1500)
	same("the third invoice", next(), 2000)
}

func couponForever(p *Player) {
	sub, next := p.discounted(&stripe.CouponParams{PercentOff: stripe.Float64(25), Duration: stripe.String("forever")})
	same("the second invoice", next(), 1500)
	ok(p.Subscriptions.DeleteDiscount(sub.ID, nil))
	same("the discounts", len(p.sub(sub.ID).Discounts), 0)
	same("the third invoice", next(), 2000)
}

func promotionCode(p *Player) {
	coupon := ok(p.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(50), Duration: stripe.String("once")}))
	code := ok(p.PromotionCodes.New(&stripe.PromotionCodeParams{
		Coupon: stripe.String(coupon.ID), MaxRedemptions: stripe.Int64(1),
	}))
	same("being active", code.Active, true)
	price := p.monthly(2000)
	use := func(s *stripe.SubscriptionParams) {
		s.Discounts = []*stripe.SubscriptionDiscountParams{{PromotionCode: stripe.String(code.ID)}}
	}
	same("the discounted payment", p.latest(p.subscribe(p.buyer("pm_card_visa", nil), price, use)).AmountPaid, 1000)
	code = ok(p.PromotionCodes.Get(code.ID, nil))
	same("the uses", code.TimesRedeemed, 1)
	same("being active after its last use", code.Active, false)
	second := &stripe.SubscriptionParams{
		Customer: stripe.String(p.buyer("pm_card_visa", nil).ID),
		Items:    []*stripe.SubscriptionItemsParams{{Price: stripe.String(price.ID)}},
	}
	use(second)
	same("the refusal", refused(p.Subscriptions.New(second)).HTTPStatusCode, 400)
}

func taxRates(p *Player) {
	rate := func(percent float64, inclusive bool) string {
		return ok(p.TaxRates.New(&stripe.TaxRateParams{
			DisplayName: stripe.String("VAT"), Percentage: stripe.Float64(percent), Inclusive: stripe.Bool(inclusive),
		})).ID
	}
	taxed := func(cents int64, rate string) *stripe.Invoice {
		return p.latest(p.subscribe(p.buyer("pm_card_visa", nil), p.monthly(cents), func(s *stripe.SubscriptionParams) {
			s.DefaultTaxRates = stripe.StringSlice([]string{rate})
		}))
	}
	inv := taxed(1000, rate(20, false))
	same("the total with tax on top", inv.Total, 1200)
	same("the tax on top", inv.Tax, 200)
	same("the total before tax", inv.TotalExcludingTax, 1000)
	inv = taxed(1100, rate(10, true))
	same("the total with tax inside", inv.Total, 1100)
	same("the tax inside", inv.Tax, 100)
	same("being inside", inv.TotalTaxAmounts[0].Inclusive, true)
}
