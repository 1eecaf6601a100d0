package sandbox

import (
	"example.com/tollgate/billing/sandbox/pages"
)

// checkoutCosts are a session's costs taken apart for the page: they add up to what confirming charges, because every
// one of them comes from the bill that confirming uses.
type checkoutCosts struct {
	currency string
	full     int64 // all lines at their full price
	trial    int64 // the part of it that the trial gives free
	first    int64 // the first charge of the recurring part, with discounts and tax
	usual    int64 // every later charge, without discounts
	per      string
}

func costsOf(tx *Tx, s Object) (checkoutCosts, error) {
	c := checkoutCosts{currency: s.Str("currency")}
	recurring := s.Clone()
	var items []any
	for _, item := range recurring.List("line_items") {
		amount, err := amountIn(tx, item.Obj("price"), item.Int("quantity"), c.currency)
		if err != nil {
			return c, err
		}
		if metered(item.Obj("price")) {
			amount = 0
		}
		c.full += amount
		if item.Has("price.recurring") {
			items = append(items, item)
			c.per = perText(item.Obj("price"))
			if sessionTrial(tx, s) > 0 {
				c.trial += amount
			}
		}
	}
	if len(items) == 0 {
		return c, nil
	}
	recurring.Set("line_items.data", items)
	recurring.Set("_subscription_data.trial_end", nil)
	recurring.Set("_subscription_data.trial_period_days", nil)
	if err := setTotals(tx, recurring); err != nil {
		return c, err
	}
	c.first = recurring.Int("amount_total")
	recurring["discounts"] = []any{}
	if err := setTotals(tx, recurring); err != nil {
		return c, err
	}
	c.usual = recurring.Int("amount_total")
	return c, nil
}

// checkoutView turns an open session into what its page prints.
func checkoutView(tx *Tx, s Object) (pages.Checkout, error) {
	v := pages.Checkout{
		Shop: shopName(tx), CancelURL: s.Str("cancel_url"), NeedsCard: needsCard(s),
		NeedsBill: s.Str("billing_address_collection") == "required", AskTax: s.Bool("tax_id_collection.enabled"),
		Email: s.Str("customer_details.email"), Groups: cardGroups(),
		Promo: pages.Promo{Allowed: s.Bool("allow_promotion_codes") && len(s.List("discounts")) == 0},
	}
	v.EmailLocked = s.Has("customer") && v.Email != ""
	if err := savedFor(tx, s, &v); err != nil {
		return v, err
	}
	if s.Str("mode") == "setup" {
		v.What, v.Figure, v.Pay = "Save a payment method", "Nothing to pay", "Save card"
		v.Then = "Your card is kept for later. It is not charged now."
		v.Legal = "You allow " + v.Shop + " to keep your card for future payments."
		return v, nil
	}
	costs, err := costsOf(tx, s)
	if err != nil {
		return v, err
	}
	if v.Lines, err = checkoutLines(tx, s); err != nil {
		return v, err
	}
	if s.Bool("automatic_tax.enabled") {
		v.Total = decimalText(s.Int("amount_total"))
	}
	if v.Totals, err = checkoutTotals(tx, s, costs); err != nil {
		return v, err
	}
	headline(tx, s, costs, &v)
	return v, nil
}

// savedFor offers a known customer the cards on file, unless the session wants a whole address with the card.
func savedFor(tx *Tx, s Object, v *pages.Checkout) error {
	if !s.Has("customer") || !v.NeedsCard || v.NeedsBill || s.Str("mode") == "setup" {
		return nil
	}
	customer, err := tx.load(s.Str("customer"))
	if err != nil || customer == nil {
		return err
	}
	if v.Saved, err = savedCards(tx, customer); err != nil || len(v.Saved) == 0 {
		return err
	}
	v.Saved[0].Default = true // Something is chosen from the start, also where the customer has no default.
	return nil
}

func checkoutLines(tx *Tx, s Object) ([]pages.CheckoutLine, error) {
	var out []pages.CheckoutLine
	for _, item := range s.List("line_items") {
		price, quantity := item.Obj("price"), item.Int("quantity")
		figure, per, err := priceFigure(tx, price, quantity, s.Str("currency"))
		if err != nil {
			return nil, err
		}
		product, err := tx.load(price.Str("product"))
		if err != nil {
			return nil, err
		}
		line := pages.CheckoutLine{
			Name: item.Str("description"), Detail: product.Str("description"), Amount: figure, Per: per,
		}
		if quantity > 1 {
			unit, _, err := priceFigure(tx, price, 1, s.Str("currency"))
			if err != nil {
				return nil, err
			}
			line.Detail = "Qty " + itoa(quantity)
			if price.Str("billing_scheme") == "per_unit" {
				line.Detail += ", " + unit + " each"
			}
		}
		line.Seats = seatsOf(item)
		out = append(out, line)
	}
	return out, nil
}

// seatsOf are the bounds within which a line's quantity may be changed on the page.
func seatsOf(item Object) pages.Seats {
	if !item.Bool("_adjustable.enabled") {
		return pages.Seats{}
	}
	low, high := seatBounds(item)
	n := item.Int("quantity")
	seats := pages.Seats{Item: item.ID(), Quantity: itoa(n), Min: itoa(low), Max: itoa(high)}
	if n > low {
		seats.Fewer = itoa(n - 1)
	}
	if n < high {
		seats.More = itoa(n + 1)
	}
	return seats
}

func itoa(n int64) string { return pages.Count(n) }

// checkoutTotals are the lines from the subtotal down to what is due today.
func checkoutTotals(tx *Tx, s Object, c checkoutCosts) ([]pages.Total, error) {
	out := []pages.Total{{Label: "Subtotal", Amount: pages.Money(c.full, c.currency)}}
	if c.trial > 0 {
		out = append(out, pages.Total{Label: trialText(tx, s), Amount: pages.Money(-c.trial, c.currency)})
	}
	sources, err := tx.sources(s)
	if err != nil {
		return nil, err
	}
	discount := s.Int("total_details.amount_discount")
	for _, src := range sources {
		line := pages.Total{Label: couponText(src.coupon, c.currency), Amount: pages.Money(-discount, c.currency)}
		if src.promotion != nil && s.Bool("allow_promotion_codes") {
			line.Code = src.promotion.Str("code")
		}
		if c.trial > 0 && discount == 0 {
			line.Amount = "after the trial"
		}
		out = append(out, line)
	}
	if tax := s.Int("total_details.amount_tax"); tax > 0 {
		label := "Tax"
		if s.Int("amount_subtotal")-discount == s.Int("amount_total") {
			label = "Tax, included"
		}
		out = append(out, pages.Total{Label: label, Amount: pages.Money(tax, c.currency)})
	} else if s.Str("automatic_tax.status") == "requires_location_inputs" {
		out = append(out, pages.Total{Label: "Tax", Amount: "by your address"})
	}
	due := pages.Money(s.Int("amount_total"), c.currency)
	return append(out, pages.Total{Label: "Total due today", Amount: due, Sum: true}), nil
}

// trialText says how long the trial is: "14 days free".
func trialText(tx *Tx, s Object) string {
	days := (sessionTrial(tx, s) - tx.Now() + daySeconds - 1) / daySeconds
	return pages.Plural(days, "day") + " free"
}

// headline says in large type what it costs, and in a sentence what it will cost.
func headline(tx *Tx, s Object, c checkoutCosts, v *pages.Checkout) {
	name := s.Str("line_items.data.0.description")
	for _, item := range s.List("line_items") {
		if item.Has("price.recurring") {
			name = item.Str("description")
			break
		}
	}
	due := pages.Money(s.Int("amount_total"), c.currency)
	first, usual := pages.Money(c.first, c.currency), pages.Money(c.usual, c.currency)
	switch {
	case s.Str("mode") == "payment":
		v.What, v.Figure, v.Pay = "Pay "+v.Shop, due, "Pay "+due
	case c.trial > 0:
		start := pages.Day(sessionTrial(tx, s))
		v.What, v.Figure, v.Pay = "Try "+name, trialText(tx, s), "Start trial"
		v.Then = "then " + first + " " + c.per + " starting " + start
		if c.first != c.usual {
			v.Then = "then " + first + " starting " + start + ", and later " + usual + " " + c.per
		}
		v.Legal = "By starting the trial you allow " + v.Shop + " to charge your card from " + start + " until you cancel."
	default:
		v.What, v.Figure, v.Per, v.Pay = "Subscribe to "+name, due, c.per, "Subscribe"
		if c.first != c.usual {
			v.Per, v.Then = "today", "Regular price "+usual+" "+c.per
		}
		v.Legal = "By subscribing you allow " + v.Shop + " to charge your card for this and for future payments until " +
			"you cancel."
	}
}
