package sandbox

func createPrice(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("currency"); err != nil {
		return nil, err
	}
	if p.Given("product") == p.Given("product_data") {
		return nil, invalidf("product", "You must specify either `product` or `product_data` when creating a price.").
			withCode("parameter_missing")
	}
	product := p.Str("product")
	if product == "" {
		made, err := insertProduct(r.Tx, p.Sub("product_data"))
		if err != nil {
			return nil, err
		}
		product = made.ID()
	} else if _, err := r.Tx.Ref("product", product, "product"); err != nil {
		return nil, err
	}
	return insertPrice(r.Tx, p, product, true)
}

// inlinePrice creates the price that price_data describes: on a line of a checkout session, a subscription item or an
// invoice. Such a price is for that one use, so it is not active.
func inlinePrice(tx *Tx, p Params) (Object, error) {
	product := p.Str("product")
	switch {
	case p.Sub("product_data") != nil:
		made, err := insertProduct(tx, p.Sub("product_data"))
		if err != nil {
			return nil, err
		}
		product = made.ID()
	case product == "":
		return nil, invalidf(p.Path("product"), "You must specify either `product` or `product_data`.").
			withCode("parameter_missing")
	default:
		if _, err := tx.Ref("product", product, p.Path("product")); err != nil {
			return nil, err
		}
	}
	return insertPrice(tx, p, product, false)
}

// claimLookupKey gives a price its lookup key. A key is unique among all prices, inactive ones included;
// transfer_lookup_key takes it from its holder in the same transaction.
func claimLookupKey(tx *Tx, p Params, price Object) error {
	if !p.Has("lookup_key") {
		return nil
	}
	key := p.Str("lookup_key")
	if key == "" {
		price["lookup_key"] = nil
		return nil
	}
	holders, err := tx.Find("price", Query{Where: map[string]string{"lookup_key": key}})
	if err != nil {
		return err
	}
	transfer, _, err := p.Bool("transfer_lookup_key")
	if err != nil {
		return err
	}
	for _, holder := range holders {
		if holder.ID() == price.ID() {
			continue
		}
		if !transfer {
			return invalidf(p.Path("lookup_key"), "A price (`%s`) already uses that lookup key.", holder.ID())
		}
		if _, err := tx.Update("price", holder.ID(), func(o Object) error {
			o["lookup_key"] = nil
			return nil
		}, "price.updated"); err != nil {
			return err
		}
	}
	price["lookup_key"] = key
	return nil
}

// updatePrice changes the little of a price that can change. Its amount is not among the accepted parameters.
func updatePrice(r *apiRequest) (Object, error) {
	p := r.Params
	return r.Tx.Update("price", r.ID, func(price Object) error {
		if want := p.Str("tax_behavior"); want != "" && want != price.Str("tax_behavior") {
			if price.Str("tax_behavior") != "unspecified" {
				return invalidf("tax_behavior", "The `tax_behavior` of a price cannot be changed once it is set.")
			}
			price["tax_behavior"] = want
		}
		p.Copy(price, "active", "nickname")
		if err := addCurrencies(p, price); err != nil {
			return err
		}
		if err := claimLookupKey(r.Tx, p, price); err != nil {
			return err
		}
		metadata, err := p.Metadata(price.Obj("metadata"))
		price["metadata"] = metadata
		return err
	}, "price.updated")
}

func getPrice(r *apiRequest) (Object, error) { return r.Tx.Get("price", r.ID) }

func listPrices(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "active", "currency", "product", "type")
	recurring := r.Params.Sub("recurring")
	for _, key := range recurring.Keys() {
		if q.Where == nil {
			q.Where = map[string]string{}
		}
		q.Where["recurring."+key] = recurring.Str(key)
	}
	q.In = map[string][]string{"lookup_key": r.Params.Strs("lookup_keys")}
	return r.list("price", q)
}

func searchPrices(r *apiRequest) (Object, error) {
	return r.search("price", "active", "currency", "lookup_key", "product", "type")
}

// planOf is the legacy plan that every recurring price is as well: it shows in subscriptions and in plan.created.
func planOf(price Object) Object {
	plan := Object{
		"id": price.ID(), "object": "plan", "active": price.Bool("active"),
		"aggregate_usage": price.Obj("recurring")["aggregate_usage"], "amount": price["unit_amount"],
		"amount_decimal": price["unit_amount_decimal"], "billing_scheme": price["billing_scheme"],
		"created": price["created"], "currency": price["currency"], "interval": price.Str("recurring.interval"),
		"interval_count": price.Int("recurring.interval_count"), "livemode": false, "metadata": price["metadata"],
		"meter": price.Obj("recurring")["meter"], "nickname": price["nickname"], "product": price["product"],
		"tiers_mode": price["tiers_mode"], "transform_usage": price["transform_quantity"],
		"trial_period_days": price.Obj("recurring")["trial_period_days"],
		"usage_type":        price.Str("recurring.usage_type"),
	}
	return plan
}
