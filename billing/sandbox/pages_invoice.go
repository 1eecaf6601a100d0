package sandbox

import (
	"net/http"

	"example.com/tollgate/billing/sandbox/pages"
)

func showInvoice(p *page) error { return p.invoice(http.StatusOK, nil) }

// invoice shows a hosted invoice, and what an attempt to pay it came to.
func (p *page) invoice(status int, refused *Error) error {
	v := pages.Invoice{
		Chrome: p.chrome("Invoice"), Kind: "Invoice", ToLabel: "Bill to", Action: p.r.URL.Path,
	}
	err := p.view(func(tx *Tx) error {
		inv, err := tx.Get("invoice", p.id())
		if err != nil {
			return err
		}
		v.Shop = shopName(tx)
		customer, err := tx.load(inv.Str("customer"))
		if err != nil {
			return err
		}
		if v.CanPay = inv.Str("status") == "open" && !customer.Bool("deleted"); v.CanPay {
			v.Groups = cardGroups()
			if v.Cards, err = savedCards(tx, customer); err != nil {
				return err
			}
		}
		invoiceView(&v, inv)
		return nil
	})
	if err != nil {
		return err
	}
	v.Card = p.cardForm(refused)
	if refused != nil && v.Card.Error == "" {
		v.Alert = refused.Message
	}
	if p.query("paid") != "" && !v.CanPay {
		v.Notice = "Thank you. The invoice is paid."
	}
	return p.show(status, pages.InvoicePage(v))
}

func invoiceView(v *pages.Invoice, inv Object) {
	currency := inv.Str("currency")
	money := func(amount int64) string { return pages.Money(amount, currency) }
	v.Number = inv.Str("number")
	if v.Number == "" {
		v.Number = "draft"
	}
	v.Title = "Invoice " + v.Number
	state := inv.Str("status")
	v.Status, v.Tone = pages.Words(state), stateTone(state)
	v.Due = money(inv.Int("amount_due"))
	paidAt := inv.Int("status_transitions.paid_at")
	switch state {
	case "paid":
		v.Due, v.DueNote = money(inv.Int("total")), "Paid on "+pages.Day(paidAt)
	case "open":
		v.Due, v.DueNote = money(inv.Int("amount_remaining")), "Due now"
		if at := inv.Int("next_payment_attempt"); at > 0 {
			v.DueNote = "We will try your card again on " + pages.Day(at)
		}
	case "draft":
		v.DueNote = "Not yet final"
	case "void":
		v.DueNote = "This invoice was withdrawn"
	case "uncollectible":
		v.DueNote = "Written off"
	}
	v.Facts = []pages.Detail{{Label: "Number", Value: v.Number}, {Label: "Date", Value: pages.Day(inv.Int("created"))}}
	if paidAt > 0 {
		v.Facts = append(v.Facts, pages.Detail{Label: "Paid", Value: pages.Day(paidAt)})
	}
	v.To = billedTo(inv)
	invoiceLines(v, inv, money)
	invoiceTotals(v, inv, money)
	settledTotals(v, inv, money)
}

func invoiceLines(v *pages.Invoice, inv Object, money func(int64) string) {
	for _, line := range inv.List("lines") {
		row := pages.InvoiceLine{Label: line.Str("description"), Amount: money(line.Int("amount"))}
		if start, end := line.Int("period.start"), line.Int("period.end"); end > start {
			row.Period = pages.Day(start) + " to " + pages.Day(end)
		}
		if line.Has("quantity") {
			row.Quantity = itoa(line.Int("quantity"))
		}
		if !line.Bool("proration") && line.Has("price.unit_amount") {
			row.Unit = money(line.Int("price.unit_amount"))
		}
		v.Lines = append(v.Lines, row)
	}
}

// invoiceTotals adds an invoice up to its total.
func invoiceTotals(v *pages.Invoice, inv Object, money func(int64) string) {
	add := func(label string, amount int64, sum bool) {
		v.Totals = append(v.Totals, pages.Total{Label: label, Amount: money(amount), Sum: sum})
	}
	add("Subtotal", inv.Int("subtotal"), false)
	var discount int64
	for _, d := range inv.List("total_discount_amounts") {
		discount += d.Int("amount")
	}
	if discount > 0 {
		add("Discount", -discount, false)
	}
	if tax := inv.Int("tax"); tax > 0 {
		add("Tax", tax, false)
	}
	add("Total", inv.Int("total"), false)
}

// settledTotals tell what became of the total since.
func settledTotals(v *pages.Invoice, inv Object, money func(int64) string) {
	add := func(label string, amount int64, sum bool) {
		v.Totals = append(v.Totals, pages.Total{Label: label, Amount: money(amount), Sum: sum})
	}
	// A credit note before the payment made less due, and has a row of its own.
	if credit := inv.Int("amount_due") + inv.Int("pre_payment_credit_notes_amount") - inv.Int("total"); credit != 0 {
		add("Balance applied", credit, false)
	}
	if credited := inv.Int("pre_payment_credit_notes_amount"); credited > 0 {
		add("Credited", -credited, false)
	}
	if inv.Int("amount_paid") > 0 {
		add("Amount paid", inv.Int("amount_paid"), false)
	}
	if credited := inv.Int("post_payment_credit_notes_amount"); credited > 0 {
		add("Credited after payment", -credited, false)
	}
	add("Amount due", inv.Int("amount_remaining"), true)
}

// postInvoice pays with a card on file, a typed one, or a test card.
func postInvoice(p *page) error {
	err := p.act(func(tx *Tx) error {
		inv, err := tx.Get("invoice", p.id())
		if err != nil {
			return err
		}
		method := p.field("payment_method")
		if p.field("card_number") != "" || p.field("card") != "" || method == "" {
			if method, err = p.newPayer(tx, inv.Str("customer")); err != nil {
				return err
			}
		} else if err := ownMethod(tx, method, inv.Str("customer")); err != nil {
			return err
		}
		_, err = payInvoice(tx, p.id(), method)
		return err
	})
	refused, ok := refusal(err)
	if ok && refused.PaymentIntent.Str("status") == "requires_action" {
		return p.to("/_stripe/3ds/" + refused.PaymentIntent.ID())
	}
	if ok {
		return p.invoice(statusOf(refused), refused)
	}
	if err != nil {
		return err
	}
	return p.to(p.r.URL.Path + "?paid=1")
}

// newPayer makes a payment method of the typed card, and keeps it with the customer if it can be kept.
func (p *page) newPayer(tx *Tx, customer string) (string, error) {
	in := p.typedCard()
	card, month, year, err := readCard(tx, in)
	if err != nil {
		return "", err
	}
	address := emptyAddress()
	address["country"], address["postal_code"] = textOrNil(in.Country), textOrNil(in.PostalCode)
	pm := newCard(tx, card, month, year, Object{"name": textOrNil(in.Name), "address": address})
	if err := tx.Insert(pm); err != nil {
		return "", err
	}
	attached, err := attachTo(tx, pm.ID(), customer, "payment_method")
	if err != nil {
		return "", err
	}
	return attached.ID(), nil
}

func ownMethod(tx *Tx, id, customer string) error {
	pm, err := tx.Get("payment_method", id)
	if err != nil {
		return err
	}
	if pm.Str("customer") != customer {
		return missing(http.StatusNotFound, "payment_method", id, "id")
	}
	return nil
}
