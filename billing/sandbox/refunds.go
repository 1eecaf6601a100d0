package sandbox

func createRefund(r *apiRequest) (Object, error) {
	p := r.Params
	charge, err := refundedCharge(r)
	if err != nil {
		return nil, err
	}
	left := charge.Int("amount_captured") - charge.Int("amount_refunded")
	if left == 0 {
		return nil, invalidf("", "Charge %s has already been refunded.", charge.ID()).
			withCode("charge_already_refunded")
	}
	amount, sent, err := p.Int("amount")
	if err != nil {
		return nil, err
	}
	if !sent {
		amount = left
	}
	if amount <= 0 {
		return nil, invalidf("amount", "Invalid positive integer").withCode("parameter_invalid_integer")
	}
	if amount > left {
		return nil, invalidf("amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			moneyText(amount, charge.Str("currency")), moneyText(left, charge.Str("currency")))
	}
	refund := r.Tx.Skeleton("refund")
	refund["amount"], refund["currency"] = amount, charge["currency"]
	refund["charge"], refund["payment_intent"] = charge.ID(), charge["payment_intent"]
	refund["status"] = "succeeded"
	refund["destination_details"] = Object{"type": "card", "card": Object{
		"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund",
	}}
	p.Copy(refund, "reason")
	if refund["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	moved, err := insertBalanceTransaction(r.Tx, refund, -amount, "refund")
	if err != nil {
		return nil, err
	}
	refund["balance_transaction"] = moved.ID()
	if err := r.Tx.Insert(refund, "refund.created"); err != nil {
		return nil, err
	}
	if _, err := r.Tx.Update("charge", charge.ID(), func(c Object) error {
		c["amount_refunded"] = c.Int("amount_refunded") + amount
		c["refunded"] = c.Int("amount_refunded") == c.Int("amount_captured")
		return nil
	}, "charge.refunded"); err != nil {
		return nil, err
	}
	return finishRefund(r.Tx, refund.ID())
}

// finishRefund writes the bank's reference onto the refund, which is what real Stripe's two updates are about.
func finishRefund(tx *Tx, id string) (Object, error) {
	return tx.Update("refund", id, func(o Object) error {
		o.Set("destination_details.card.reference_status", "available")
		o.Set("destination_details.card.reference", random(12))
		return nil
	}, "refund.updated", "charge.refund.updated")
}

// refundedCharge finds the charge by its id, or by its payment intent.
func refundedCharge(r *apiRequest) (Object, error) {
	id, param := r.Params.Str("charge"), "charge"
	if intent := r.Params.Str("payment_intent"); intent != "" {
		pi, err := r.Tx.Ref("payment_intent", intent, "payment_intent")
		if err != nil {
			return nil, err
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
	return charge, nil
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
