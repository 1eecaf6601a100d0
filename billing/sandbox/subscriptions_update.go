package sandbox

// patchItems applies the request's items to a subscription's: an item named by its id is changed or deleted, one
// without an id is added, and those that are not named stay.
func patchItems(tx *Tx, sub Object, p Params) ([]Object, error) {
	items := sub.Clone().List("items")
	index := map[string]int{}
	for i, item := range items {
		index[item.ID()] = i
	}
	gone := map[string]bool{}
	for _, patch := range p.Subs("items") {
		id := patch.Str("id")
		if id == "" {
			spec, err := readItem(tx, patch, sub.Str("currency"))
			if err != nil {
				return nil, err
			}
			added := newItem(tx, sub.ID(), spec)
			added["_usage_from"] = tx.Now()
			items = append(items, added)
			continue
		}
		i, ok := index[id]
		if !ok {
			return nil, missing(400, "subscription_item", id, patch.Path("id"))
		}
		if deleted, _, err := patch.Bool("deleted"); err != nil {
			return nil, err
		} else if deleted {
			gone[id] = true
			continue
		}
		if err := patchItem(tx, items[i], patch, sub.Str("currency")); err != nil {
			return nil, err
		}
	}
	kept := make([]Object, 0, len(items))
	for _, item := range items {
		if !gone[item.ID()] {
			kept = append(kept, item)
		}
	}
	return kept, checkItems(kept)
}

func patchItem(tx *Tx, item Object, patch Params, currency string) error {
	if patch.Given("price") || patch.Given("plan") || patch.Has("price_data") {
		spec, err := readItem(tx, patch, currency)
		if err != nil {
			return err
		}
		if item.Str("price.id") != spec.price.ID() {
			item["_usage_from"] = tx.Now()
		}
		item["price"], item["plan"] = tx.Public(spec.price), planOf(spec.price)
		if metered(spec.price) {
			delete(item, "quantity")
		} else if !item.Has("quantity") {
			item["quantity"] = int64(1)
		}
	}
	quantity, sent, err := patch.Int("quantity")
	if err != nil {
		return err
	}
	if sent {
		if quantity < 0 {
			return invalidf(patch.Path("quantity"), "Invalid non-negative integer").withCode("parameter_invalid_integer")
		}
		if metered(item.Obj("price")) {
			return meteredQuantity(patch)
		}
		item["quantity"] = quantity
	}
	if patch.Has("tax_rates") {
		if item["tax_rates"], err = readTaxRates(tx, patch, "tax_rates"); err != nil {
			return err
		}
	}
	if patch.Has("metadata") {
		item["metadata"], err = patch.Metadata(item.Obj("metadata"))
	}
	return err
}

// readItem reads one entry of items[].
func readItem(tx *Tx, p Params, currency string) (itemSpec, error) {
	spec := itemSpec{quantity: 1}
	price, err := readPrice(tx, p)
	if err != nil {
		return spec, err
	}
	if !price.Has("recurring") {
		return spec, invalidf(p.Path("price"), "The price specified is set to `type=one_time` but this field only "+
			"accepts prices with `type=recurring`.")
	}
	if currency != "" {
		if err := mustPriceIn(tx, price, currency, p.Path("price")); err != nil {
			return spec, err
		}
	}
	spec.price = price
	quantity, sent, err := p.Int("quantity")
	if err != nil {
		return spec, err
	}
	if sent {
		if quantity < 0 {
			return spec, invalidf(p.Path("quantity"), "Invalid non-negative integer").
				withCode("parameter_invalid_integer")
		}
		if metered(price) {
			return spec, meteredQuantity(p)
		}
		spec.quantity = quantity
	}
	if spec.taxRates, err = readTaxRates(tx, p, "tax_rates"); err != nil {
		return spec, err
	}
	spec.metadata, err = p.Metadata(nil)
	return spec, err
}

// meteredQuantity refuses a quantity for what is billed by usage.
func meteredQuantity(p Params) *Error {
	where, _ := p[pathKey].(string)
	return invalidf(p.Path("quantity"), "Quantity should not be specified where usage_type is `metered`. Remove quantity "+
		"from `%s`", orText(where, "the request"))
}

// readPrice finds an active price by its id, or makes one from price_data.
func readPrice(tx *Tx, p Params) (Object, error) {
	id, key := p.Str("price"), "price"
	if id == "" && p.Given("plan") {
		id, key = p.Str("plan"), "plan"
	}
	if data := p.Sub("price_data"); data != nil && id == "" {
		return inlinePrice(tx, data)
	}
	if id == "" {
		return nil, invalidf(p.Path("price"), "Missing required param: %s.", p.Path("price")).
			withCode("parameter_missing")
	}
	price, err := tx.Ref("price", id, p.Path(key))
	if err != nil {
		return nil, err
	}
	if !price.Bool("active") {
		return nil, invalidf(p.Path(key), "The price specified is inactive. This field only accepts active prices.")
	}
	return price, nil
}

func readTaxRates(tx *Tx, p Params, key string) ([]Object, error) {
	var out []Object
	for _, id := range p.Strs(key) {
		rate, err := tx.Ref("tax_rate", id, p.Path(key))
		if err != nil {
			return nil, err
		}
		out = append(out, rate)
	}
	return out, nil
}

// switchPlan moves a subscription to another price, as the portal does: the difference is invoiced at once. A declined
// card is an error, and nothing has changed. A card that wants a challenge is an error too, one that carries the intent
// and is to be kept: the switch then waits for the challenge as a pending update.
func switchPlan(tx *Tx, subID, priceID string, qty int64) (Object, error) {
	sub, p, err := switchParams(tx, subID, priceID, qty)
	if err != nil {
		return nil, err
	}
	if sub.Has("schedule") {
		if err := leaveSchedule(tx, sub); err != nil {
			return nil, err
		}
		if sub, err = tx.Get("subscription", subID); err != nil {
			return nil, err
		}
	}
	c, err := planChange(tx, sub, p)
	if err != nil {
		return nil, err
	}
	// A portal customer who is behind a scheduled cancellation and picks a plan means to stay.
	if c.after.Bool("cancel_at_period_end") {
		setCancelAtPeriodEnd(tx, c.after, false)
	}
	sub, result, err := applyChange(tx, c, applyOptions{behavior: pendingIfIncomplete})
	if err != nil {
		return nil, err
	}
	switch result.state {
	case outcomeFailed:
		// Nothing is kept: the customer stays on the plan they have, without an invoice left over.
		refused := *result.err
		refused.Keep = false
		return nil, &refused
	case outcomeAction:
		return nil, actionRequired(result)
	}
	return sub, nil
}

// previewSwitch is the invoice that switchPlan would lead to.
func previewSwitch(tx *Tx, subID, priceID string, qty int64) (Object, error) {
	sub, p, err := switchParams(tx, subID, priceID, qty)
	if err != nil {
		return nil, err
	}
	return previewChange(tx, sub, p)
}

func switchParams(tx *Tx, subID, priceID string, qty int64) (Object, Params, error) {
	sub, err := tx.Get("subscription", subID)
	if err != nil {
		return nil, nil, err
	}
	if ended(sub) {
		return nil, nil, invalidf("", "This subscription has already been canceled.")
	}
	return sub, Params{
		"items":              []any{Params{"id": sub.Str("items.data.0.id"), "price": priceID, "quantity": qty}},
		"proration_behavior": prorateInvoice,
	}, nil
}
