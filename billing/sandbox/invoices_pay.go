package sandbox

// payInvoiceAPI pays an invoice. Unless the request says otherwise the customer is not there.
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
	away, sent, err := r.Params.Bool("off_session")
	if err != nil {
		return nil, err
	}
	method := r.Params.Str("payment_method")
	if method != "" {
		pm, err := paymentMethod(r.Tx, method, "payment_method")
		if err != nil {
			return nil, err
		}
		if pm.Has("customer") && pm.Str("customer") != inv.Str("customer") {
			return nil, notTheirs("payment_method", method)
		}
		method = pm.ID()
	}
	return payInvoiceWith(r.Tx, r.ID, payOptions{method: method, offSession: away || !sent})
}

// payOutside marks an invoice as paid by money that did not pass through Stripe.
func payOutside(tx *Tx, inv Object) (Object, error) {
	switch inv.Str("status") {
	case "paid":
		return nil, invalidf("", "Invoice is already paid")
	case "void":
		return nil, invalidf("", "You can only pass in open invoices. This invoice isn't open.")
	case "draft":
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
		inv["_outside"] = true // Shown, and told of, together with the payment.
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
	if err := openInvoice(r, "open", "uncollectible"); err != nil {
		return nil, err
	}
	return voidInvoice(r.Tx, r.ID)
}

func markUncollectible(r *apiRequest) (Object, error) {
	if err := openInvoice(r, "open"); err != nil {
		return nil, err
	}
	return closeInvoice(r.Tx, r.ID, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")
}

func openInvoice(r *apiRequest, states ...string) error {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return err
	}
	if !containsText(states, inv.Str("status")) {
		return invalidf("", "You can only pass in open invoices. This invoice isn't open.")
	}
	return nil
}

// sendInvoice mails an invoice to a customer who pays by themselves. A draft is finalised by that.
func sendInvoice(r *apiRequest) (Object, error) {
	inv, err := r.Tx.Get("invoice", r.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case inv.Str("collection_method") != "send_invoice":
		return nil, invalidf("", "You can only manually send an invoice if its collection method is 'send_invoice'.")
	case inv.Str("status") == "void":
		return nil, invalidf("", "You can only pass in open invoices. This invoice isn't open.")
	case inv.Str("status") == "draft":
		if inv, err = finalizeInvoice(r.Tx, r.ID, ""); err != nil {
			return nil, err
		}
	}
	return inv, r.Tx.Emit("invoice.sent", inv, nil)
}
