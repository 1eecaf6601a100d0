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
	line["discounts"] = slices.Clone(item.Strs("discounts"))
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
