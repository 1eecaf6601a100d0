package sandbox

// refundedCharge finds the charge of a refund by its id, or by its payment intent.
func refundedCharge(r *apiRequest) (Object, error) {
	id, param := r.Params.Str("charge"), "charge"
	if intent := r.Params.Str("payment_intent"); intent != "" {
		pi, err := r.Tx.Ref("payment_intent", intent, "payment_intent")
		if err != nil {
			return nil, err
		}
		if id != "" && id != pi.Str("latest_charge") {
			return nil, invalidf("charge", "Charge %s does not belong to the PaymentIntent %s.", id, intent)
		}
		id, param = pi.Str("latest_charge"), "payment_intent"
		if id == "" || pi.Str("status") != "succeeded" {
			return nil, invalidf("payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.",
				intent)
		}
	}
	if id == "" {
		return nil, invalidf("charge", "You must specify either `charge` or `payment_intent`.").
			withCode("parameter_missing")
	}
	charge, err := r.Tx.Ref("charge", id, param)
	if err != nil {
		return nil, err
	}
	if charge.Str("status") != "succeeded" {
		return nil, invalidf(param, "Charge %s has failed and cannot be refunded.", id)
	}
	return charge, chargedBack(r.Tx, charge)
}

func getRefund(r *apiRequest) (Object, error) { return r.Tx.Get("refund", r.ID) }

func listRefunds(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "charge", "payment_intent")
	return r.list("refund", q)
}

func updateRefund(r *apiRequest) (Object, error) {
	return r.Tx.Update("refund", r.ID, func(o Object) error {
		metadata, err := r.Params.Metadata(o.Obj("metadata"))
		o["metadata"] = metadata
		return err
	}, "refund.updated", "charge.refund.updated")
}

// cancelRefund always refuses: only a refund that waits for its customer can be canceled, and one to a card never does.
func cancelRefund(r *apiRequest) (Object, error) {
	refund, err := r.Tx.Get("refund", r.ID)
	if err != nil {
		return nil, err
	}
	return nil, invalidf("", "You cannot cancel this Refund because it has a status of %s. Only a Refund with the status "+
		"requires_action may be canceled.", refund.Str("status"))
}

// The refunds of a charge have a path of their own, which is older than /v1/refunds.

func createChargeRefund(r *apiRequest) (Object, error) {
	r.Params["charge"] = r.ID
	return createRefund(r)
}

func listChargeRefunds(r *apiRequest) (Object, error) {
	if _, err := r.Tx.Get("charge", r.ID); err != nil {
		return nil, err
	}
	return r.list("refund", Query{Where: map[string]string{"charge": r.ID}})
}

func getChargeRefund(r *apiRequest) (Object, error) {
	refund, err := r.Tx.Get("refund", r.Sub)
	if err == nil && refund.Str("charge") != r.ID {
		return nil, missing(404, "refund", r.Sub, "id")
	}
	return refund, err
}
