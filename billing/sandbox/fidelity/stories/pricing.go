package stories

import "github.com/stripe/stripe-go/v81"

// tiered makes Stripe's documented example: 7 dollars each up to 5, 6.50 up to 10, and 6 from there on.
func (p *Player) tiered(mode string) *stripe.Price {
	return ok(p.Prices.New(&stripe.PriceParams{
		Currency: stripe.String("usd"), BillingScheme: stripe.String("tiered"), TiersMode: stripe.String(mode),
		Recurring:   &stripe.PriceRecurringParams{Interval: stripe.String("month")},
		ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Pro")},
		Tiers: []*stripe.PriceTierParams{
			{UpTo: stripe.Int64(5), UnitAmount: stripe.Int64(700)},
			{UpTo: stripe.Int64(10), UnitAmount: stripe.Int64(650)},
			{UpToInf: stripe.Bool(true), UnitAmount: stripe.Int64(600)},
		},
	}))
}

func tiers(p *Player) {
	for _, want := range []struct {
		mode        string
		six, twenty int64
	}{
		{"volume", 3900, 12000},
		{"graduated", 4150, 12750},
	} {
		price := p.tiered(want.mode)
		cost := func(quantity int64) int64 {
			return p.latest(p.subscribe(p.buyer("pm_card_visa", nil), price, func(s *stripe.SubscriptionParams) {
				s.Items[0].Quantity = stripe.Int64(quantity)
			})).AmountPaid
		}
		same("six by "+want.mode, cost(6), want.six)
		same("twenty by "+want.mode, cost(20), want.twenty)
	}
}

func meteredUsage(p *Player) {
	name := unique()
	meter := ok(p.BillingMeters.New(&stripe.BillingMeterParams{
		DisplayName: stripe.String("Calls"), EventName: stripe.String(name),
		DefaultAggregation: &stripe.BillingMeterDefaultAggregationParams{Formula: stripe.String("sum")},
	}))
	same("the meter's status", meter.Status, "active")
	price := ok(p.Prices.New(&stripe.PriceParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(10),
		Recurring: &stripe.PriceRecurringParams{
			Interval: stripe.String("month"), UsageType: stripe.String("metered"), Meter: stripe.String(meter.ID),
		},
		ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Calls")},
	}))
	clock := p.clock()
	buyer := p.buyer("pm_card_visa", clock)
	sub := p.subscribe(buyer, price, func(s *stripe.SubscriptionParams) { s.Items[0].Quantity = nil })
	same("the status", sub.Status, "active")
	same("the first invoice", p.latest(sub).Total, 0)
	for _, value := range []string{"25", "17"} {
		event := ok(p.BillingMeterEvents.New(&stripe.BillingMeterEventParams{
			EventName: stripe.String(name), Timestamp: stripe.Int64(newYear + 60),
			Payload: map[string]string{"stripe_customer_id": buyer.ID, "value": value},
		}))
		same("the event's name", event.EventName, name)
	}
	p.until("the usage is counted", func() bool {
		found := each[*stripe.BillingMeterEventSummary](p.BillingMeterEventSummaries.List(
			&stripe.BillingMeterEventSummaryListParams{
				ID: stripe.String(meter.ID), Customer: stripe.String(buyer.ID),
				StartTime: stripe.Int64(newYear), EndTime: stripe.Int64(newYear + hour),
			}))
		return len(found) == 1 && found[0].AggregatedValue == 42
	})
	p.advance(clock, newYear+month+afterDraft)
	same("the usage's price", p.latest(sub).AmountPaid, 420)
}

func lookupKeys(p *Player) {
	key := unique()
	make := func(transfer bool) (*stripe.Price, error) {
		params := &stripe.PriceParams{
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(1500), LookupKey: stripe.String(key),
			ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Pro")},
		}
		if transfer {
			params.TransferLookupKey = stripe.Bool(true)
		}
		return p.Prices.New(params)
	}
	first := ok(make(false))
	same("a second price", refused(make(false)).HTTPStatusCode, 400)
	second := ok(make(true))
	found := each[*stripe.Price](p.Prices.List(&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{key})}))
	same("the prices found", len(found), 1)
	same("the price found", found[0].ID, second.ID)
	same("the key of the first", ok(p.Prices.Get(first.ID, nil)).LookupKey, "")
	e := refused(p.Prices.Update(first.ID, &stripe.PriceParams{UnitAmount: stripe.Int64(1)}))
	same("a new amount", e.Msg, "Received unknown parameter: unit_amount")
}

// automaticTax needs an account whose tax settings and registrations are there; a sandbox has them from the start.
func automaticTax(p *Player) {
	buyer := ok(p.Customers.New(&stripe.CustomerParams{
		PaymentMethod:   stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")},
		Address:         &stripe.AddressParams{Country: stripe.String("DE"), PostalCode: stripe.String("10115")},
	}))
	sub := p.subscribe(buyer, p.monthly(1000), func(s *stripe.SubscriptionParams) {
		s.AutomaticTax = &stripe.SubscriptionAutomaticTaxParams{Enabled: stripe.Bool(true)}
	})
	same("the switch", sub.AutomaticTax.Enabled, true)
	inv := p.latest(sub)
	same("the computation", inv.AutomaticTax.Status, "complete")
	same("the tax", inv.Tax, 190)
	same("the total", inv.Total, 1190)
}
