package sandbox

import (
	"slices"

	"example.com/tollgate/billing/sandbox/money"
)

// itemSpec is one thing that a subscription is to bill.
type itemSpec struct {
	price    Object
	quantity int64
	metadata Object
	taxRates []Object
}

// subscriptionSpec is all that a new subscription is made from, whether the API or Checkout asks for it.
type subscriptionSpec struct {
	customer  Object
	items     []itemSpec
	currency  string // "" is the first price's own.
	bound     bool   // The customer is bound to the currency already, by a session that is open until now.
	trialEnd  int64  // 0 is no trial.
	anchor    int64  // 0 is now.
	method    string
	discounts []discountSource
	fields    Object // Further fields, by their name on the subscription.
}

// buildSubscription works out a new subscription without storing it.
func buildSubscription(tx *Tx, spec subscriptionSpec) (Object, error) {
	sub := tx.Skeleton("subscription")
	now := tx.Now()
	items := make([]Object, 0, len(spec.items))
	for _, s := range spec.items {
		items = append(items, newItem(tx, sub.ID(), s))
	}
	if err := checkItems(items); err != nil {
		return nil, err
	}
	currency := orText(spec.currency, items[0].Str("price.currency"))
	if !spec.bound {
		if err := oneCurrency(tx, spec.customer, currency); err != nil {
			return nil, err
		}
	}
	setItems(sub, items)
	sub["customer"] = spec.customer.ID()
	sub["currency"] = currency
	sub["collection_method"] = "charge_automatically"
	sub["automatic_tax"] = Object{"enabled": false, "liability": nil, "disabled_reason": nil}
	sub["invoice_settings"] = Object{"account_tax_ids": nil, "issuer": Object{"type": "self"}}
	sub["cancellation_details"] = Object{"comment": nil, "feedback": nil, "reason": nil}
	sub["payment_settings"] = Object{
		"payment_method_options": nil, "payment_method_types": nil, "save_default_payment_method": "off",
	}
	sub["trial_settings"] = Object{"end_behavior": Object{"missing_payment_method": "create_invoice"}}
	sub["default_tax_rates"] = []any{}
	sub["start_date"] = now
	sub["default_payment_method"] = textOrNil(spec.method)
	for key, value := range spec.fields {
		sub.Set(key, value)
	}
	attachDiscounts(tx, sub, spec.discounts)
	startPeriod(sub, spec, now)
	return sub, nil
}

// startPeriod sets the status, the anchor and the first period.
func startPeriod(sub Object, spec subscriptionSpec, now int64) {
	sub["status"] = "incomplete"
	if sub.Str("collection_method") == "send_invoice" {
		sub["status"] = "active"
	}
	every := interval(sub.Obj("items.data.0.price"))
	anchor, end := now, every.Next(now, now)
	switch {
	case spec.trialEnd > now:
		anchor, end = max(spec.trialEnd, spec.anchor), spec.trialEnd
		sub["status"] = "trialing"
		sub["trial_start"], sub["trial_end"] = now, spec.trialEnd
	case spec.anchor > now:
		anchor, end = spec.anchor, every.Next(spec.anchor, now)
	}
	sub["billing_cycle_anchor"] = anchor
	sub["current_period_start"], sub["current_period_end"] = now, end
}

func newItem(tx *Tx, sub string, s itemSpec) Object {
	item := tx.Skeleton("subscription_item")
	item["subscription"] = sub
	item["price"] = tx.Public(s.price)
	item["plan"] = planOf(s.price)
	item["tax_rates"] = slices.Clone(s.taxRates)
	if s.taxRates == nil {
		item["tax_rates"] = []any{}
	}
	if s.metadata != nil {
		item["metadata"] = s.metadata
	}
	if metered(s.price) {
		delete(item, "quantity")
	} else {
		item["quantity"] = s.quantity
	}
	return item
}

// setItems replaces a subscription's items and the legacy keys that mirror a single one.
func setItems(sub Object, items []Object) {
	sub["items"] = embeddedList(items, "/v1/subscription_items?subscription="+sub.ID())
	sub["plan"], sub["quantity"] = nil, nil
	if len(items) == 1 {
		sub["plan"], sub["quantity"] = items[0]["plan"], items[0]["quantity"]
	}
}

// checkItems refuses prices that cannot share one subscription. That they share a currency is seen where they are read.
func checkItems(items []Object) error {
	if len(items) == 0 {
		return invalidf("items", "A subscription must have at least one active plan. In order to cancel the "+
			"subscription, please use the cancel endpoint.")
	}
	first := items[0]
	seen := map[string]bool{}
	for _, item := range items {
		price := item.Obj("price")
		if interval(price) != interval(first.Obj("price")) {
			return invalidf("items", "Currency and interval fields must match across all plans on this subscription. "+
				"Found mismatch in interval field.")
		}
		if seen[price.ID()] {
			return invalidf("items", "Cannot add multiple subscription items with the same plan: %s", price.ID())
		}
		seen[price.ID()] = true
	}
	return nil
}

// storeItems keeps a small record of each item beside its subscription, so that an item can be found by its id. The
// subscription's own copy is the one that counts.
func storeItems(tx *Tx, before, after Object) error {
	had := map[string]bool{}
	for _, item := range before.List("items") {
		had[item.ID()] = true
	}
	for _, item := range after.List("items") {
		if had[item.ID()] {
			delete(had, item.ID())
			if err := copyItem(tx, item); err != nil {
				return err
			}
			continue
		}
		if err := tx.Insert(item); err != nil {
			return err
		}
	}
	for id := range had {
		if err := tx.Delete("subscription_item", id); err != nil {
			return err
		}
	}
	return nil
}

func copyItem(tx *Tx, item Object) error {
	_, err := tx.Update("subscription_item", item.ID(), func(record Object) error {
		for key, value := range item {
			record[key] = value
		}
		return nil
	})
	return err
}

// updateSubscription changes a subscription and tells of it, unless it is still being created: then its one
// customer.subscription.created is to show the result.
func updateSubscription(tx *Tx, id string, fn func(Object) error) (Object, error) {
	sub, err := tx.Get("subscription", id)
	if err != nil {
		return nil, err
	}
	if sub.Bool("_quiet") {
		return tx.Update("subscription", id, fn)
	}
	return tx.Update("subscription", id, fn, "customer.subscription.updated")
}

// periodLines are the lines of a subscription's items for one period, newest item first as on Stripe's invoices. A
// period that begins between two boundaries of the anchor is charged for its part only.
func periodLines(tx *Tx, sub Object, start, end int64) ([]Object, error) {
	var lines []Object
	items := sub.List("items")
	for _, item := range slices.Backward(items) {
		price := item.Obj("price")
		if metered(price) {
			continue
		}
		quantity := item.Int("quantity")
		amount, err := amountIn(tx, price, quantity, sub.Str("currency"))
		if err != nil {
			return nil, err
		}
		text := lineTextIn(tx, price, quantity, sub.Str("currency"))
		if sub.Str("status") == "trialing" && sub.Int("trial_end") >= end {
			amount = 0
			text = trialLineText(tx, price, quantity)
		} else if amount, err = firstPeriod(sub, price, amount, start, end); err != nil {
			return nil, err
		}
		lines = append(lines, subscriptionLine(tx, sub, item, text, amount, start, end))
	}
	return lines, nil
}

// firstPeriod prorates the first, shortened period of a subscription whose anchor lies in the future: from its start, or
// from the end of its trial.
func firstPeriod(sub, price Object, amount, start, end int64) (int64, error) {
	every, anchor := interval(price), sub.Int("billing_cycle_anchor")
	full := every.Previous(anchor, end-1)
	if full >= start || (sub.Int("start_date") != start && sub.Int("trial_end") != start) {
		return amount, nil
	}
	if sub.Str("_stub") == "none" {
		return 0, nil
	}
	return money.Prorate(amount, full, start, end)
}

func subscriptionLine(tx *Tx, sub, item Object, text string, amount, start, end int64) Object {
	line := tx.Skeleton("line_item")
	line["type"] = "subscription"
	line["amount"], line["currency"], line["description"] = amount, sub["currency"], text
	line["discountable"], line["proration"] = true, false
	line["discounts"] = []any{}
	line["metadata"] = sub["metadata"]
	line["period"] = Object{"start": start, "end": end}
	line["plan"], line["price"], line["quantity"] = item["plan"], item["price"], item["quantity"]
	line["proration_details"] = Object{"credited_items": nil}
	line["subscription"], line["subscription_item"] = sub.ID(), item.ID()
	line["tax_rates"] = slices.Clone(item.List("tax_rates"))
	line["pretax_credit_amounts"] = []any{}
	return line
}
