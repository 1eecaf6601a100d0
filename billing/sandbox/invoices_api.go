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

// createInvoice makes a draft out of what is pending for a customer, or an empty one to be filled.
func createInvoice(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("customer"); err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", p.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	currency := orText(p.Str("currency"), orText(customer.Str("currency"), "usd"))
	b := &bill{
		customer: customer, reason: "manual", currency: currency, periodStart: r.Tx.Now(), periodEnd: r.Tx.Now(),
		description: p.Str("description"),
	}
	if on, sent, err := p.Sub("automatic_tax").Bool("enabled"); err != nil {
		return nil, err
	} else if sent {
		b.automatic = Object{"enabled": on}
	}
	pending := Object{"customer": customer.ID(), "currency": currency}
	if id := p.Str("subscription"); id != "" {
		if b.sub, err = r.Tx.Ref("subscription", id, "subscription"); err != nil {
			return nil, err
		}
		pending["id"], b.currency = id, b.sub.Str("currency")
		pending["currency"] = b.currency
	}
	if p.Str("pending_invoice_items_behavior") == "include" || b.sub != nil {
		if b.lines, err = pendingLines(r.Tx, pending); err != nil {
			return nil, err
		}
	}
	inv, err := insertInvoice(r.Tx, b)
	if err != nil {
		return nil, err
	}
	inv, err = r.Tx.Update("invoice", inv.ID(), func(inv Object) error {
		inv["auto_advance"] = false
		p.Copy(inv, "auto_advance", "collection_method", "description", "footer", "default_payment_method", "due_date")
		if days, sent, err := p.Int("days_until_due"); err != nil {
			return err
		} else if sent {
			inv["due_date"] = r.Tx.Now() + days*daySeconds
		}
		metadata, err := p.Metadata(nil)
		inv["metadata"] = metadata
		return err
	})
	if err != nil {
		return nil, err
	}
	if inv.Bool("auto_advance") {
		if err := scheduleDraft(r.Tx, inv.ID()); err != nil {
			return nil, err
		}
	}
	return r.Tx.Get("invoice", inv.ID())
}

func updateInvoiceAPI(r *apiRequest) (Object, error) {
	return updateInvoice(r.Tx, r.ID, func(inv Object) error {
		if inv.Str("status") != "draft" {
			for _, key := range r.Params.Keys() {
				if key != "metadata" && key != "auto_advance" && key != "default_payment_method" && key != "expand" {
					return invalidf(key, "Finalized invoices can't be updated in this way.").
						withCode("invoice_not_editable")
				}
			}
		}
		r.Params.Copy(inv, "auto_advance", "description", "footer", "default_payment_method", "due_date",
			"collection_method")
		metadata, err := r.Params.Metadata(inv.Obj("metadata"))
		if err != nil {
			return err
		}
		inv["metadata"] = metadata
		return r.taxDraft(inv)
	})
}

// taxDraft turns the automatic tax of a draft on or off, and works it out again.
func (r *apiRequest) taxDraft(inv Object) error {
	on, sent, err := r.Params.Sub("automatic_tax").Bool("enabled")
	if err != nil || !sent {
		return err
	}
	inv["automatic_tax"] = Object{"enabled": on}
	fresh, err := redraw(r.Tx, inv, inv.List("lines"))
	if err != nil {
		return err
	}
	takeTotals(inv, fresh)
	return nil
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

func payInvoiceAPI(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	if outside, _, err := r.Params.Bool("paid_out_of_band"); err != nil {
		return nil, err
	} else if outside {
		return payOutside(r.Tx, inv)
	}
	method := r.Params.Str("payment_method")
	if method != "" {
		pm, err := paymentMethod(r.Tx, method, "payment_method")
		if err != nil {
			return nil, err
		}
		method = pm.ID()
	}
	return payInvoice(r.Tx, r.ID, method)
}

// payOutside marks an invoice as paid by money that did not pass through Stripe.
func payOutside(tx *Tx, inv Object) (Object, error) {
	if inv.Str("status") == "paid" {
		return nil, invalidf("", "Invoice is already paid")
	}
	if inv.Str("status") == "draft" {
		var err error
		if inv, err = finalizeInvoice(tx, inv.ID(), ""); err != nil || inv.Str("status") == "paid" {
			return inv, err
		}
	}
	if pi := inv.Str("payment_intent"); pi != "" {
		if _, err := cancelIntent(tx, pi, ""); err != nil {
			return nil, err
		}
	}
	if _, err := tx.Update("invoice", inv.ID(), func(inv Object) error {
		inv["paid_out_of_band"] = true
		return nil
	}); err != nil {
		return nil, err
	}
	if _, err := settleInvoice(tx, inv.ID(), "", false); err != nil {
		return nil, err
	}
	return tx.Get("invoice", inv.ID())
}

func voidInvoiceAPI(r *apiRequest) (Object, error) {
	if err := openInvoice(r); err != nil {
		return nil, err
	}
	return voidInvoice(r.Tx, r.ID)
}

func markUncollectible(r *apiRequest) (Object, error) {
	if err := openInvoice(r); err != nil {
		return nil, err
	}
	return closeInvoice(r.Tx, r.ID, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")
}

func openInvoice(r *apiRequest) error {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return err
	}
	if s := inv.Str("status"); s != "open" && s != "uncollectible" {
		return invalidf("", "You can only pass in open invoices. This invoice isn't open.")
	}
	return nil
}

func sendInvoice(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	if inv.Str("status") == "draft" {
		if inv, err = finalizeInvoice(r.Tx, r.ID, ""); err != nil {
			return nil, err
		}
	}
	return inv, r.Tx.Emit("invoice.sent", inv, nil)
}
