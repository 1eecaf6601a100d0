package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// priced makes a monthly price in dollars, changed by the caller.
func (s *shop) priced(changes ...func(*stripe.PriceParams)) string {
	s.t.Helper()
	p, err := s.tryPriced(changes...)
	require.NoError(s.t, err)
	return p.ID
}

func (s *shop) tryPriced(changes ...func(*stripe.PriceParams)) (*stripe.Price, error) {
	params := &stripe.PriceParams{
		Product: &s.proProduct, Currency: stripe.String("usd"),
		Recurring: &stripe.PriceRecurringParams{Interval: stripe.String("month")},
	}
	for _, change := range changes {
		change(params)
	}
	return s.Client.Prices.New(params)
}

// withTiers is Stripe's documented table: 7 up to 5, 6.50 up to 10, 6 above, in dollars.
func withTiers(mode string, firstFlat int64) func(*stripe.PriceParams) {
	return func(p *stripe.PriceParams) {
		p.BillingScheme, p.TiersMode = stripe.String("tiered"), &mode
		p.Tiers = []*stripe.PriceTierParams{
			{UpTo: stripe.Int64(5), UnitAmount: stripe.Int64(700)},
			{UpTo: stripe.Int64(10), UnitAmount: stripe.Int64(650)},
			{UpToInf: stripe.Bool(true), UnitAmount: stripe.Int64(600)},
		}
		if firstFlat > 0 {
			p.Tiers[0].FlatAmount = &firstFlat
		}
	}
}

func packages(round string) func(*stripe.PriceParams) {
	return func(p *stripe.PriceParams) {
		p.UnitAmount = stripe.Int64(1000)
		p.TransformQuantity = &stripe.PriceTransformQuantityParams{DivideBy: stripe.Int64(10), Round: &round}
	}
}

func decimalAmount(text string) func(*stripe.PriceParams) {
	return func(p *stripe.PriceParams) { p.AddExtra("unit_amount_decimal", text) }
}

// Every model costs the same in a preview, at checkout, and on a subscription's invoice.
func TestPriceModelsEverywhere(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	type known map[int64]int64
	for name, c := range map[string]struct {
		price string
		want  known
	}{
		"volume":             {s.priced(withTiers("volume", 0)), known{1: 700, 5: 3500, 6: 3900, 20: 12000, 25: 15000}},
		"graduated":          {s.priced(withTiers("graduated", 0)), known{1: 700, 5: 3500, 6: 4150, 20: 12750, 25: 15750}},
		"graduated and flat": {s.priced(withTiers("graduated", 5000)), known{1: 5700, 6: 9150}},
		"volume and flat":    {s.priced(withTiers("volume", 5000)), known{5: 8500, 6: 3900}},
		"packages up":        {s.priced(packages("up")), known{1: 1000, 10: 1000, 11: 2000}},
		"packages down":      {s.priced(packages("down")), known{10: 1000, 19: 1000, 20: 2000}},
		"twelve places":      {s.priced(decimalAmount("50.123456789012")), known{1: 50, 1000: 50123, 1000000: 50123457}},
	} {
		for quantity, want := range c.want {
			customer := s.buyer("pm_card_visa")
			preview, err := s.Client.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
				Customer: &customer,
				SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
					Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: &c.price, Quantity: &quantity}},
				},
			})
			require.NoError(t, err)
			require.Equal(t, want, preview.Total, "%s, %d in a preview", name, quantity)
			cs := s.checkout(c.price, func(p *stripe.CheckoutSessionParams) { p.LineItems[0].Quantity = &quantity })
			require.Equal(t, want, cs.AmountTotal, "%s, %d at checkout", name, quantity)
			sub := s.subscribe(customer, c.price, func(p *stripe.SubscriptionParams) { p.Items[0].Quantity = &quantity })
			require.Equal(t, want, s.sub(sub.ID).LatestInvoice.AmountPaid, "%s, %d subscribed", name, quantity)
		}
	}
}

// A change of seats under tiers credits what the old number of them cost and charges what the new one does, for the
// rest of the period.
func TestTieredSeatsAreProrated(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]int64{"volume": 3900, "graduated": 4150} {
		s := newShop(t, "2026-06-01T00:00")
		price := s.priced(withTiers(mode, 0))
		sub := s.subscribe(s.buyer("pm_card_visa"), price, func(p *stripe.SubscriptionParams) {
			p.Items[0].Quantity = stripe.Int64(5)
		})
		s.to("2026-06-16T00:00")
		s.update(sub.ID, &stripe.SubscriptionParams{
			Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Quantity: stripe.Int64(6)}},
			ProrationBehavior: stripe.String("always_invoice"),
		})
		require.Equal(t, map[string]int64{
			"Unused time on 5 × Pro after 16 Jun 2026": -1750, "Remaining time on 6 × Pro after 16 Jun 2026": want / 2,
		}, lines(s.sub(sub.ID).LatestInvoice))
	}
}

func TestPricesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	for name, c := range map[string]struct {
		change func(*stripe.PriceParams)
		param  string
	}{
		"thirteen places": {decimalAmount("0.1234567890123"), "unit_amount_decimal"},
		"no amount":       {func(*stripe.PriceParams) {}, "unit_amount"},
		"tiers packaged": {func(p *stripe.PriceParams) {
			withTiers("volume", 0)(p)
			packages("up")(p)
			p.UnitAmount = nil
		}, "transform_quantity"},
		"tiers that end": {func(p *stripe.PriceParams) {
			withTiers("volume", 0)(p)
			p.Tiers = p.Tiers[:2]
		}, "tiers[1][up_to]"},
		"tiers that fall": {func(p *stripe.PriceParams) {
			withTiers("volume", 0)(p)
			p.Tiers[1].UpTo = stripe.Int64(4)
		}, "tiers[1][up_to]"},
		"tiers for nothing": {func(p *stripe.PriceParams) {
			withTiers("volume", 0)(p)
			p.Tiers[2].UnitAmount = nil
		}, "tiers[2][unit_amount]"},
		"its own currency again": {func(p *stripe.PriceParams) {
			p.UnitAmount = stripe.Int64(100)
			p.CurrencyOptions = map[string]*stripe.PriceCurrencyOptionsParams{"usd": {UnitAmount: stripe.Int64(90)}}
		}, "currency_options[usd]"},
		"a currency without amount": {func(p *stripe.PriceParams) {
			p.UnitAmount = stripe.Int64(100)
			p.CurrencyOptions = map[string]*stripe.PriceCurrencyOptionsParams{"eur": {TaxBehavior: stripe.String("exclusive")}}
		}, "currency_options[eur][unit_amount]"},
	} {
		_, err := s.tryPriced(c.change)
		require.Equal(t, c.param, stripeError(t, err).Param, name)
	}
}

func inEuro(amount int64) func(*stripe.PriceParams) {
	return func(p *stripe.PriceParams) {
		p.UnitAmount = stripe.Int64(2000)
		p.CurrencyOptions = map[string]*stripe.PriceCurrencyOptionsParams{"eur": {UnitAmount: &amount}}
	}
}

func TestACustomerPaysInTheirCurrency(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	small, big := s.priced(inEuro(1800)), s.priced(inEuro(3600))
	get := &stripe.PriceParams{}
	get.AddExpand("currency_options")
	shown, err := s.Client.Prices.Get(small, get)
	require.NoError(t, err)
	require.EqualValues(t, 1800, shown.CurrencyOptions["eur"].UnitAmount)
	require.EqualValues(t, 2000, shown.CurrencyOptions["usd"].UnitAmount)

	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, small, func(p *stripe.SubscriptionParams) { p.Currency = stripe.String("eur") })
	require.Equal(t, stripe.CurrencyEUR, sub.Currency)
	inv := s.sub(sub.ID).LatestInvoice
	require.EqualValues(t, 1800, inv.AmountPaid)
	require.Equal(t, stripe.CurrencyEUR, inv.Currency)
	require.Equal(t, "1 × Pro (at €18.00 / month)", inv.Lines.Data[0].Description)

	s.to("2026-06-16T00:00")
	s.swap(sub, big, "always_invoice")
	require.EqualValues(t, 900, s.sub(sub.ID).LatestInvoice.AmountPaid, "half of 36 euro less half of 18")
	second := s.subscribe(customer, small)
	require.Equal(t, stripe.CurrencyEUR, second.Currency, "the customer's currency is taken where nobody names one")
	cs := s.checkout(big, func(p *stripe.CheckoutSessionParams) { p.Customer = &customer })
	require.EqualValues(t, 3600, cs.AmountTotal)
	require.Equal(t, stripe.CurrencyEUR, cs.Currency)

	fresh := s.checkout(big, func(p *stripe.CheckoutSessionParams) { p.Currency = stripe.String("eur") })
	s.pay(fresh, "4242424242424242")
	done := s.session(fresh.ID)
	require.Equal(t, stripe.CurrencyEUR, done.Subscription.Currency)
	require.EqualValues(t, 3600, done.Invoice.AmountPaid)
	require.Equal(t, stripe.CurrencyEUR, done.Customer.Currency)

	_, err = s.trySubscribe(s.buyer("pm_card_visa"), s.pro, func(p *stripe.SubscriptionParams) {
		p.Currency = stripe.String("eur")
	})
	e := stripeError(t, err)
	require.Equal(t, "The price specified only supports `usd`. This doesn't match the expected currency: `eur`.", e.Msg)
	require.Equal(t, "items[0][price]", e.Param)
}

func TestOneCurrencyAtATime(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	euro := s.priced(func(p *stripe.PriceParams) { p.Currency, p.UnitAmount = stripe.String("eur"), stripe.Int64(900) })
	customer := s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.pro)
	const refusal = "You cannot combine currencies on a single customer. This customer has an active subscription, " +
		"subscription schedule, discount, quote, invoice item or active subscription mode checkout session with " +
		"currency usd."
	_, err := s.trySubscribe(customer, euro)
	require.Equal(t, refusal, stripeError(t, err).Msg)
	item := &stripe.InvoiceItemParams{Customer: &customer, Amount: stripe.Int64(100), Currency: stripe.String("eur")}
	_, err = s.Client.InvoiceItems.New(item)
	require.Equal(t, refusal, stripeError(t, err).Msg)

	_, err = s.Client.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("subscription"), Customer: &customer, SuccessURL: stripe.String("http://localhost:8080/done"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: &euro, Quantity: stripe.Int64(1)}},
	})
	require.Equal(t, refusal, stripeError(t, err).Msg)

	_, err = s.Client.Subscriptions.Cancel(sub.ID, nil)
	require.NoError(t, err)
	other := s.subscribe(customer, euro)
	require.Equal(t, stripe.CurrencyEUR, other.Currency, "what has ended binds no longer")
	c, err := s.Client.Customers.Get(customer, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.CurrencyEUR, c.Currency)
}

func TestPriceOfTheBuyersOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-06-01T00:00")
	p, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &s.proProduct, Currency: stripe.String("usd"),
		CustomUnitAmount: &stripe.PriceCustomUnitAmountParams{Enabled: stripe.Bool(true), Minimum: stripe.Int64(500)},
	})
	require.NoError(t, err)
	require.EqualValues(t, 500, p.CustomUnitAmount.Minimum)
	require.Zero(t, p.UnitAmount)
}
