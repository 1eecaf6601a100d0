package answers

import "fmt"

// The pages that the figures come from.
const (
	prorations  = "https://docs.stripe.com/billing/subscriptions/prorations"
	downgrades  = "https://support.stripe.com/questions/refunding-credit-balance-to-customer-after-subscription-downgrade-or-cancellation"
	tiered      = "https://docs.stripe.com/subscriptions/pricing-models/tiered-pricing"
	packages    = "https://stripe.com/docs/billing/subscriptions/quantity-transformation"
	rentals     = "https://docs.stripe.com/billing/subscriptions/usage-based/transform-quantities"
	quantities  = "https://docs.stripe.com/billing/subscriptions/quantities"
	rounding    = "https://support.stripe.com/questions/rounding-rules-for-stripe-fees"
	inclusive   = "https://support.stripe.com/questions/inclusive-and-exclusive-tax-options-in-the-tax-rate-api-and-stripe-tax"
	cycles      = "https://docs.stripe.com/billing/subscriptions/billing-cycle"
	fixedCycles = "https://stripe.com/docs/payments/checkout/billing-cycle"
	coupons     = "https://stripe.com/docs/billing/subscriptions/discounts"
	months      = "https://doublepost.link/guild/841573134531821608/thread/912171663616004117/p/912182158037221446/"
	balances    = "https://docs.stripe.com/billing/customer/balance"
	currencies  = "https://docs.stripe.com/currencies"
	creditModes = "https://docs.stripe.com/billing/subscriptions/billing-mode/compare"
	reference   = "the sandbox's behaviour reference, sections 2.1, 3 and 4"
)

// rows is the whole table.
func rows() []known {
	var all []known
	for _, part := range [][]known{
		prorationRows(), tierRows(), packageRows(), taxRows(), couponRows(), calendarRows(), balanceRows(), currencyRows(),
	} {
		all = append(all, part...)
	}
	return all
}

// A month of thirty days whose middle is the 16th at midnight.
const june, midJune, july = "2026-06-01T00:00", "2026-06-16T00:00", "2026-07-01T02:00"

// switchAt subscribes at one price, and moves to another at a moment.
func switchAt(from, to int64, moment string, form ...string) func(*shop) {
	return func(s *shop) {
		s.subscribe(s.price(from), 1)
		s.to(moment)
		s.swap(s.price(to), form...)
	}
}

func then(moment string, first func(*shop)) func(*shop) {
	return func(s *shop) {
		first(s)
		s.to(moment)
	}
}

func prorationRows() []known {
	const now, none = "always_invoice", "none"
	return []known{
		{
			"10 to 20 at half time, at once", prorations, june, switchAt(1000, 2000, midJune, "proration_behavior", now),
			facts{"lines": "-500 1000", "total": 500, "amount_paid": 500, "balance": 0},
		},
		{
			"10 to 20 at half time, on the next invoice", prorations, june, then(july, switchAt(1000, 2000, midJune)),
			facts{"totals": "1000 2500", "subtotal": 2500},
		},
		{"a positive proration waits by default", prorations, june, switchAt(1000, 2000, midJune), facts{"invoices": 1}},
		{
			"10 to 20 without prorations", prorations, june,
			then(july, switchAt(1000, 2000, midJune, "proration_behavior", none)),
			facts{"lines": "2000", "totals": "1000 2000"},
		},
		{
			"10 to 100 at half time", downgrades, june, switchAt(1000, 10000, midJune, "proration_behavior", now),
			facts{"lines": "-500 5000", "total": 4500, "paid by card": 4500},
		},
		{
			"100 to 10 at half time", downgrades, june, switchAt(10000, 1000, midJune, "proration_behavior", now),
			facts{"lines": "-5000 500", "total": -4500, "amount_due": 0, "balance": -4500, "invoice": "paid"},
		},
		{
			"the credit of a downgrade pays the next invoice", downgrades, june,
			then(july, switchAt(10000, 1000, midJune, "proration_behavior", now)),
			facts{"totals": "10000 -4500 1000", "dues": "10000 0 0", "balance": -3500},
		},
		{
			"a third gone, 10 to 5", reference, june, switchAt(1000, 500, "2026-06-11T00:00", "proration_behavior", now),
			facts{"lines": "-667 333", "total": -334, "balance": -334},
		},
		{
			"the middle of January, 50 to 100", reference, "2026-01-01T00:00",
			then("2026-02-01T02:00", switchAt(5000, 10000, "2026-01-16T12:00")),
			facts{"totals": "5000 12500"},
		},
		{
			"the words of a proration", reference, june, switchAt(1000, 2000, midJune, "proration_behavior", now),
			facts{"line texts": "Unused time on Fonts after 16 Jun 2026; Remaining time on Fonts after 16 Jun 2026"},
		},
		{"a proration date of one's own", prorations, june, func(s *shop) {
			s.subscribe(s.price(1000), 1)
			s.to("2026-06-20T00:00")
			s.swap(s.price(2000), "proration_date", "1781568000", "proration_behavior", now) // 2026-06-16T00:00.
		}, facts{"lines": "-500 1000"}},
		{"a discount shows in the proration", creditModes, june, func(s *shop) {
			s.subscribe(s.price(2000), 1, "discounts[0][coupon]", s.off("percent_off", "50", "duration", "forever"))
			s.to(midJune)
			s.swap(s.price(4000), "proration_behavior", now)
		}, facts{"lines": "-500 1000", "discounts": "0 0", "total": 500}},
		{"month to year bills the year at once", reference, june, func(s *shop) {
			s.subscribe(s.price(1000), 1)
			s.to(midJune)
			s.swap(s.price(10000, "recurring[interval]", "year"))
		}, facts{"lines": "-500 10000", "total": 9500, "billed on": "Jun 1 2026, Jun 16 2026"}},
		{"cancelled with a credit", downgrades, june, func(s *shop) {
			s.subscribe(s.price(1000), 1)
			s.to(midJune)
			s.cancel("prorate", "true", "invoice_now", "true")
		}, facts{"lines": "-500", "amount_due": 0, "balance": -500, "status": "canceled"}},
		{"cancelled without one", reference, june, func(s *shop) {
			s.subscribe(s.price(1000), 1)
			s.to(midJune)
			s.cancel()
			s.to(july)
		}, facts{"invoices": 1, "balance": 0, "status": "canceled"}},
		{"cancelled at the period's end", reference, june, func(s *shop) {
			s.subscribe(s.price(1000), 1)
			s.post("/v1/subscriptions/"+s.sub.ID(), "cancel_at_period_end", "true")
			s.to(july)
		}, facts{"invoices": 1, "status": "canceled"}},
	}
}

// tierRows are both tables of Stripe's page.
func tierRows() []known {
	var out []known
	for _, row := range []struct{ quantity, volume, graduated int }{
		{1, 700, 700}, {5, 3500, 3500}, {6, 3900, 4150}, {20, 12000, 12750}, {25, 15000, 15750},
	} {
		for mode, total := range map[string]int{"volume": row.volume, "graduated": row.graduated} {
			out = append(out, known{fmt.Sprintf("%d fonts, %s", row.quantity, mode), tiered, june, func(s *shop) {
				s.subscribe(s.tiers(mode), int64(row.quantity))
			}, facts{"total": total, "amount_paid": total}})
		}
	}
	return out
}

func packageRows() []known {
	var out []known
	for _, row := range []struct{ users, total int }{{1, 1000}, {3, 1000}, {5, 1000}, {6, 2000}, {7, 2000}} {
		out = append(out, known{fmt.Sprintf("%d users at 10 for every 5", row.users), packages, june, func(s *shop) {
			s.subscribe(s.price(1000, "transform_quantity[divide_by]", "5", "transform_quantity[round]", "up"), int64(row.users))
		}, facts{"total": row.total}})
	}
	return append(out, []known{
		{"150 minutes at 10 an hour", rentals, june, func(s *shop) {
			s.subscribe(s.price(1000, "transform_quantity[divide_by]", "60", "transform_quantity[round]", "up"), 150)
		}, facts{"total": 3000}},
		{"one site", quantities, june, func(s *shop) { s.subscribe(s.price(999), 1) }, facts{"total": 999}},
		{"two sites", quantities, june, func(s *shop) { s.subscribe(s.price(999), 2) }, facts{"total": 1998}},
	}...)
}

func taxRows() []known {
	return []known{
		{
			"tax is rounded by line", rounding, june, func(s *shop) {
				s.basket(43, 484, "default_tax_rates[0]", s.taxed("15", false))
			},
			facts{"taxes": "6 73", "tax": 79, "subtotal": 527, "total": 606, "amount_due": 606},
		},
		{
			"an inclusive tax is part of the price", inclusive, june, func(s *shop) {
				s.subscribe(s.price(60000), 1, "default_tax_rates[0]", s.taxed("10", true))
			},
			facts{"total": 60000, "total_excluding_tax": 54545, "tax": 5455},
		},
		{
			"an exclusive tax comes on top", inclusive, june, func(s *shop) {
				s.subscribe(s.price(60000), 1, "default_tax_rates[0]", s.taxed("10", false))
			},
			facts{"total": 66000, "total_excluding_tax": 60000, "tax": 6000},
		},
		{"an item's own tax", inclusive, june, func(s *shop) {
			s.subscribe(s.price(60000), 1, "items[0][tax_rates][0]", s.taxed("10", false))
		}, facts{"total": 66000, "amount_paid": 66000}},
	}
}
