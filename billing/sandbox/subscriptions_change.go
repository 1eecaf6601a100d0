package sandbox

import (
	"fmt"

	"example.com/tollgate/billing/sandbox/money"
)

// The values of proration_behavior.
const (
	prorateNone    = "none"
	prorateCreate  = "create_prorations"
	prorateInvoice = "always_invoice"
)

// change is a worked-out update of a subscription: what it was, what it will be, and what the difference costs. A
// preview shows it, and an update carries it out.
type change struct {
	before, after Object
	// items are the prorations, credits first, not stored yet.
	items []Object
	// resets says that the period begins anew, which bills the new period at once.
	resets     bool
	invoiceNow bool
}

// planChange works out what the request's items, anchor and trial do to a subscription. The parameters have the same
// names in an update and in subscription_details of a preview.
func planChange(tx *Tx, sub Object, p Params) (*change, error) {
	items, err := patchItems(tx, sub, p)
	if err != nil {
		return nil, err
	}
	return planItems(tx, sub, items, p)
}

// planItems is planChange for items that are worked out already.
func planItems(tx *Tx, sub Object, items []Object, p Params) (*change, error) {
	c := &change{before: sub, after: sub.Clone()}
	setItems(c.after, items)
	if err := c.planPeriod(tx, p); err != nil {
		return nil, err
	}
	behavior := p.Str("proration_behavior")
	if behavior == "" {
		behavior = prorateCreate
	}
	at, sent, err := p.Int("proration_date")
	if err != nil {
		return nil, err
	}
	if !sent || c.resets {
		at = tx.Now()
	}
	if runs(sub) && (at < sub.Int("current_period_start") || at > sub.Int("current_period_end")) {
		return nil, invalidf("proration_date", "Cannot specify a proration_date outside of the current period.")
	}
	if behavior != prorateNone && sub.Str("status") != "trialing" && runs(sub) {
		if err := c.prorate(tx, at); err != nil {
			return nil, err
		}
	}
	c.invoiceNow = c.resets || (behavior == prorateInvoice && len(c.items) > 0)
	return c, nil
}

// runs reports whether a subscription has a current period. One that paused at the end of its trial has none until it
// is resumed: the period that it shows is over.
func runs(sub Object) bool { return sub.Str("status") != "paused" }

// planPeriod decides whether the period begins anew, and does so on the changed subscription.
func (c *change) planPeriod(tx *Tx, p Params) error {
	now := tx.Now()
	trialEnd, sent, err := trialEndParam(p, now)
	if err != nil {
		return err
	}
	every := interval(c.after.Obj("items.data.0.price"))
	switch {
	case sent && trialEnd > now:
		c.after["status"], c.after["trial_end"] = "trialing", trialEnd
		if !c.after.Has("trial_start") || c.before.Str("status") != "trialing" {
			c.after["trial_start"] = now
		}
		c.after["billing_cycle_anchor"], c.after["current_period_end"] = trialEnd, trialEnd
		c.resets = c.before.Str("status") != "trialing"
		if c.resets {
			c.after["current_period_start"] = now
		}
		return nil
	case sent && c.before.Str("status") == "trialing":
		c.after["status"], c.after["trial_end"] = "active", now
	case c.before.Str("status") == "trialing", !runs(c.before):
		return nil // A trial keeps its end, whatever it will turn into, and a pause lasts until it is resumed.
	case p.Str("billing_cycle_anchor") == "now":
	case every != interval(c.before.Obj("items.data.0.price")):
	case c.startsCosting(tx):
	default:
		return nil
	}
	c.resets = true
	c.after["billing_cycle_anchor"], c.after["current_period_start"] = now, now
	c.after["current_period_end"] = every.Next(now, now)
	return nil
}

// startsCosting reports whether a subscription that was free is no longer.
func (c *change) startsCosting(tx *Tx) bool {
	sum := func(sub Object) (total int64) {
		for _, item := range sub.List("items") {
			if metered(item.Obj("price")) {
				continue
			}
			amount, err := amountIn(tx, item.Obj("price"), item.Int("quantity"), sub.Str("currency"))
			if err == nil {
				total += amount
			}
		}
		return total
	}
	return sum(c.before) == 0 && sum(c.after) > 0
}

func trialEndParam(p Params, now int64) (int64, bool, error) {
	if p.Str("trial_end") == "now" {
		return now, true, nil
	}
	at, sent, err := p.Int("trial_end")
	if err == nil && sent && at <= now {
		err = invalidf("trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future, or the "+
			"string `now`.")
	}
	return at, sent, err
}

// prorate credits the rest of what is given up, and charges the rest of what replaces it.
func (c *change) prorate(tx *Tx, at int64) error {
	next := map[string]Object{}
	for _, item := range c.after.List("items") {
		next[item.ID()] = item
	}
	var debits []Object
	for _, item := range c.before.List("items") {
		to := next[item.ID()]
		delete(next, item.ID())
		if !c.resets && to != nil && sameCost(item, to) {
			continue
		}
		credit, err := creditFor(tx, c.before, item, at)
		if err != nil {
			return err
		}
		if credit != nil {
			c.items = append(c.items, credit)
		}
		if to != nil {
			debits = append(debits, to)
		}
	}
	for _, item := range c.after.List("items") {
		if next[item.ID()] != nil {
			debits = append(debits, item)
		}
	}
	if c.resets {
		return nil // The whole new period is billed instead.
	}
	for _, item := range debits {
		debit, err := debitFor(tx, c.after, item, at)
		if err != nil {
			return err
		}
		if debit != nil {
			c.items = append(c.items, debit)
		}
	}
	return nil
}

func sameCost(a, b Object) bool {
	return a.Str("price.id") == b.Str("price.id") && a.Int("quantity") == b.Int("quantity")
}

// creditFor is the proration that gives back what is left of an item, at what it was really billed: discounts that
// the invoice of the period took off are not paid out.
func creditFor(tx *Tx, sub, item Object, at int64) (Object, error) {
	price := item.Obj("price")
	if metered(price) {
		return nil, nil
	}
	amount, err := amountIn(tx, price, item.Int("quantity"), sub.Str("currency"))
	if err != nil {
		return nil, err
	}
	line, err := billedLine(tx, sub, item)
	if err != nil {
		return nil, err
	}
	if gross := line.Int("amount"); gross > 0 {
		if amount, err = money.Scale(amount, netOf(line), gross); err != nil {
			return nil, err
		}
	}
	amount, err = money.Prorate(-amount, sub.Int("current_period_start"), at, sub.Int("current_period_end"))
	if err != nil || amount == 0 {
		return nil, err
	}
	credit := prorationItem(tx, sub, item, amount, at, "Unused time on ")
	if line != nil {
		credit["_credited"] = Object{"invoice": line["invoice"], "invoice_line_items": []string{line.ID()}}
	}
	return credit, nil
}

// billedLine finds the line by which an item's current period was billed.
func billedLine(tx *Tx, sub, item Object) (Object, error) {
	invoices, err := tx.Find("invoice", Query{Subscription: sub.ID(), Limit: 24})
	if err != nil {
		return nil, err
	}
	for _, inv := range invoices {
		for _, line := range inv.List("lines") {
			if line.Str("type") == "subscription" && line.Str("subscription_item") == item.ID() &&
				line.Str("price.id") == item.Str("price.id") &&
				line.Int("period.start") == sub.Int("current_period_start") {
				return line, nil
			}
		}
	}
	return nil, nil
}

// debitFor is the proration that charges the rest of the period for an item, less the discounts that live on.
func debitFor(tx *Tx, sub, item Object, at int64) (Object, error) {
	price := item.Obj("price")
	if metered(price) {
		return nil, nil
	}
	amount, err := amountIn(tx, price, item.Int("quantity"), sub.Str("currency"))
	if err != nil {
		return nil, err
	}
	discounts, err := liveDiscounts(tx, sub, at)
	if err != nil {
		return nil, err
	}
	for _, d := range discounts {
		if !discountable(Object{"discountable": true, "price": price}, d.Obj("coupon")) {
			continue
		}
		off, err := couponOff(d.Obj("coupon"), []int64{amount}, sub.Str("currency"))
		if err != nil {
			return nil, err
		}
		amount -= off[0]
	}
	amount, err = money.Prorate(amount, sub.Int("current_period_start"), at, sub.Int("current_period_end"))
	if err != nil || amount == 0 {
		return nil, err
	}
	return prorationItem(tx, sub, item, amount, at, "Remaining time on "), nil
}

func prorationItem(tx *Tx, sub, item Object, amount, at int64, text string) Object {
	name, quantity := productName(tx, item.Obj("price")), item.Int("quantity")
	if quantity > 1 {
		name = fmt.Sprintf("%d × %s", quantity, name)
	}
	ii := newInvoiceItem(tx, sub.Str("customer"), sub.Str("currency"), amount, text+name+" after "+dayText(at))
	ii["date"] = at
	ii["discountable"], ii["proration"] = false, true
	ii["period"] = Object{"start": at, "end": sub.Int("current_period_end")}
	ii["plan"], ii["price"], ii["quantity"] = item["plan"], item["price"], quantity
	ii["subscription"], ii["subscription_item"] = sub.ID(), item.ID()
	ii["tax_rates"] = item.List("tax_rates")
	if unit, err := priceIn(tx, item.Obj("price"), sub.Str("currency")); err == nil {
		ii["unit_amount"], ii["unit_amount_decimal"] = unit["unit_amount"], unit["unit_amount_decimal"]
	}
	return ii
}
