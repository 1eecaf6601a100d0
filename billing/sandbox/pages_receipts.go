package sandbox

import (
	"net/http"

	"example.com/tollgate/billing/sandbox/pages"
)

// showReceipt shows the receipt of a charge, which whoever has the link may read: its id cannot be guessed.
func showReceipt(p *page) error {
	v := pages.Invoice{Chrome: p.chrome("Receipt"), Kind: "Receipt", ToLabel: "Paid by"}
	err := p.view(func(tx *Tx) error {
		charge, err := tx.Get("charge", p.id())
		if err != nil {
			return err
		}
		if !charge.Has("receipt_url") { // A payment that failed has none.
			return missing(http.StatusNotFound, "charge", p.id(), "id")
		}
		v.Shop = shopName(tx)
		inv, err := tx.load(charge.Str("invoice"))
		if err != nil {
			return err
		}
		customer, err := tx.load(charge.Str("customer"))
		if err != nil {
			return err
		}
		receiptView(&v, charge, inv, customer)
		return nil
	})
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, pages.InvoicePage(v))
}

func receiptView(v *pages.Invoice, charge, inv, customer Object) {
	money := func(amount int64) string { return pages.Money(amount, charge.Str("currency")) }
	paid, back := charge.Int("amount_captured"), charge.Int("amount_refunded")
	v.Number = charge.ID()
	v.Title = "Receipt " + v.Number
	v.Due, v.DueNote = money(paid), "Paid on "+pages.Day(charge.Int("created"))
	v.Status, v.Tone = "Paid", "ok"
	if charge.Bool("refunded") {
		v.Status, v.Tone = "Refunded", ""
	} else if back > 0 {
		v.Status, v.Tone = "Partly refunded", "warn"
	}
	add := func(label, value string) {
		if value != "" {
			v.Facts = append(v.Facts, pages.Detail{Label: label, Value: value})
		}
	}
	add("Receipt", v.Number)
	add("Invoice", inv.Str("number"))
	add("Date paid", pages.Day(charge.Int("created")))
	add("Paid with", pages.Words(charge.Str("payment_method_details.card.brand"))+" •••• "+
		charge.Str("payment_method_details.card.last4"))
	billed := charge.Obj("billing_details")
	v.To = present(append([]string{
		orText(billed.Str("name"), customer.Str("name")), orText(billed.Str("email"), customer.Str("email")),
	}, addressLines(billed.Obj("address"))...))
	total := func(label string, amount int64, sum bool) {
		v.Totals = append(v.Totals, pages.Total{Label: label, Amount: money(amount), Sum: sum})
	}
	if inv != nil {
		invoiceLines(v, inv, money)
		invoiceTotals(v, inv, money)
	} else {
		label := orText(charge.Str("description"), "Payment to "+v.Shop)
		v.Lines = []pages.InvoiceLine{{Label: label, Amount: money(paid)}}
	}
	total("Amount paid", paid, back == 0)
	if back > 0 {
		total("Refunded", -back, false)
		total("Total", paid-back, true)
	}
}

// showCreditNote shows a credit note as it is printed; its link is as good as an invoice's.
func showCreditNote(p *page) error {
	v := pages.Invoice{Chrome: p.chrome("Credit note"), Kind: "Credit note", ToLabel: "Issued to"}
	err := p.view(func(tx *Tx) error {
		note, err := tx.Get("credit_note", p.id())
		if err != nil {
			return err
		}
		v.Shop = shopName(tx)
		inv, err := tx.Get("invoice", note.Str("invoice"))
		if err != nil {
			return err
		}
		creditNoteView(&v, note, inv)
		return nil
	})
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, pages.InvoicePage(v))
}

func creditNoteView(v *pages.Invoice, note, inv Object) {
	money := func(amount int64) string { return pages.Money(amount, note.Str("currency")) }
	v.Number = note.Str("number")
	v.Title = "Credit note " + v.Number
	v.Due, v.DueNote = money(note.Int("total")), "Issued on "+pages.Day(note.Int("created"))
	v.Status, v.Tone = "Issued", "ok"
	if note.Str("status") == "void" {
		v.Status, v.Tone, v.DueNote = "Void", "", "This credit note was withdrawn"
	}
	v.Facts = []pages.Detail{
		{Label: "Number", Value: v.Number},
		{Label: "Invoice", Value: inv.Str("number")},
		{Label: "Date", Value: pages.Day(note.Int("effective_at"))},
	}
	if reason := note.Str("reason"); reason != "" {
		v.Facts = append(v.Facts, pages.Detail{Label: "Reason", Value: pages.Words(reason)})
	}
	v.To, v.Remark = billedTo(inv), note.Str("memo")
	for _, line := range note.List("lines") {
		row := pages.InvoiceLine{
			Label:  orText(line.Str("description"), "Credit for invoice "+inv.Str("number")),
			Amount: money(line.Int("amount")),
		}
		if line.Has("quantity") {
			row.Quantity = itoa(line.Int("quantity"))
		}
		if line.Has("unit_amount") {
			row.Unit = money(line.Int("unit_amount"))
		}
		v.Lines = append(v.Lines, row)
	}
	total := func(label string, amount int64, sum bool) {
		if amount != 0 {
			v.Totals = append(v.Totals, pages.Total{Label: label, Amount: money(amount), Sum: sum})
		}
	}
	var tax int64
	for _, t := range note.List("tax_amounts") {
		tax += t.Int("amount")
	}
	total("Subtotal", note.Int("subtotal"), false)
	total("Discount", -note.Int("discount_amount"), false)
	total("Tax", tax, false)
	total("Total credit", note.Int("total"), true)
}

// present drops the texts that are empty.
func present(texts []string) []string {
	var out []string
	for _, text := range texts {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// billedTo is whom an invoice names as its receiver.
func billedTo(inv Object) []string {
	to := present(append([]string{inv.Str("customer_name"), inv.Str("customer_email")},
		addressLines(inv.Obj("customer_address"))...))
	for _, id := range inv.List("customer_tax_ids") {
		to = append(to, "Tax ID "+id.Str("value"))
	}
	return to
}
