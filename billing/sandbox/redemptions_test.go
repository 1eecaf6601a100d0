package sandbox_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
)

// redeemers are all the ways to redeem a promotion code by the API or the checkout page. Every purchase comes to 20
// dollars.
func (s *shop) redeemers(customer string) map[string]func(code *stripe.PromotionCode) error {
	sub := s.subscribe(customer, s.starter)
	session := func(change func(*stripe.CheckoutSessionParams)) (*stripe.CheckoutSession, error) {
		params := &stripe.CheckoutSessionParams{
			Mode: stripe.String("payment"), Customer: &customer, SuccessURL: stripe.String("http://localhost:8080/"),
			LineItems: []*stripe.CheckoutSessionLineItemParams{{
				Quantity: stripe.Int64(1), PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
					Currency: stripe.String("usd"), Product: &s.proProduct, UnitAmount: stripe.Int64(2000),
				},
			}},
		}
		change(params)
		return s.Client.CheckoutSessions.New(params)
	}
	return map[string]func(*stripe.PromotionCode) error{
		"checkout session": func(code *stripe.PromotionCode) error {
			_, err := session(func(p *stripe.CheckoutSessionParams) {
				p.Discounts = []*stripe.CheckoutSessionDiscountParams{{PromotionCode: &code.ID}}
			})
			return err
		},
		"checkout page": func(code *stripe.PromotionCode) error {
			cs, err := session(func(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) })
			require.NoError(s.t, err)
			return sandbox.ApplyPromotionCode(s.Sandbox.Sandbox, cs.ID, code.Code)
		},
		"new subscription": func(code *stripe.PromotionCode) error {
			_, err := s.trySubscribe(customer, s.pro, func(p *stripe.SubscriptionParams) {
				p.Discounts = []*stripe.SubscriptionDiscountParams{{PromotionCode: &code.ID}}
			})
			return err
		},
		"new subscription, the old way": func(code *stripe.PromotionCode) error {
			_, err := s.trySubscribe(customer, s.pro, func(p *stripe.SubscriptionParams) { p.PromotionCode = &code.ID })
			return err
		},
		"subscription update": func(code *stripe.PromotionCode) error {
			_, err := s.Client.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
				Discounts: []*stripe.SubscriptionDiscountParams{{PromotionCode: &code.ID}},
			})
			return err
		},
		"invoice": func(code *stripe.PromotionCode) error {
			item, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
				Customer: &customer, Amount: stripe.Int64(2000), Currency: stripe.String("usd"),
			})
			require.NoError(s.t, err)
			_, refused := s.Client.Invoices.New(&stripe.InvoiceParams{
				Customer: &customer, PendingInvoiceItemsBehavior: stripe.String("include"),
				Discounts: []*stripe.InvoiceDiscountParams{{PromotionCode: &code.ID}},
			})
			_, err = s.Client.InvoiceItems.Del(item.ID, nil) // It would count for the next subscription.
			require.NoError(s.t, err)
			return refused
		},
		"invoice item": func(code *stripe.PromotionCode) error {
			item, err := s.Client.InvoiceItems.New(&stripe.InvoiceItemParams{
				Customer: &customer, Amount: stripe.Int64(2000), Currency: stripe.String("usd"),
				Discounts: []*stripe.InvoiceItemDiscountParams{{PromotionCode: &code.ID}},
			})
			if err == nil {
				_, err = s.Client.InvoiceItems.Del(item.ID, nil)
			}
			return err
		},
		"customer": func(code *stripe.PromotionCode) error {
			_, err := s.Client.Customers.Update(customer, &stripe.CustomerParams{PromotionCode: &code.ID})
			return err
		},
	}
}

// refusal is what an error says, whether the API or a page returns it.
func refusal(err error) string {
	var api *stripe.Error
	var own *sandbox.Error
	switch {
	case errors.As(err, &api):
		return api.Msg
	case errors.As(err, &own):
		return own.Message
	}
	return ""
}

func TestLimitsHoldWhereverACodeIsRedeemed(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	half := func() *string {
		id := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50)})
		return &id
	}
	restricted := func(r *stripe.PromotionCodeRestrictionsParams) *stripe.PromotionCode {
		return s.code(&stripe.PromotionCodeParams{Coupon: half(), Restrictions: r})
	}
	redeem := func(code *stripe.PromotionCode) {
		s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) { p.PromotionCode = &code.ID })
	}
	customer := s.buyer("pm_card_visa")
	ways := s.redeemers(customer)
	once := s.code(&stripe.PromotionCodeParams{Coupon: half(), MaxRedemptions: stripe.Int64(1)})
	soon := s.code(&stripe.PromotionCodeParams{Coupon: half(), ExpiresAt: stripe.Int64(s.at("2026-03-02T00:00"))})
	off := s.code(&stripe.PromotionCodeParams{Coupon: half(), Active: stripe.Bool(false)})
	theirs := s.code(&stripe.PromotionCodeParams{Coupon: half(), Customer: stripe.String(s.buyer(""))})
	usedUp := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50), MaxRedemptions: stripe.Int64(1)})
	spent := s.code(&stripe.PromotionCodeParams{Coupon: &usedUp})
	oldCoupon := s.coupon(&stripe.CouponParams{
		PercentOff: stripe.Float64(50), RedeemBy: stripe.Int64(s.at("2026-03-02T00:00")),
	})
	old := s.code(&stripe.PromotionCodeParams{Coupon: &oldCoupon})
	first := restricted(&stripe.PromotionCodeRestrictionsParams{FirstTimeTransaction: stripe.Bool(true)})
	large := restricted(&stripe.PromotionCodeRestrictionsParams{
		MinimumAmount: stripe.Int64(2001), MinimumAmountCurrency: stripe.String("usd"),
	})
	abroad := restricted(&stripe.PromotionCodeRestrictionsParams{
		MinimumAmount: stripe.Int64(100), MinimumAmountCurrency: stripe.String("eur"),
	})
	euro := s.coupon(&stripe.CouponParams{AmountOff: stripe.Int64(500), Currency: stripe.String("eur")})
	foreign := s.code(&stripe.PromotionCodeParams{Coupon: &euro})
	redeem(once)
	redeem(spent)
	s.to("2026-03-02T01:00")
	// The page does not say more of a code that is not active than that it is invalid.
	gone, inactive := "This code is invalid.", "This promotion code is not active."
	changing := "restriction and the amount may change."
	for name, tt := range map[string]struct {
		code               *stripe.PromotionCode
		text, page, update string
	}{
		"used up":        {once, "used the maximum number of times.", gone, ""},
		"expired":        {soon, "This promotion code has expired.", gone, ""},
		"inactive":       {off, inactive, gone, ""},
		"somebody's":     {theirs, "cannot be redeemed by this customer.", "", ""},
		"coupon used up": {spent, inactive, gone, ""},
		"coupon expired": {old, inactive, gone, ""},
		"first time":     {first, "the associated customer has prior transactions.", "", ""},
		"minimum":        {large, "does not meet the minimum amount requirement.", "", changing},
		"other minimum":  {abroad, "does not meet the minimum amount requirement.", "", changing},
		"currency":       {foreign, "only supports `eur`. This doesn't match the expected currency: `usd`.", "", ""},
	} {
		for way, redeem := range ways {
			want := tt.text
			switch {
			case way == "checkout page" && tt.page != "":
				want = tt.page
			case (way == "customer" || way == "subscription update") && tt.update != "":
				want = tt.update
			}
			require.Contains(t, refusal(redeem(tt.code)), want, "%s by %s", name, way)
		}
	}
	for way, redeem := range map[string]string{"new subscription": usedUp, "another": oldCoupon} {
		_, err := s.trySubscribe(customer, s.pro, func(p *stripe.SubscriptionParams) { p.Coupon = &redeem })
		require.Equal(t, "Coupon expired: "+redeem, stripeError(t, err).Msg, way)
		require.Equal(t, stripe.ErrorCodeCouponExpired, stripeError(t, err).Code)
	}
	enough := restricted(&stripe.PromotionCodeRestrictionsParams{
		MinimumAmount: stripe.Int64(2000), MinimumAmountCurrency: stripe.String("usd"),
	})
	for way, redeem := range ways {
		if way == "customer" || way == "subscription update" {
			continue
		}
		require.NoError(t, redeem(enough), way)
	}
}

// A minimum and an amount in further currencies, and what may be said of them.
func TestDiscountsInFurtherCurrencies(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	euros, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &s.proProduct, Currency: stripe.String("eur"), UnitAmount: stripe.Int64(1800),
		Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("month")},
	})
	require.NoError(t, err)
	five, err := s.Client.Coupons.New(&stripe.CouponParams{
		AmountOff: stripe.Int64(500), Currency: stripe.String("usd"), Duration: stripe.String("forever"),
		CurrencyOptions: map[string]*stripe.CouponCurrencyOptionsParams{"EUR": {AmountOff: stripe.Int64(450)}},
	})
	require.NoError(t, err)
	require.Nil(t, five.CurrencyOptions, "they come only when asked for")
	code := s.code(&stripe.PromotionCodeParams{
		Coupon: &five.ID, Restrictions: &stripe.PromotionCodeRestrictionsParams{
			MinimumAmount: stripe.Int64(1000), MinimumAmountCurrency: stripe.String("usd"),
			CurrencyOptions: map[string]*stripe.PromotionCodeRestrictionsCurrencyOptionsParams{
				"eur": {MinimumAmount: stripe.Int64(1801)},
			},
		},
	})
	require.Nil(t, code.Restrictions.CurrencyOptions)
	buy := func(price string) (*stripe.Subscription, error) {
		return s.trySubscribe(s.buyer("pm_card_visa"), price, func(p *stripe.SubscriptionParams) {
			p.Discounts = []*stripe.SubscriptionDiscountParams{{PromotionCode: &code.ID}}
		})
	}
	_, err = buy(euros.ID)
	require.Contains(t, stripeError(t, err).Msg, "minimum amount requirement")
	update := &stripe.PromotionCodeParams{Restrictions: &stripe.PromotionCodeRestrictionsParams{
		CurrencyOptions: map[string]*stripe.PromotionCodeRestrictionsCurrencyOptionsParams{
			"eur": {MinimumAmount: stripe.Int64(1800)},
		},
	}}
	update.AddExpand("restrictions.currency_options")
	code, err = s.Client.PromotionCodes.Update(code.ID, update)
	require.NoError(t, err)
	require.EqualValues(t, 1800, code.Restrictions.CurrencyOptions["eur"].MinimumAmount)
	require.EqualValues(t, 1000, code.Restrictions.CurrencyOptions["usd"].MinimumAmount)
	for price, want := range map[string]int64{euros.ID: 1350, s.pro: 1500} {
		sub, err := buy(price)
		require.NoError(t, err)
		require.EqualValues(t, want, s.sub(sub.ID).LatestInvoice.AmountPaid)
	}
	params := &stripe.CouponParams{CurrencyOptions: map[string]*stripe.CouponCurrencyOptionsParams{
		"gbp": {AmountOff: stripe.Int64(400)},
	}}
	params.AddExpand("currency_options")
	five, err = s.Client.Coupons.Update(five.ID, params)
	require.NoError(t, err)
	require.EqualValues(t, 500, five.CurrencyOptions["usd"].AmountOff)
	require.EqualValues(t, 450, five.CurrencyOptions["eur"].AmountOff)
	require.EqualValues(t, 400, five.CurrencyOptions["gbp"].AmountOff)

	// The discount of a customer binds them to its currencies.
	holder := s.buyer("pm_card_visa")
	_, err = s.Client.Customers.Update(holder, &stripe.CustomerParams{Coupon: &five.ID})
	require.NoError(t, err)
	sub := s.subscribe(holder, euros.ID)
	require.EqualValues(t, 1350, s.sub(sub.ID).LatestInvoice.AmountPaid)
	only := s.coupon(&stripe.CouponParams{AmountOff: stripe.Int64(500), Currency: stripe.String("usd")})
	_, err = s.Client.Customers.Update(holder, &stripe.CustomerParams{Coupon: &only})
	require.Contains(t, stripeError(t, err).Msg, "only supports `usd`")
}

func TestCouponForOtherProducts(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	starter := s.coupon(&stripe.CouponParams{
		PercentOff: stripe.Float64(50), Duration: stripe.String("forever"),
		AppliesTo: &stripe.CouponAppliesToParams{Products: []*string{&s.starterProduct}},
	})
	_, err := s.Client.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("subscription"), SuccessURL: stripe.String("http://localhost:8080/"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: &s.pro, Quantity: stripe.Int64(1)}},
		Discounts: []*stripe.CheckoutSessionDiscountParams{{Coupon: &starter}},
	})
	require.Equal(t, "This coupon cannot be redeemed because it does not apply to anything in this order.",
		stripeError(t, err).Msg)
	code := s.code(&stripe.PromotionCodeParams{Coupon: &starter})
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) })
	require.Contains(t, refusal(sandbox.ApplyPromotionCode(s.Sandbox.Sandbox, cs.ID, code.Code)), "does not apply")
	sub := s.subscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &s.starter})
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &starter}}
	})
	require.EqualValues(t, 2500, s.sub(sub.ID).LatestInvoice.AmountPaid)
}

// A trial makes the purchase free, so that it does not reach a minimum.
func TestMinimumCountsWhatIsDueNow(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	off := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50)})
	code := s.code(&stripe.PromotionCodeParams{
		Coupon: &off, Restrictions: &stripe.PromotionCodeRestrictionsParams{
			MinimumAmount: stripe.Int64(2000), MinimumAmountCurrency: stripe.String("usd"),
		},
	})
	cs := s.checkout(s.pro, trial(7), func(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) })
	require.Contains(t, refusal(sandbox.ApplyPromotionCode(s.Sandbox.Sandbox, cs.ID, code.Code)), "minimum amount")
	_, err := s.trySubscribe(s.buyer(""), s.pro, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays, p.PromotionCode = stripe.Int64(7), &code.ID
	})
	require.Contains(t, stripeError(t, err).Msg, "minimum amount")
	cs = s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) })
	require.NoError(t, sandbox.ApplyPromotionCode(s.Sandbox.Sandbox, cs.ID, code.Code))
	_, err = s.Client.PromotionCodes.Update(code.ID, &stripe.PromotionCodeParams{Active: stripe.Bool(false)})
	require.NoError(t, err)
	_, err = sandbox.ConfirmCheckout(s.Sandbox.Sandbox, cs.ID, card("4242424242424242"))
	require.Contains(t, refusal(err), "not active", "it is checked again when the session is paid")
}

func TestPromotionCodeRules(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	off := s.coupon(&stripe.CouponParams{PercentOff: stripe.Float64(50), RedeemBy: stripe.Int64(s.at("2026-03-10T00:00"))})
	for want, params := range map[string]*stripe.PromotionCodeParams{
		"Missing required param: restrictions[minimum_amount_currency].": {
			Restrictions: &stripe.PromotionCodeRestrictionsParams{MinimumAmount: stripe.Int64(5)},
		},
		"Invalid positive integer": {Restrictions: &stripe.PromotionCodeRestrictionsParams{
			MinimumAmount: stripe.Int64(0), MinimumAmountCurrency: stripe.String("usd"),
		}},
		"A promotion code cannot expire after the redeem_by of its coupon.": {
			ExpiresAt: stripe.Int64(s.at("2026-03-11T00:00")),
		},
	} {
		params.Coupon = &off
		_, err := s.Client.PromotionCodes.New(params)
		require.Equal(t, want, stripeError(t, err).Msg)
	}
	jo, flo := s.buyer("pm_card_visa"), s.buyer("pm_card_visa")
	own := func(customer string) *stripe.PromotionCode {
		return s.code(&stripe.PromotionCodeParams{Coupon: &off, Code: stripe.String("MINE"), Customer: &customer})
	}
	own(jo)
	mine := own(flo)
	_, err := s.Client.PromotionCodes.New(&stripe.PromotionCodeParams{
		Coupon: &off, Code: stripe.String("mine"), Customer: &jo,
	})
	require.Contains(t, stripeError(t, err).Msg, "already exists")
	cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) {
		p.AllowPromotionCodes, p.Customer = stripe.Bool(true), &flo
	})
	require.NoError(t, sandbox.ApplyPromotionCode(s.Sandbox.Sandbox, cs.ID, "MINE"), "everybody's own code is found")
	again := &stripe.PromotionCodeParams{Active: stripe.Bool(true)}
	_, err = s.Client.PromotionCodes.Update(mine.ID, &stripe.PromotionCodeParams{Active: stripe.Bool(false)})
	require.NoError(t, err)
	mine, err = s.Client.PromotionCodes.Update(mine.ID, again)
	require.NoError(t, err)
	require.True(t, mine.Active)
	s.to("2026-03-10T01:00")
	mine, err = s.Client.PromotionCodes.Get(mine.ID, nil)
	require.NoError(t, err)
	require.False(t, mine.Active, "a code ends with its coupon")
	_, err = s.Client.PromotionCodes.Update(mine.ID, again)
	require.Equal(t, "Coupon expired: "+off, stripeError(t, err).Msg)
	_, err = s.Client.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &off})
	require.Equal(t, "Coupon expired: "+off, stripeError(t, err).Msg)
}
