package sandbox

import "fmt"

// A credit note takes back a part of an invoice that was finalised. While the invoice is open it makes less due; once
// it is paid the money goes back to the card, to the customer's balance, or by a way of the merchant's own.

// creditNote is a request for a credit note, worked out but not carried out.
type creditNote struct {
	invoice Object
	note    Object
	// refund, credit and outside say where the money of a paid invoice goes, in minor units. given is the refund that
	// the request names, where it was made before.
	refund, credit, outside int64
	given                   Object
}

// draftCreditNote works a credit note out. Previews and real ones are the same up to here.
func draftCreditNote(r *apiRequest) (*creditNote, error) {
	p := r.Params
	inv, err := r.Tx.Ref("invoice", p.Str("invoice"), "invoice")
	if err != nil {
		return nil, err
	}
	if s := inv.Str("status"); s != "open" && s != "paid" {
		return nil, invalidf("invoice", "You can only create credit notes for invoices with a status of open or paid. "+
			"This invoice has a status of %s.", s)
	}
	if p.Given("amount") == (len(p.Subs("lines")) > 0) {
		return nil, invalidf("amount", "You must provide exactly one of `amount` and `lines`.")
	}
	cn := &creditNote{invoice: inv, note: r.Tx.Skeleton("credit_note")}
	lines, err := creditLines(r, inv)
	if err != nil {
		return nil, err
	}
	cn.total(lines)
	if cn.note.Int("total") <= 0 {
		return nil, invalidf("amount", "The total of a credit note must be greater than zero.")
	}
	return cn, cn.describe(r)
}

// describe sets all but the amounts, and checks that these are not more than there is to take back.
func (cn *creditNote) describe(r *apiRequest) error {
	p, o, inv := r.Params, cn.note, cn.invoice
	earlier, err := r.Tx.Find("credit_note", Query{Where: map[string]string{"invoice": inv.ID()}})
	if err != nil {
		return err
	}
	o["number"] = fmt.Sprintf("%s-CN-%02d", inv.Str("number"), len(earlier)+1)
	o["invoice"], o["customer"], o["currency"] = inv.ID(), inv["customer"], inv["currency"]
	o["status"], o["effective_at"] = "issued", r.Tx.Now()
	o["pdf"] = r.Tx.BaseURL() + "/_stripe/credit_note/" + o.ID() + "/pdf"
	o["pretax_credit_amounts"] = []any{}
	p.Copy(o, "memo", "reason", "effective_at", "out_of_band_amount")
	if o["metadata"], err = p.Metadata(nil); err != nil {
		return err
	}
	if inv.Str("status") == "open" {
		return cn.prePayment(p)
	}
	return cn.postPayment(r)
}

// prePayment checks a credit note for an invoice that has not been paid.
func (cn *creditNote) prePayment(p Params) error {
	cn.note["type"] = "pre_payment"
	for _, key := range []string{"refund_amount", "credit_amount", "out_of_band_amount", "refund"} {
		if p.Given(key) {
			return invalidf(key, "You cannot pass %s for an invoice that is open: a credit note for it reduces its amount "+
				"due.", key)
		}
	}
	return cn.atMost(cn.invoice.Int("amount_remaining"))
}

// postPayment checks a credit note for a paid invoice, whose whole total has to go somewhere.
func (cn *creditNote) postPayment(r *apiRequest) error {
	p, inv := r.Params, cn.invoice
	cn.note["type"] = "post_payment"
	left := inv.Int("total") - inv.Int("pre_payment_credit_notes_amount") - inv.Int("post_payment_credit_notes_amount")
	if err := cn.atMost(left); err != nil {
		return err
	}
	var err error
	for key, into := range map[string]*int64{
		"refund_amount": &cn.refund, "credit_amount": &cn.credit, "out_of_band_amount": &cn.outside,
	} {
		if *into, _, err = p.Int(key); err != nil {
			return err
		}
		if *into < 0 {
			return invalidf(key, "Invalid non-negative integer").withCode("parameter_invalid_integer")
		}
	}
	if err := cn.takeRefund(r); err != nil {
		return err
	}
	if sum := cn.refund + cn.credit + cn.outside; sum != cn.note.Int("total") {
		return invalidf("", "The sum of refund_amount, credit_amount, and out_of_band_amount (%s) must equal the credit "+
			"note amount (%s).", moneyText(sum, inv.Str("currency")),
			moneyText(cn.note.Int("total"), inv.Str("currency")))
	}
	return nil
}

// takeRefund reads a refund that was made before the credit note, and checks that a new one is possible.
func (cn *creditNote) takeRefund(r *apiRequest) error {
	charge, err := r.Tx.load(cn.invoice.Str("charge"))
	if err != nil {
		return err
	}
	if id := r.Params.Str("refund"); id != "" {
		if cn.given, err = r.Tx.Ref("refund", id, "refund"); err != nil {
			return err
		}
		if charge == nil || cn.given.Str("charge") != charge.ID() {
			return invalidf("refund", "The refund %s does not belong to the invoice's charge.", id)
		}
		if cn.refund != 0 && cn.refund != cn.given.Int("amount") {
			return invalidf("refund_amount", "refund_amount must equal the amount of the refund %s.", id)
		}
		cn.refund = cn.given.Int("amount")
		return nil
	}
	switch {
	case cn.refund == 0:
		return nil
	case charge == nil:
		return invalidf("refund_amount", "You cannot refund this invoice because it was not paid by a charge.")
	case cn.refund > refundable(charge):
		e := overRefund(cn.refund, charge)
		e.Param = "refund_amount"
		return e
	}
	return chargedBack(r.Tx, charge)
}

// atMost refuses a credit note that takes back more than there is.
func (cn *creditNote) atMost(left int64) error {
	if total := cn.note.Int("total"); total > left {
		return invalidf("amount", "The credit note amount (%s) is greater than the amount that can still be credited on "+
			"this invoice (%s).", moneyText(total, cn.invoice.Str("currency")), moneyText(left, cn.invoice.Str("currency")))
	}
	return nil
}

// issue carries a credit note out: it moves the money, or makes less of it due.
func (cn *creditNote) issue(tx *Tx) (Object, error) {
	inv, o := cn.invoice, cn.note
	if cn.given != nil {
		o["refund"] = cn.given.ID()
	} else if cn.refund > 0 {
		charge, err := tx.Get("charge", inv.Str("charge"))
		if err != nil {
			return nil, err
		}
		reason := o.Str("reason")
		if reason != "duplicate" && reason != "fraudulent" {
			reason = ""
		}
		refund, err := refundCharge(tx, charge, cn.refund, reason, Object{})
		if err != nil {
			return nil, err
		}
		o["refund"] = refund.ID()
	}
	if cn.credit > 0 {
		id, err := changeBalance(tx, inv.Str("customer"), balanceChange{
			amount: -cn.credit, typ: "credit_note", note: o.ID(), currency: inv.Str("currency"),
		})
		if err != nil {
			return nil, err
		}
		o["customer_balance_transaction"] = id
	}
	if err := tx.Insert(o, "credit_note.created"); err != nil {
		return nil, err
	}
	if o.Str("type") == "pre_payment" {
		return o, lessDue(tx, inv, o.Int("total"))
	}
	_, err := updateInvoice(tx, inv.ID(), func(inv Object) error {
		inv["post_payment_credit_notes_amount"] = inv.Int("post_payment_credit_notes_amount") + o.Int("total")
		return nil
	})
	return o, err
}

// lessDue takes an amount off what is due on an open invoice; a negative one puts it back. An invoice on which nothing
// is left is paid by that.
func lessDue(tx *Tx, inv Object, amount int64) error {
	left := inv.Int("amount_remaining") - amount
	if intent := inv.Str("payment_intent"); intent != "" && left > 0 {
		if _, err := tx.Update("payment_intent", intent, func(pi Object) error {
			pi["amount"] = left
			return nil
		}); err != nil {
			return err
		}
	} else if intent != "" {
		if _, err := cancelIntent(tx, intent, ""); err != nil {
			return err
		}
	}
	if _, err := updateInvoice(tx, inv.ID(), func(inv Object) error {
		inv["amount_due"] = inv.Int("amount_due") - amount
		inv["amount_remaining"] = left
		inv["pre_payment_credit_notes_amount"] = inv.Int("pre_payment_credit_notes_amount") + amount
		return nil
	}); err != nil || left > 0 {
		return err
	}
	_, err := settleInvoice(tx, inv.ID(), "", false)
	return err
}
