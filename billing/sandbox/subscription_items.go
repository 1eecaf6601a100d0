package sandbox

// itemOwner finds the subscription that an item belongs to, and the item as it stands there.
func itemOwner(r *apiRequest) (sub, item Object, err error) {
	record, err := r.Tx.Get("subscription_item", r.ID)
	if err != nil {
		return nil, nil, err
	}
	if sub, err = r.Tx.Ref("subscription", record.Str("subscription"), "subscription"); err != nil {
		return nil, nil, err
	}
	for _, item := range sub.List("items") {
		if item.ID() == r.ID {
			return sub, item, nil
		}
	}
	return nil, nil, missing(404, "subscription_item", r.ID, "id")
}

func getSubscriptionItem(r *apiRequest) (Object, error) {
	_, item, err := itemOwner(r)
	return item, err
}

// listSubscriptionItems shows the items of one subscription; there are never more than twenty.
func listSubscriptionItems(r *apiRequest) (Object, error) {
	if err := r.Params.Require("subscription"); err != nil {
		return nil, err
	}
	sub, err := r.Tx.Ref("subscription", r.Params.Str("subscription"), "subscription")
	if err != nil {
		return nil, err
	}
	data := []any{}
	for _, item := range sub.List("items") {
		data = append(data, item)
	}
	return Object{"object": "list", "data": data, "has_more": false, "url": r.Path}, nil
}

func createSubscriptionItem(r *apiRequest) (Object, error) {
	if err := r.Params.Require("subscription"); err != nil {
		return nil, err
	}
	sub, err := r.Tx.Ref("subscription", r.Params.Str("subscription"), "subscription")
	if err != nil {
		return nil, err
	}
	patch := Params{}
	copyKeys(patch, r.Params, "price", "plan", "price_data", "quantity", "metadata", "tax_rates")
	after, err := changeItem(r, sub, patch)
	if err != nil {
		return nil, err
	}
	items := after.List("items")
	return items[len(items)-1], nil
}

func updateSubscriptionItem(r *apiRequest) (Object, error) {
	sub, _, err := itemOwner(r)
	if err != nil {
		return nil, err
	}
	patch := Params{"id": r.ID}
	copyKeys(patch, r.Params, "price", "plan", "price_data", "quantity", "metadata", "tax_rates")
	if _, err := changeItem(r, sub, patch); err != nil {
		return nil, err
	}
	return getSubscriptionItem(r)
}

func deleteSubscriptionItem(r *apiRequest) (Object, error) {
	sub, item, err := itemOwner(r)
	if err != nil {
		return nil, err
	}
	if len(sub.List("items")) == 1 {
		return nil, invalidf("", "A subscription must have at least one active plan. In order to cancel the "+
			"subscription, please use the cancel endpoint.")
	}
	if _, err := changeItem(r, sub, Params{"id": r.ID, "deleted": true}); err != nil {
		return nil, err
	}
	return stub(item), nil
}

// changeItem is an update of the subscription that names one item.
func changeItem(r *apiRequest, sub Object, patch Params) (Object, error) {
	if ended(sub) {
		return nil, invalidf("", "A canceled subscription can only update its cancellation_details and metadata.").
			withCode("invalid_canceled_subscription_fields")
	}
	p := Params{"items": []any{patch}}
	copyKeys(p, r.Params, "proration_behavior", "proration_date")
	c, err := planChange(r.Tx, sub, p)
	if err != nil {
		return nil, err
	}
	behavior := r.Params.Str("payment_behavior")
	if behavior == "" {
		behavior = allowIncomplete
	}
	after, _, err := applyChange(r.Tx, c, applyOptions{behavior: behavior})
	if err != nil {
		return nil, err
	}
	return after, reflectInSchedule(r.Tx, after)
}

func copyKeys(to, from Params, keys ...string) {
	for _, key := range keys {
		if from.Has(key) {
			to[key] = from[key]
		}
	}
}
