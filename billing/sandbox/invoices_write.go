package sandbox

import "slices"

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
		if b.sub.Str("customer") != customer.ID() {
			return nil, invalidf("subscription", "The subscription %s does not belong to the customer %s.", id, customer.ID())
		}
		pending["id"], b.currency = id, b.sub.Str("currency")
		pending["currency"] = b.currency
	}
	if p.Str("pending_invoice_items_behavior") == "include" || b.sub != nil {
		if b.lines, err = pendingLines(r.Tx, pending); err != nil {
			return nil, err
		}
	}
	inv, err := b.compose(r.Tx)
	if err != nil {
		return nil, err
	}
	inv["auto_advance"] = false
	if err := r.setInvoice(inv); err != nil {
		return nil, err
	}
	if !p.Has("discounts") {
		// Without a word about discounts, those of the subscription or the customer count.
		live, err := liveDiscounts(r.Tx, Object{"customer": customer.ID(), "discounts": b.subDiscounts()}, r.Tx.Now())
		if err != nil {
			return nil, err
		}
		setDiscounts(inv, live)
	}
	if inv, err = redrawDraft(r.Tx, inv); err != nil {
		return nil, err
	}
	if err := storeInvoice(r.Tx, inv); err != nil {
		return nil, err
	}
	return r.planDraft(inv)
}

func (b *bill) subDiscounts() []any {
	if b.sub == nil {
		return []any{}
	}
	out := []any{}
	for _, id := range b.sub.Strs("discounts") {
		out = append(out, id)
	}
	return out
}

// redrawDraft works a draft out again after its discounts or rates have changed.
func redrawDraft(tx *Tx, inv Object) (Object, error) {
	fresh, err := redraw(tx, inv, inv.List("lines"))
	if err != nil {
		return nil, err
	}
	takeTotals(inv, fresh)
	return inv, nil
}

// planDraft puts the moment at which a draft is finalised by itself on the agenda, or takes it off.
func (r *apiRequest) planDraft(inv Object) (Object, error) {
	at, sent, err := r.Params.Int("automatically_finalizes_at")
	if err != nil {
		return nil, err
	}
	planned, _, err := r.Tx.Scheduled("invoice.finalize", inv.ID())
	switch {
	case err != nil:
		return nil, err
	case sent && at <= r.Tx.Now():
		return nil, invalidf("automatically_finalizes_at", "Invalid timestamp: must be an integer Unix timestamp in the "+
			"future")
	case !inv.Bool("auto_advance") && sent:
		return nil, invalidf("automatically_finalizes_at", "You can only set automatically_finalizes_at if auto_advance is "+
			"true.")
	case !inv.Bool("auto_advance"):
		at = 0
	case !sent && planned > 0:
		at = planned
	case !sent:
		at = r.Tx.Now() + hour
	}
	if at == 0 {
		err = r.Tx.Unschedule("invoice.finalize", inv.ID())
	} else {
		err = r.Tx.Schedule(at, "invoice.finalize", inv.ID())
	}
	if err != nil {
		return nil, err
	}
	return r.Tx.Update("invoice", inv.ID(), func(inv Object) error {
		inv["automatically_finalizes_at"], inv["next_payment_attempt"] = nil, nil
		if at > 0 {
			inv["automatically_finalizes_at"] = at
			if inv.Str("collection_method") == "charge_automatically" {
				inv["next_payment_attempt"] = at
			}
		}
		return nil
	})
}

// openFields are what may still be said of an invoice once it is finalised.
func openFields() []string {
	return []string{"metadata", "auto_advance", "default_payment_method", "payment_settings", "rendering", "expand"}
}

func updateInvoiceAPI(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	draft := inv.Str("status") == "draft"
	for _, key := range r.Params.Keys() {
		if !draft && !slices.Contains(openFields(), key) {
			return nil, invalidf(key, "Finalized invoices can't be updated in this way.").withCode("invoice_not_editable")
		}
	}
	redrawn := draft && (r.Params.Has("discounts") || r.Params.Has("default_tax_rates") || r.Params.Has("automatic_tax"))
	inv, err = updateInvoice(r.Tx, r.ID, func(inv Object) error {
		if err := r.setInvoice(inv); err != nil || !redrawn {
			return err
		}
		if on, sent, err := r.Params.Sub("automatic_tax").Bool("enabled"); err != nil {
			return err
		} else if sent {
			inv["automatic_tax"] = Object{"enabled": on}
		}
		_, err := redrawDraft(r.Tx, inv)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case draft && (r.Params.Has("auto_advance") || r.Params.Has("automatically_finalizes_at")):
		return r.planDraft(inv)
	case !draft && r.Params.Has("auto_advance"):
		return r.planRetry(inv)
	}
	return inv, nil
}

// planRetry starts or stops the collection of an open invoice.
func (r *apiRequest) planRetry(inv Object) (Object, error) {
	if inv.Str("status") != "open" || inv.Str("collection_method") != "charge_automatically" {
		return inv, nil
	}
	at := int64(0)
	err := r.Tx.Unschedule("invoice.retry", inv.ID())
	if inv.Bool("auto_advance") {
		at = r.Tx.Now() + hour
		err = r.Tx.Schedule(at, "invoice.retry", inv.ID())
	}
	if err != nil {
		return nil, err
	}
	return r.Tx.Update("invoice", inv.ID(), func(inv Object) error {
		inv["next_payment_attempt"] = nil
		if at > 0 {
			inv["next_payment_attempt"] = at
		}
		return nil
	})
}
