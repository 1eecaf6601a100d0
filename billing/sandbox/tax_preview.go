package sandbox

// previewBuyer is the customer of a preview: one that exists, with the details that the request tries out in place of
// theirs, or nobody but those details.
func (r *apiRequest) previewBuyer(customer Object) (Object, error) {
	details := r.Params.Sub("customer_details")
	if details == nil {
		return customer, nil
	}
	buyer := customer.Clone()
	if buyer == nil {
		buyer = Object{"id": "", "object": "customer", "balance": int64(0), "tax_exempt": "none"}
	}
	applyAddress(details, buyer, "address")
	applyShipping(details, buyer, "phone")
	if exempt := details.Str("tax_exempt"); exempt != "" {
		buyer["tax_exempt"] = exempt
	}
	if err := customerTaxParams(r.Tx, details, buyer); err != nil {
		return nil, err
	}
	if details.Has("tax_ids") {
		ids := []Object{}
		for _, id := range details.Subs("tax_ids") {
			if err := checkTaxID(id); err != nil {
				return nil, err
			}
			ids = append(ids, Object{"type": id.Str("type"), "value": id.Str("value")})
		}
		buyer["_tax_ids"] = ids
	}
	return buyer, nil
}

// previewExtras puts onto a subscription, for the length of a preview, what the request adds to it: another buyer,
// automatic tax, and invoice items that do not exist yet.
func (r *apiRequest) previewExtras(sub, buyer Object) error {
	if r.Params.Has("customer_details") {
		sub["_preview_customer"] = buyer
	}
	if on, sent, err := r.Params.Sub("automatic_tax").Bool("enabled"); err != nil {
		return err
	} else if sent {
		sub["automatic_tax"] = Object{"enabled": on, "liability": nil, "disabled_reason": nil}
	}
	items := []Object{}
	for _, entry := range r.Params.Subs("invoice_items") {
		delete(entry, "discounts") // They would be stored, which a preview must not do.
		item, err := r.newItem(entry, buyer, entry.Str("currency"))
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	if len(items) > 0 {
		sub["_preview_items"] = items
	}
	return nil
}

// billedCustomer is who a subscription's bill is for: its customer, or in a preview whoever the request tries out.
func billedCustomer(tx *Tx, sub Object) (Object, error) {
	if buyer := sub.Obj("_preview_customer"); buyer != nil {
		return buyer, nil
	}
	return tx.Ref("customer", sub.Str("customer"), "customer")
}
