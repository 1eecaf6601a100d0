package sandbox

import "slices"

func createInvoiceItem(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("customer"); err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", p.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	inv, err := itemDraft(r)
	if err != nil {
		return nil, err
	}
	item, err := r.newItem(p, customer, orText(p.Str("currency"), inv.Str("currency")))
	if err != nil {
		return nil, err
	}
	if err := oneCurrency(r.Tx, customer, item.Str("currency")); err != nil {
		return nil, err
	}
	if inv != nil && inv.Str("currency") != item.Str("currency") {
		return nil, invalidf("currency", "The currency of the invoice item (%s) does not match that of the invoice (%s).",
			item.Str("currency"), inv.Str("currency"))
	}
	if id := p.Str("subscription"); id != "" {
		sub, err := r.Tx.Ref("subscription", id, "subscription")
		if err != nil {
			return nil, err
		}
		if ended(sub) {
			return nil, invalidf("subscription", "You cannot add an invoice item to the subscription %s because it has "+
				"ended.", id)
		}
		item["subscription"] = id
	}
	if inv != nil {
		item["invoice"] = inv.ID()
	}
	if err := r.Tx.Insert(item, "invoiceitem.created"); err != nil || inv == nil {
		return item, err
	}
	return item, editDraft(r.Tx, inv, append(inv.List("lines"), itemLine(r.Tx, item)))
}

// itemDraft is the draft that a new item names, or nil.
func itemDraft(r *apiRequest) (Object, error) {
	id := r.Params.Str("invoice")
	if id == "" {
		return nil, nil
	}
	inv, err := r.Tx.Ref("invoice", id, "invoice")
	if err != nil {
		return nil, err
	}
	if inv.Str("customer") != r.Params.Str("customer") {
		return nil, invalidf("invoice", "The invoice %s does not belong to the customer %s.", id, r.Params.Str("customer"))
	}
	return inv, editable(inv, "invoice")
}

// editable refuses to change the lines of an invoice that was finalised.
func editable(inv Object, param string) error {
	if inv.Str("status") != "draft" {
		return invalidf(param, "This invoice is no longer editable.").withCode("invoice_not_editable")
	}
	return nil
}

// editDraft gives a draft other lines, and works it out again.
func editDraft(tx *Tx, inv Object, lines []Object) error {
	for _, line := range lines {
		line["invoice"] = inv.ID()
	}
	fresh, err := redraw(tx, inv, lines)
	if err != nil {
		return err
	}
	_, err = updateInvoice(tx, inv.ID(), func(o Object) error {
		takeTotals(o, fresh)
		return nil
	})
	return err
}

func getInvoiceItem(r *apiRequest) (Object, error) { return r.Tx.Get("invoiceitem", r.ID) }

// updateInvoiceItem changes an item that still waits, or stands on a draft, whose line follows.
func updateInvoiceItem(r *apiRequest) (Object, error) {
	item, err := r.Tx.Get("invoiceitem", r.ID)
	if err != nil {
		return nil, err
	}
	if _, err := itemInvoice(r.Tx, item); err != nil {
		return nil, err
	}
	return r.changeItem(r.Params, item.ID())
}

// itemInvoice is the draft that an item stands on, or nil. Once that is finalised the item is closed.
func itemInvoice(tx *Tx, item Object) (Object, error) {
	inv, err := tx.load(item.Str("invoice"))
	if err != nil || inv == nil {
		return nil, err
	}
	return inv, editable(inv, "")
}

// changeItem applies a request to an item, and to its line on a draft.
func (r *apiRequest) changeItem(p Params, id string) (Object, error) {
	item, err := r.Tx.Update("invoiceitem", id, func(item Object) error { return r.setItem(p, item) })
	if err != nil {
		return nil, err
	}
	inv, err := itemInvoice(r.Tx, item)
	if err != nil || inv == nil {
		return item, err
	}
	lines := inv.List("lines")
	for i, line := range lines {
		if line.Str("invoice_item") == id {
			fresh := itemLine(r.Tx, item)
			fresh["id"] = line.ID()
			lines[i] = fresh
		}
	}
	return item, editDraft(r.Tx, inv, lines)
}

// deleteInvoiceItem takes an item away, from a draft too.
func deleteInvoiceItem(r *apiRequest) (Object, error) {
	item, err := r.Tx.Get("invoiceitem", r.ID)
	if err != nil {
		return nil, err
	}
	inv, err := r.Tx.load(item.Str("invoice"))
	if err != nil {
		return nil, err
	}
	if inv != nil && !inv.Bool("deleted") && inv.Str("status") != "draft" {
		return nil, invalidf("", "You can't delete an invoice item that is attached to an invoice that is no longer "+
			"editable.")
	}
	if err := r.Tx.Delete("invoiceitem", r.ID, "invoiceitem.deleted"); err != nil || inv == nil || inv.Bool("deleted") {
		return stub(item), err
	}
	rest := slices.DeleteFunc(inv.List("lines"), func(l Object) bool { return l.Str("invoice_item") == r.ID })
	return stub(item), editDraft(r.Tx, inv, rest)
}
