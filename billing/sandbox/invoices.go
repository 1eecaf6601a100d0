package sandbox

import "fmt"

// hour is how long a renewal's invoice stays a draft.
const hour = 3600

// updateInvoice changes an invoice, says so with invoice.updated if anything shows, and then emits further events,
// which as always outside of *.updated carry no previous attributes.
func updateInvoice(tx *Tx, id string, fn func(Object) error, events ...string) (Object, error) {
	return tx.amend("invoice", id, fn, []string{"invoice.updated"}, events...)
}

// insertInvoice stores a composed bill as a draft and makes the invoice items on it its own.
func insertInvoice(tx *Tx, b *bill) (Object, error) {
	inv, err := b.compose(tx)
	if err != nil {
		return nil, err
	}
	if b.prepare != nil {
		b.prepare(inv)
	}
	return inv, storeInvoice(tx, inv)
}

// storeInvoice stores a draft, and marks the items on it as its own.
func storeInvoice(tx *Tx, inv Object) error {
	for _, line := range inv.List("lines") {
		line["invoice"] = inv.ID()
		item := line.Str("invoice_item")
		if item == "" {
			continue
		}
		if _, err := tx.Update("invoiceitem", item, func(ii Object) error {
			ii["invoice"] = inv.ID()
			return nil
		}); err != nil {
			return err
		}
	}
	inv["webhooks_delivered_at"] = tx.Now()
	return tx.Insert(inv, "invoice.created")
}

// finalizeInvoice gives a draft its number, applies the customer's balance and prepares the payment. An existing
// intent is taken over instead of making one. An invoice on which nothing is due is paid by that alone.
func finalizeInvoice(tx *Tx, id, intent string) (Object, error) {
	inv, err := tx.Get("invoice", id)
	if err != nil {
		return nil, err
	}
	if inv, err = remeasure(tx, inv); err != nil {
		return nil, err
	}
	if inv, err = refreshTax(tx, inv); err != nil {
		return nil, err
	}
	customer, err := tx.Ref("customer", inv.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	number := inv.Str("number")
	if number == "" {
		if number, err = nextNumber(tx, customer); err != nil {
			return nil, err
		}
	}
	starting := customer.Int("balance")
	due, ending := settle(inv.Int("total"), starting)
	if err := moveBalance(tx, inv, ending-starting, due); err != nil {
		return nil, err
	}
	if intent, err = invoiceIntent(tx, inv, intent, due); err != nil {
		return nil, err
	}
	inv, err = tx.amend("invoice", id, func(inv Object) error {
		inv["number"] = number
		inv["status"] = "open"
		inv["starting_balance"], inv["ending_balance"] = starting, ending
		inv["amount_due"], inv["amount_remaining"] = due, due
		if !inv.Has("effective_at") {
			inv["effective_at"] = tx.Now()
		}
		inv["automatically_finalizes_at"] = nil
		inv["next_payment_attempt"] = nil
		inv["payment_intent"] = textOrNil(intent)
		inv["hosted_invoice_url"] = tx.BaseURL() + "/_stripe/invoice/" + id
		inv["invoice_pdf"] = tx.BaseURL() + "/_stripe/invoice/" + id + "/pdf"
		inv.Set("status_transitions.finalized_at", tx.Now())
		return nil
	}, nil, "invoice.finalized")
	if err != nil {
		return nil, err
	}
	if err := tx.Unschedule("invoice.finalize", id); err != nil {
		return nil, err
	}
	if err := spendCustomerDiscount(tx, inv); err != nil {
		return nil, err
	}
	if due == 0 {
		return settleInvoice(tx, id, "", true)
	}
	return inv, watchDueDate(tx, inv)
}

// invoiceIntent makes the intent that is to pay an invoice, or hands an existing one of a checkout page to it.
func invoiceIntent(tx *Tx, inv Object, intent string, due int64) (string, error) {
	if due == 0 {
		return "", nil
	}
	if intent == "" {
		pi, err := insertIntent(tx, newIntent{
			amount: due, currency: inv.Str("currency"), customer: inv.Str("customer"), invoice: inv.ID(),
			description: intentText(inv), setupFutureUsage: futureUsage(inv),
		})
		return pi.ID(), err
	}
	_, err := tx.Update("payment_intent", intent, func(pi Object) error {
		pi["amount"], pi["customer"], pi["invoice"] = due, inv["customer"], inv.ID()
		pi["description"] = intentText(inv)
		return nil
	})
	return intent, err
}

func intentText(inv Object) string {
	switch inv.Str("billing_reason") {
	case "subscription_create":
		return "Subscription creation"
	case "subscription_update", "subscription_cycle":
		return "Subscription update"
	default:
		return "Payment for Invoice"
	}
}

func futureUsage(inv Object) string {
	if inv.Str("subscription") != "" && inv.Str("billing_reason") == "subscription_create" {
		return "off_session"
	}
	return ""
}

// nextNumber takes the customer's next invoice number, such as 5A1F3C2B-0001.
func nextNumber(tx *Tx, customer Object) (string, error) {
	sequence := max(1, customer.Int("next_invoice_sequence"))
	_, err := tx.Update("customer", customer.ID(), func(c Object) error {
		c["next_invoice_sequence"] = sequence + 1
		return nil
	})
	return fmt.Sprintf("%s-%04d", customer.Str("invoice_prefix"), sequence), err
}

// settleInvoice marks an invoice as paid by a charge, by the balance, or outside of Stripe, and lets the subscription
// know. fresh says that the invoice was finalised a moment ago, so that no invoice.updated is due.
func settleInvoice(tx *Tx, id, charge string, fresh bool) (Object, error) {
	diffs := []string{"invoice.updated"}
	if fresh {
		diffs = nil
	}
	inv, err := tx.amend("invoice", id, func(inv Object) error {
		inv["status"] = "paid"
		inv["paid"] = true
		if inv.Bool("_outside") {
			inv["paid_out_of_band"] = true
			delete(inv, "_outside")
		}
		inv["attempted"] = true
		inv["amount_paid"] = inv["amount_due"]
		inv["amount_remaining"] = int64(0)
		inv["next_payment_attempt"] = nil
		inv["auto_advance"] = false
		inv["charge"] = textOrNil(charge)
		inv.Set("status_transitions.paid_at", tx.Now())
		return nil
	}, diffs, "invoice.paid", "invoice.payment_succeeded")
	if err != nil {
		return nil, err
	}
	if err := tx.Unschedule("invoice.retry", id); err != nil {
		return nil, err
	}
	if err := markDelinquent(tx, inv, false); err != nil {
		return nil, err
	}
	return inv, invoicePaid(tx, inv)
}

// closeInvoice ends an invoice without its being paid.
func closeInvoice(tx *Tx, id, status, transition, event string) (Object, error) {
	inv, err := tx.amend("invoice", id, func(inv Object) error {
		inv["status"] = status
		inv["next_payment_attempt"] = nil
		inv["auto_advance"] = false
		inv.Set("status_transitions."+transition, tx.Now())
		return nil
	}, []string{"invoice.updated"}, event)
	if err != nil {
		return nil, err
	}
	if err := tx.Unschedule("invoice.retry", id); err != nil {
		return nil, err
	}
	if status != "void" {
		return inv, nil
	}
	if pi := inv.Str("payment_intent"); pi != "" {
		if _, err := cancelIntent(tx, pi, "void_invoice"); err != nil {
			return nil, err
		}
	}
	if err := dropPending(tx, inv); err != nil {
		return nil, err
	}
	return inv, returnBalance(tx, inv)
}

// voidInvoice cancels an open or draft invoice for good.
func voidInvoice(tx *Tx, id string) (Object, error) {
	return closeInvoice(tx, id, "void", "voided_at", "invoice.voided")
}
