package sandbox

import "slices"

// setTotals works out what a session costs now. It goes through the same bill as the invoice that confirming leads
// to, so that the page and the invoice cannot differ.
func setTotals(tx *Tx, s Object) error {
	if s.Str("mode") == "setup" {
		return nil
	}
	b, err := sessionBill(tx, s)
	if err != nil {
		return err
	}
	if err := placeSession(tx, s, b); err != nil {
		return err
	}
	scratch := Object{}
	if err := b.discount(tx, scratch); err != nil {
		return err
	}
	if err := b.tax(tx); err != nil {
		return err
	}
	var subtotal, discount, tax, total int64
	for i, item := range s.List("line_items") {
		line := b.lines[i]
		off := line.Int("amount") - netOf(line)
		var added, contained int64
		for _, t := range line.List("tax_amounts") {
			if t.Bool("inclusive") {
				contained += t.Int("amount")
			} else {
				added += t.Int("amount")
			}
		}
		item["amount_subtotal"] = line.Int("amount")
		item["amount_discount"], item["amount_tax"] = off, added+contained
		item["amount_total"] = netOf(line) + added
		subtotal += line.Int("amount")
		discount += off
		tax += added + contained
		total += item.Int("amount_total")
	}
	s["amount_subtotal"], s["amount_total"] = subtotal, total
	s["total_details"] = Object{"amount_discount": discount, "amount_shipping": int64(0), "amount_tax": tax}
	return nil
}

// sessionBill has one line for each line item, in their order.
func sessionBill(tx *Tx, s Object) (*bill, error) {
	sources, err := tx.sources(s)
	if err != nil {
		return nil, err
	}
	b := &bill{
		currency: s.Str("currency"),
		sub:      Object{"default_tax_rates": s.Obj("_subscription_data").List("default_tax_rates")},
	}
	for _, src := range sources {
		b.discounts = append(b.discounts, newDiscount(tx, src, "", "", s.ID()))
	}
	trial := sessionTrial(tx, s) > 0
	for _, item := range s.List("line_items") {
		amount, err := amountIn(tx, item.Obj("price"), item.Int("quantity"), s.Str("currency"))
		if err != nil {
			return nil, err
		}
		if item.Has("price.recurring") {
			if amount, err = firstAmount(tx, s, item.Obj("price"), amount, trial); err != nil {
				return nil, err
			}
		}
		b.lines = append(b.lines, Object{
			"amount": amount, "discountable": true, "price": item["price"], "quantity": item["quantity"],
			"tax_rates": slices.Clone(item.List("_tax_rates")),
		})
	}
	return b, nil
}

// firstAmount is what the first period of a recurring price costs: nothing while on trial or before there is usage,
// and a part of it when the session fixes an anchor in the future.
func firstAmount(tx *Tx, s, price Object, amount int64, trial bool) (int64, error) {
	anchor := s.Int("_subscription_data.billing_cycle_anchor")
	switch {
	case trial || metered(price):
		return 0, nil
	case anchor <= tx.Now():
		return amount, nil
	default:
		stub := Object{"billing_cycle_anchor": anchor, "start_date": tx.Now(), "_stub": s.at("_subscription_data.proration_behavior")}
		return firstPeriod(stub, price, amount, tx.Now(), interval(price).Next(anchor, tx.Now()))
	}
}

// payable refuses a session that costs less than a card network takes.
func payable(s Object) error {
	if total := s.Int("amount_total"); total > 0 && total < minimumCharge {
		return invalidf("", "The Checkout Session's total amount due must add up to at least %s %s",
			moneyText(minimumCharge, s.Str("currency")), s.Str("currency")).withCode("amount_too_small")
	}
	return nil
}

// Bounds of an adjustable quantity for which the session names none.
const (
	minSeats     = 1
	defaultSeats = 99
)

// seatBounds are how few and how many of a line the customer may choose.
func seatBounds(item Object) (low, high int64) {
	low, high = item.Int("_adjustable.minimum"), item.Int("_adjustable.maximum")
	if high == 0 {
		high = defaultSeats
	}
	return max(low, minSeats), high
}

// setSeats changes the quantity of a line that the session lets its customer adjust, and all that it costs.
func setSeats(tx *Tx, sessionID, itemID string, quantity int64) error {
	if _, err := openSession(tx, sessionID); err != nil {
		return err
	}
	_, err := tx.Update("checkout.session", sessionID, func(s Object) error {
		for _, item := range s.List("line_items") {
			if item.ID() != itemID || !item.Bool("_adjustable.enabled") {
				continue
			}
			if low, high := seatBounds(item); quantity < low || quantity > high {
				return invalidf("quantity", "The quantity must be between %d and %d.", low, high)
			}
			item["quantity"] = quantity
			if err := setTotals(tx, s); err != nil {
				return err
			}
			return payable(s)
		}
		return invalidf("quantity", "The quantity of this line cannot be changed.")
	})
	return err
}
