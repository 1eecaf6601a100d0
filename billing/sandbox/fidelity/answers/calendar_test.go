package answers

import "strings"

func couponRows() []known {
	half := []string{"percent_off", "50", "duration"}
	return []known{
		{"an amount off over two lines", reference, june, func(s *shop) {
			s.basket(2000, 1000, "discounts[0][coupon]", s.off("amount_off", "500", "currency", "usd", "duration", "once"))
		}, facts{"lines": "1000 2000", "discounts": "166 334", "total": 2500}},
		{"a percentage is rounded by line", reference, june, func(s *shop) {
			s.basket(43, 484, "discounts[0][coupon]", s.off("percent_off", "15", "duration", "once"))
		}, facts{"lines": "43 484", "discounts": "6 73", "total": 448}},
		{"once is one invoice", coupons, june, func(s *shop) {
			s.subscribe(s.price(2000), 1, "discounts[0][coupon]", s.off(append(half, "once")...))
			s.to("2026-08-01T02:00")
		}, facts{"totals": "1000 2000 2000"}},
		{"forever is every invoice", coupons, june, func(s *shop) {
			s.subscribe(s.price(2000), 1, "discounts[0][coupon]", s.off(append(half, "forever")...))
			s.to("2026-08-01T02:00")
		}, facts{"totals": "1000 1000 1000"}},
		{"four months of a monthly price", months, june, func(s *shop) {
			s.subscribe(s.price(2000), 1, "discounts[0][coupon]", s.off(append(half, "repeating", "duration_in_months", "4")...))
			s.to("2026-11-01T02:00")
		}, facts{"totals": "1000 1000 1000 1000 2000 2000"}},
		{"four months of a yearly price", months, june, func(s *shop) {
			s.subscribe(s.price(10000, "recurring[interval]", "year"), 1,
				"discounts[0][coupon]", s.off(append(half, "repeating", "duration_in_months", "4")...))
			s.to("2027-06-01T02:00")
		}, facts{"totals": "5000 10000"}},
		{"four months of a weekly price", months, "2026-01-01T00:00", func(s *shop) {
			s.subscribe(s.price(2000, "recurring[interval]", "week"), 1,
				"discounts[0][coupon]", s.off(append(half, "repeating", "duration_in_months", "4")...))
			s.to("2026-05-14T02:00")
		}, facts{"totals": strings.Repeat("1000 ", 18) + "2000 2000"}},
		{"a coupon for one product", coupons, june, func(s *shop) {
			other := s.post("/v1/products", "name", "Icons").ID()
			pages := s.post("/v1/prices", "product", other, "currency", "usd", "unit_amount", "1000", "recurring[interval]",
				"month").ID()
			s.subscribe(s.price(2000), 1, "items[1][price]", pages, "discounts[0][coupon]",
				s.off(append(half, "once", "applies_to[products][0]", other)...))
		}, facts{"lines": "1000 2000", "discounts": "500 0", "total": 2500}},
	}
}

// bills subscribes to a price of 10 and waits.
func bills(until string, form ...string) func(*shop) {
	return func(s *shop) {
		s.subscribe(s.price(1000, form...), 1)
		s.to(until)
	}
}

func calendarRows() []known {
	year, week := []string{"recurring[interval]", "year"}, []string{"recurring[interval]", "week"}
	return []known{
		{
			"from September 2nd", cycles, "2026-09-02T00:00", bills("2026-12-03T00:00"),
			facts{"billed on": "Sep 2 2026, Oct 2 2026, Nov 2 2026, Dec 2 2026"},
		},
		{
			"from January 31st", cycles, "2027-01-31T00:00", bills("2027-05-01T00:00"),
			facts{"billed on": "Jan 31 2027, Feb 28 2027, Mar 31 2027, Apr 30 2027"},
		},
		{
			"from January 31st of a leap year", cycles, "2028-01-31T00:00", bills("2028-05-01T00:00"),
			facts{"billed on": "Jan 31 2028, Feb 29 2028, Mar 31 2028, Apr 30 2028"},
		},
		{
			"every Friday", cycles, "2022-06-03T00:00", bills("2022-06-25T00:00", week...),
			facts{"billed on": "Jun 3 2022, Jun 10 2022, Jun 17 2022, Jun 24 2022"},
		},
		{
			"a year from a leap day", reference, "2028-02-29T00:00", bills("2032-03-01T00:00", year...),
			facts{"billed on": "Feb 29 2028, Feb 28 2029, Feb 28 2030, Feb 28 2031, Feb 29 2032"},
		},
		{"from May 15th to the first", fixedCycles, "2026-05-15T00:00", func(s *shop) {
			s.subscribe(s.price(3100), 1, "billing_cycle_anchor", "1780272000") // 2026-06-01T00:00.
			s.to("2026-08-02T00:00")
		}, facts{"billed on": "May 15 2026, Jun 1 2026, Jul 1 2026, Aug 1 2026", "totals": "1700 3100 3100 3100"}},
		{"from May 15th to the first, for free", fixedCycles, "2026-05-15T00:00", func(s *shop) {
			s.subscribe(s.price(3100), 1, "billing_cycle_anchor", "1780272000", "proration_behavior", "none")
			s.to("2026-07-01T02:00")
		}, facts{"totals": "0 3100 3100"}},
		{"the end of a trial is the anchor", cycles, "2026-06-10T00:00", func(s *shop) {
			s.subscribe(s.price(1000), 1, "trial_period_days", "14")
			s.to("2026-08-25T00:00")
		}, facts{"billed on": "Jun 10 2026, Jun 24 2026, Jul 24 2026, Aug 24 2026", "totals": "0 1000 1000 1000"}},
		{"a trial begins with a paid invoice of nothing", reference, june, func(s *shop) {
			s.subscribe(s.price(1000), 1, "trial_period_days", "14")
		}, facts{"total": 0, "invoice": "paid", "line texts": "Free trial for 1 × Fonts", "status": "trialing"}},
		{"a renewal waits an hour as a draft", reference, june, bills("2026-07-01T00:59"), facts{"invoice": "draft"}},
		{"and is paid then", reference, june, bills("2026-07-01T01:01"), facts{"invoice": "paid", "paid by card": 1000}},
	}
}

func balanceRows() []known {
	after := func(balance, price int64) func(*shop) {
		return func(s *shop) {
			s.credit(balance)
			s.subscribe(s.price(price), 1)
		}
	}
	return []known{
		{
			"a credit lowers what is due", balances, june, after(-500, 2000),
			facts{"total": 2000, "amount_due": 1500, "paid by card": 1500, "balance": 0},
		},
		{"a debit raises it", balances, june, after(300, 2000), facts{"total": 2000, "amount_due": 2300, "balance": 0}},
		{
			"more credit than is due stays", balances, june, after(-3000, 2000),
			facts{"amount_due": 0, "invoice": "paid", "balance": -1000},
		},
		{
			"less than the minimum is paid, and owed", balances, june, func(s *shop) { s.bill(40) },
			facts{"total": 40, "amount_due": 0, "invoice": "paid", "balance": 40},
		},
		{"what is owed comes with the next invoice", balances, june, func(s *shop) {
			s.bill(40)
			s.bill(1000)
		}, facts{"amount_due": 1040, "balance": 0}},
		{
			"50 cents are enough", currencies, june, func(s *shop) { s.bill(50) },
			facts{"amount_due": 50, "invoice": "open", "balance": 0},
		},
	}
}

func currencyRows() []known {
	in := func(currency string, amount int64) func(*shop) {
		return func(s *shop) { s.subscribe(s.price(amount, "currency", currency), 1) }
	}
	return []known{
		{"10 dollars are 1000", currencies, june, in("usd", 1000), facts{"total": 1000, "paid by card": 1000}},
		{"500 yen are 500", currencies, june, in("jpy", 500), facts{"total": 500, "paid by card": 500}},
		{"a third gone in whole yen", reference, june, func(s *shop) {
			s.subscribe(s.price(1000, "currency", "jpy"), 1)
			s.to("2026-06-11T00:00")
			s.swap(s.price(500, "currency", "jpy"), "proration_behavior", "always_invoice")
		}, facts{"lines": "-667 333", "total": -334}},
	}
}
