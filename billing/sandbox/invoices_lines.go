package sandbox

import (
	"math/big"
	"slices"

	"example.com/tollgate/billing/sandbox/money"
)

// draftOf is a copy of the request's invoice, whose lines can still be changed.
func draftOf(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	return inv.Clone(), editable(inv, "")
}

// addInvoiceLines puts waiting items onto a draft, and new ones that the request describes.
func addInvoiceLines(r *apiRequest) (Object, error) {
	inv, err := draftOf(r)
	if err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", inv.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	lines := inv.List("lines")
	for _, p := range r.Params.Subs("lines") {
		item, err := r.addedItem(p, inv, customer)
		if err != nil {
			return nil, err
		}
		lines = append(lines, itemLine(r.Tx, item))
	}
	return r.finishLines(inv, lines)
}

func (r *apiRequest) addedItem(p Params, inv, customer Object) (Object, error) {
	if id := p.Str("invoice_item"); id != "" {
		item, err := r.Tx.Ref("invoiceitem", id, p.Path("invoice_item"))
		if err != nil {
			return nil, err
		}
		if item.Has("invoice") || item.Str("customer") != inv.Str("customer") ||
			item.Str("currency") != inv.Str("currency") {
			return nil, invalidf(p.Path("invoice_item"), "The invoice item %s cannot be added: it must be pending, and of "+
				"the invoice's customer and currency.", id)
		}
		return r.Tx.Update("invoiceitem", id, func(item Object) error {
			item["invoice"] = inv.ID()
			return r.setItem(p, item)
		})
	}
	item, err := r.newItem(p, customer, inv.Str("currency"))
	if err != nil {
		return nil, err
	}
	if item.Str("currency") != inv.Str("currency") {
		return nil, invalidf(p.Path("price"), "The price specified only supports `%s`. This doesn't match the expected "+
			"currency: `%s`.", item.Str("currency"), inv.Str("currency"))
	}
	item["invoice"] = inv.ID()
	return item, r.Tx.Insert(item, "invoiceitem.created")
}

// updateInvoiceLine changes one line, by the path of its own.
func updateInvoiceLine(r *apiRequest) (Object, error) {
	inv, err := draftOf(r)
	if err != nil {
		return nil, err
	}
	lines := inv.List("lines")
	i := slices.IndexFunc(lines, func(l Object) bool { return l.ID() == r.Sub })
	if i < 0 {
		return nil, missing(404, "invoice line item", r.Sub, "line_item_id")
	}
	if err := r.changeLine(r.Params, inv, lines, i); err != nil {
		return nil, err
	}
	if err := editDraft(r.Tx, inv, lines); err != nil {
		return nil, err
	}
	inv, err = r.Tx.Get("invoice", r.ID)
	return inv.List("lines")[i], err
}

func updateInvoiceLines(r *apiRequest) (Object, error) {
	inv, err := draftOf(r)
	if err != nil {
		return nil, err
	}
	lines := inv.List("lines")
	for _, p := range r.Params.Subs("lines") {
		i := slices.IndexFunc(lines, func(l Object) bool { return l.ID() == p.Str("id") })
		if i < 0 {
			return nil, missing(400, "invoice line item", p.Str("id"), p.Path("id"))
		}
		if err := r.changeLine(p, inv, lines, i); err != nil {
			return nil, err
		}
	}
	return r.finishLines(inv, lines)
}

// changeLine changes a line, and the item that it stands for. A line of a subscription has no item: it takes the terms
// by itself.
func (r *apiRequest) changeLine(p Params, inv Object, lines []Object, i int) error {
	line := lines[i]
	if id := line.Str("invoice_item"); id != "" {
		item, err := r.Tx.Update("invoiceitem", id, func(item Object) error { return r.setItem(p, item) })
		if err != nil {
			return err
		}
		fresh := itemLine(r.Tx, item)
		fresh["id"] = line.ID()
		lines[i] = fresh
		return nil
	}
	if err := r.changeLineAmount(p, line); err != nil {
		return err
	}
	return r.setItemTerms(p, line, inv.Str("customer"), Object{"invoice": inv.ID()})
}

// changeLineAmount changes what a line costs that a subscription put on the draft for one of its periods: by an amount,
// by another quantity of its price, or by a price that is sold once.
func (r *apiRequest) changeLineAmount(p Params, line Object) error {
	if p.Given("price") || p.Given("price_data") {
		err := r.setItemAmount(p, line)
		delete(line, "unit_amount") // Only items have these.
		delete(line, "unit_amount_decimal")
		return err
	}
	amount, byAmount, err := p.Int("amount")
	if err != nil {
		return err
	}
	quantity, byQuantity, err := p.Int("quantity")
	switch {
	case err != nil:
		return err
	case byAmount && byQuantity:
		return onlyOne(p, "amount", "quantity")
	case byAmount:
		line["amount"] = amount
	case byQuantity && quantity < 0:
		return invalidf(p.Path("quantity"), "Invalid non-negative integer").withCode("parameter_invalid_integer")
	case byQuantity:
		return r.requantify(p, line, quantity)
	}
	return nil
}

// requantify works a line out again for another quantity. One that was prorated, or changed by hand, keeps its
// proportion to the full price.
func (r *apiRequest) requantify(p Params, line Object, quantity int64) error {
	price, currency := line.Obj("price"), line.Str("currency")
	if metered(price) {
		return meteredQuantity(p)
	}
	full, err := amountIn(r.Tx, price, line.Int("quantity"), currency)
	if err != nil {
		return err
	}
	amount, err := amountIn(r.Tx, price, quantity, currency)
	if err != nil {
		return err
	}
	if full != 0 {
		exact := new(big.Rat).Mul(big.NewRat(line.Int("amount"), full), big.NewRat(amount, 1))
		if amount, err = money.Round(exact); err != nil {
			return err
		}
	}
	line["amount"], line["quantity"] = amount, quantity
	return nil
}

// removeInvoiceLines takes lines off a draft: their items are deleted, or wait for another invoice again.
func removeInvoiceLines(r *apiRequest) (Object, error) {
	inv, err := draftOf(r)
	if err != nil {
		return nil, err
	}
	lines := inv.List("lines")
	for _, p := range r.Params.Subs("lines") {
		i := slices.IndexFunc(lines, func(l Object) bool { return l.ID() == p.Str("id") })
		if i < 0 {
			return nil, missing(400, "invoice line item", p.Str("id"), p.Path("id"))
		}
		if err := r.dropItem(p, lines[i].Str("invoice_item")); err != nil {
			return nil, err
		}
		lines = slices.Delete(lines, i, i+1)
	}
	return r.finishLines(inv, lines)
}

func (r *apiRequest) dropItem(p Params, id string) error {
	unassign := p.Str("behavior") == "unassign"
	switch {
	case id == "" && unassign:
		return invalidf(p.Path("behavior"), "Only a line that was made from an invoice item can be unassigned.")
	case id == "":
		return nil
	case unassign:
		_, err := r.Tx.Update("invoiceitem", id, func(item Object) error {
			item["invoice"] = nil
			return nil
		})
		return err
	default:
		return r.Tx.Delete("invoiceitem", id, "invoiceitem.deleted")
	}
}

// finishLines stores the changed lines, and the metadata that may come with them.
func (r *apiRequest) finishLines(inv Object, lines []Object) (Object, error) {
	if r.Params.Has("invoice_metadata") {
		sent := Params{"metadata": r.Params["invoice_metadata"]}
		if _, err := r.Tx.Update("invoice", inv.ID(), func(inv Object) error {
			metadata, err := sent.Metadata(inv.Obj("metadata"))
			inv["metadata"] = metadata
			return err
		}); err != nil {
			return nil, err
		}
	}
	if err := editDraft(r.Tx, inv, lines); err != nil {
		return nil, err
	}
	return r.Tx.Get("invoice", inv.ID())
}
