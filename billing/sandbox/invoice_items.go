package sandbox

import "slices"

// pendingLines are the lines of the invoice items that wait for a subscription's next invoice, newest first.
func pendingLines(tx *Tx, sub Object) ([]Object, error) {
	var items []Object
	var err error
	if customer := sub.Str("customer"); customer != "" { // A preview may be for nobody yet.
		items, err = tx.Find("invoiceitem", Query{Customer: customer, Where: map[string]string{"invoice": ""}})
	}
	if err != nil {
		return nil, err
	}
	var lines []Object
	for _, item := range sub.List("_preview_items") {
		lines = append(lines, itemLine(tx, item))
	}
	for _, item := range items {
		if owner := item.Str("subscription"); owner != "" && owner != sub.ID() {
			continue
		}
		if item.Str("currency") == sub.Str("currency") {
			lines = append(lines, itemLine(tx, item))
		}
	}
	return lines, nil
}

// itemLine is the line that an invoice item becomes.
func itemLine(tx *Tx, item Object) Object {
	line := tx.Skeleton("line_item")
	line["type"] = "invoiceitem"
	line["invoice_item"] = item.ID()
	for _, key := range []string{
		"amount", "currency", "description", "discountable", "metadata", "period", "plan", "price", "proration",
		"quantity", "subscription",
	} {
		line[key] = item[key]
	}
	line["discounts"] = []any{}
	line["pretax_credit_amounts"] = []any{}
	line["tax_rates"] = slices.Clone(item.List("tax_rates"))
	line["proration_details"] = Object{"credited_items": nil}
	if credited := item.Obj("_credited"); credited != nil {
		line["proration_details"] = Object{"credited_items": credited}
	}
	if si := item.Str("subscription_item"); si != "" {
		line["subscription_item"] = si
	}
	return line
}

// newInvoiceItem builds an item for a customer's next invoice.
func newInvoiceItem(tx *Tx, customer, currency string, amount int64, text string) Object {
	item := tx.Skeleton("invoiceitem")
	item["amount"], item["currency"], item["customer"] = amount, currency, customer
	item["date"] = tx.Now()
	item["description"] = textOrNil(text)
	item["discountable"], item["discounts"] = true, []any{}
	item["period"] = Object{"start": tx.Now(), "end": tx.Now()}
	item["plan"], item["proration"], item["quantity"] = nil, false, int64(1)
	item["tax_rates"] = []any{}
	item["unit_amount"], item["unit_amount_decimal"] = amount, decimalText(amount)
	return item
}

func createInvoiceItem(r *apiRequest) (Object, error) {
	if err := r.Params.Require("customer"); err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", r.Params.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	item, err := pricedItem(r, customer)
	if err != nil {
		return nil, err
	}
	if err := oneCurrency(r.Tx, customer, item.Str("currency")); err != nil {
		return nil, err
	}
	if item["metadata"], err = r.Params.Metadata(nil); err != nil {
		return nil, err
	}
	r.Params.Copy(item, "discountable")
	if sub := r.Params.Str("subscription"); sub != "" {
		if _, err := r.Tx.Ref("subscription", sub, "subscription"); err != nil {
			return nil, err
		}
		item["subscription"] = sub
	}
	if p := r.Params.Sub("period"); p != nil {
		item["period"] = p.Object()
	}
	if err := r.Tx.Insert(item, "invoiceitem.created"); err != nil {
		return nil, err
	}
	return item, addToDraft(r, item)
}

// pricedItem reads what the item costs: a price and a quantity, or an amount.
func pricedItem(r *apiRequest, customer Object) (Object, error) {
	text := r.Params.Str("description")
	if id := r.Params.Str("price"); id != "" {
		price, err := r.Tx.Ref("price", id, "price")
		if err != nil {
			return nil, err
		}
		if price.Has("recurring") {
			return nil, invalidf("price", "The price specified is set to `type=recurring` but this field only accepts "+
				"prices with `type=one_time`.")
		}
		quantity, sent, err := r.Params.Int("quantity")
		if err != nil {
			return nil, err
		}
		if !sent {
			quantity = 1
		}
		currency := r.Params.Str("currency")
		if currency == "" {
			if currency, err = currencyFor(r.Tx, price, customer); err != nil {
				return nil, err
			}
		}
		if err := mustPriceIn(r.Tx, price, currency, "price"); err != nil {
			return nil, err
		}
		amount, err := amountIn(r.Tx, price, quantity, currency)
		if err != nil {
			return nil, err
		}
		if text == "" {
			text = productName(r.Tx, price)
		}
		item := newInvoiceItem(r.Tx, customer.ID(), currency, amount, text)
		item["price"], item["quantity"] = r.Tx.Public(price), quantity
		unit := inCurrency(price, currency)
		item["unit_amount"], item["unit_amount_decimal"] = unit["unit_amount"], unit["unit_amount_decimal"]
		return item, nil
	}
	amount, sent, err := r.Params.Int("amount")
	if err != nil {
		return nil, err
	}
	if !sent {
		return nil, invalidf("amount", "Missing required param: amount.").withCode("parameter_missing")
	}
	currency := r.Params.Str("currency")
	if currency == "" {
		currency = customer.Str("currency")
	}
	if currency == "" {
		return nil, invalidf("currency", "Missing required param: currency.").withCode("parameter_missing")
	}
	return newInvoiceItem(r.Tx, customer.ID(), currency, amount, text), nil
}

// addToDraft puts an item onto the draft that the request names, and works the draft out again.
func addToDraft(r *apiRequest, item Object) error {
	id := r.Params.Str("invoice")
	if id == "" {
		return nil
	}
	inv, err := r.Tx.Ref("invoice", id, "invoice")
	if err != nil {
		return err
	}
	if inv.Str("status") != "draft" {
		return invalidf("invoice", "This invoice is no longer editable.").withCode("invoice_not_editable")
	}
	item["invoice"] = id
	if _, err := r.Tx.Update("invoiceitem", item.ID(), func(ii Object) error {
		ii["invoice"] = id
		return nil
	}); err != nil {
		return err
	}
	return recompose(r.Tx, inv, itemLine(r.Tx, item))
}

// recompose works a draft out again with one more line.
func recompose(tx *Tx, inv Object, extra Object) error {
	extra["invoice"] = inv.ID()
	fresh, err := redraw(tx, inv, append(inv.List("lines"), extra))
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

func deleteInvoiceItem(r *apiRequest) (Object, error) {
	item, err := r.Tx.Get("invoiceitem", r.ID)
	if err != nil {
		return nil, err
	}
	if item.Has("invoice") {
		return nil, invalidf("", "You can't delete an invoice item that is attached to an invoice that is no longer "+
			"editable.")
	}
	if err := r.Tx.Delete("invoiceitem", r.ID, "invoiceitem.deleted"); err != nil {
		return nil, err
	}
	return stub(item), nil
}

func listInvoiceItems(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer"), Where: map[string]string{}}
	if id := r.Params.Str("invoice"); id != "" {
		q.Where["invoice"] = id
	}
	if pending, sent, err := r.Params.Bool("pending"); err != nil {
		return nil, err
	} else if sent && pending {
		q.Where["invoice"] = ""
	} else if sent {
		q.Not = map[string]string{"invoice": ""}
	}
	return r.list("invoiceitem", q)
}
