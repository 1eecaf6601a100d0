package sandbox

import "slices"

func getInvoice(r *apiRequest) (Object, error) { return r.Tx.Get("invoice", r.ID) }

func listInvoices(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer"), Subscription: r.Params.Str("subscription")}
	r.filters(&q, "status", "collection_method")
	if err := r.timeFilters(&q, "due_date"); err != nil {
		return nil, err
	}
	return r.list("invoice", q)
}

func searchInvoices(r *apiRequest) (Object, error) {
	return r.search("invoice", "currency", "customer", "number", "receipt_number", "subscription", "total", "status")
}

func listInvoiceLines(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	return pageOf(r, inv.List("lines"))
}

// pageOf answers a list request out of the elements of an object.
func pageOf(r *apiRequest, items []Object) (Object, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	if p.after != "" {
		at := slices.IndexFunc(items, func(o Object) bool { return o.ID() == p.after })
		if at < 0 {
			return nil, missing(400, "line_item", p.after, "starting_after")
		}
		items = items[at+1:]
	}
	more := len(items) > p.limit
	if more {
		items = items[:p.limit]
	}
	data := make([]any, 0, len(items))
	for _, item := range items {
		data = append(data, item)
	}
	return Object{"object": "list", "data": data, "has_more": more, "url": r.Path}, nil
}

func deleteInvoice(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	if inv.Str("status") != "draft" {
		return nil, invalidf("", "You can only delete draft invoices.")
	}
	return stub(inv), r.Tx.Delete("invoice", r.ID, "invoice.deleted")
}

func finalizeInvoiceAPI(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	if inv.Str("status") != "draft" {
		return nil, invalidf("", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	}
	if err := finalizable(r.Tx, inv); err != nil {
		return nil, err
	}
	if inv, err = finalizeInvoice(r.Tx, r.ID, ""); err != nil || inv.Str("status") == "paid" {
		return inv, err
	}
	if err := rememberCurrency(r.Tx, inv.Str("customer"), inv.Str("currency")); err != nil {
		return nil, err
	}
	// What advances by itself is collected about an hour later, as on Stripe.
	if inv.Bool("auto_advance") && inv.Str("collection_method") == "charge_automatically" {
		if inv, err = r.Tx.Update("invoice", r.ID, func(inv Object) error {
			inv["next_payment_attempt"] = r.Tx.Now() + hour
			return nil
		}); err != nil {
			return nil, err
		}
		return inv, r.Tx.Schedule(r.Tx.Now()+hour, "invoice.retry", r.ID)
	}
	return inv, nil
}
