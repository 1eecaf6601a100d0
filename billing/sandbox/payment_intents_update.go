package sandbox

import "slices"

func searchPaymentIntents(r *apiRequest) (Object, error) {
	return r.search("payment_intent", "amount", "currency", "customer", "status")
}

// updatePaymentIntent changes an intent. Once it is confirmed its amount stands, and once it is over so does all but
// what describes it.
func updatePaymentIntent(r *apiRequest) (Object, error) {
	pi, err := r.Tx.Get("payment_intent", r.ID)
	if err != nil {
		return nil, err
	}
	if err := updatable(r, pi); err != nil {
		return nil, err
	}
	if r.Params.Has("amount") {
		if _, err := r.newAmount(); err != nil {
			return nil, err
		}
	}
	if id := r.Params.Str("customer"); id != "" {
		if _, err := r.Tx.Ref("customer", id, "customer"); err != nil {
			return nil, err
		}
	}
	if r.Params.Given("payment_method") {
		if _, err = chooseMethod(r, pi); err != nil {
			return nil, err
		}
	}
	return r.Tx.Update("payment_intent", r.ID, func(pi Object) error {
		r.Params.Copy(pi, "amount", "currency", "customer", "description", "receipt_email", "setup_future_usage",
			"statement_descriptor", "statement_descriptor_suffix", "transfer_group", "capture_method")
		applyShipping(r.Params, pi, parcelKeys()...)
		metadata, err := r.Params.Metadata(pi.Obj("metadata"))
		pi["metadata"] = metadata
		return err
	})
}

// openStates are those in which an intent has not been paid yet.
func openStates() []string {
	return []string{"requires_payment_method", "requires_confirmation", "requires_action"}
}

func updatable(r *apiRequest, pi Object) error {
	status := pi.Str("status")
	if slices.Contains(openStates(), status) {
		return nil
	}
	for _, key := range r.Params.Keys() {
		switch key {
		case "metadata", "description", "receipt_email", "shipping", "transfer_group", "expand":
		default:
			e := intentState(pi, "This PaymentIntent's %s could not be updated because it has a status of %s. You may "+
				"only update the %s of a PaymentIntent with one of the following statuses: requires_payment_method, "+
				"requires_confirmation, requires_action.", key, status, key)
			e.Param = key
			return e
		}
	}
	return nil
}

// capturePaymentIntent takes the held funds of an intent with manual capture, or a part of them.
func capturePaymentIntent(r *apiRequest) (Object, error) {
	pi, err := r.Tx.Get("payment_intent", r.ID)
	if err != nil {
		return nil, err
	}
	if s := pi.Str("status"); s != "requires_capture" {
		return nil, intentState(pi, "This PaymentIntent could not be captured because it has a status of %s. Only a "+
			"PaymentIntent with one of the following statuses may be captured: requires_capture.", s)
	}
	amount, err := captureAmount(r.Params, "amount_to_capture", pi.Int("amount_capturable"), pi.Str("currency"))
	if err != nil {
		return nil, err
	}
	if r.Params.Has("metadata") {
		if _, err := r.Tx.Update("payment_intent", r.ID, func(pi Object) error {
			metadata, err := r.Params.Metadata(pi.Obj("metadata"))
			pi["metadata"] = metadata
			return err
		}); err != nil {
			return nil, err
		}
	}
	if _, err := captureCharge(r.Tx, pi.Str("latest_charge"), amount); err != nil {
		return nil, err
	}
	return r.Tx.Get("payment_intent", r.ID)
}

func cancelPaymentIntent(r *apiRequest) (Object, error) {
	pi, err := r.Tx.Get("payment_intent", r.ID)
	if err != nil {
		return nil, err
	}
	if s := pi.Str("status"); s == "succeeded" || s == "canceled" {
		return nil, intentState(pi, "You cannot cancel this PaymentIntent because it has a status of %s. Only a "+
			"PaymentIntent with one of the following statuses may be canceled: requires_payment_method, "+
			"requires_capture, requires_confirmation, requires_action, processing.", s)
	}
	if pi.Has("invoice") {
		return nil, invalidf("", "You cannot cancel this PaymentIntent because it belongs to an invoice. Void the "+
			"invoice instead.")
	}
	return cancelIntent(r.Tx, r.ID, r.Params.Str("cancellation_reason"))
}

// cancelIntent ends an intent that has not succeeded, and lets go of the funds that it holds; one that has succeeded is
// left alone.
func cancelIntent(tx *Tx, id, reason string) (Object, error) {
	pi, err := tx.Get("payment_intent", id)
	if err != nil || pi.Str("status") == "succeeded" || pi.Str("status") == "canceled" {
		return pi, err
	}
	if pi.Str("status") == "requires_capture" && reason != "automatic" {
		if _, err := releaseCharge(tx, pi.Str("latest_charge"), "charge.refunded"); err != nil {
			return nil, err
		}
	}
	return tx.amend("payment_intent", id, func(pi Object) error {
		pi["status"] = "canceled"
		pi["canceled_at"] = tx.Now()
		pi["cancellation_reason"] = textOrNil(reason)
		pi["next_action"] = nil
		pi["amount_capturable"] = int64(0)
		return nil
	}, nil, "payment_intent.canceled")
}
