package sandbox

// refundSettles is how long the refunds of the cards that are published to settle late take, in seconds.
const refundSettles = 60

func createRefund(r *apiRequest) (Object, error) {
	charge, err := refundedCharge(r)
	if err != nil {
		return nil, err
	}
	amount, err := refundAmount(r.Params, charge)
	if err != nil {
		return nil, err
	}
	metadata, err := r.Params.Metadata(nil)
	if err != nil {
		return nil, err
	}
	return refundCharge(r.Tx, charge, amount, r.Params.Str("reason"), metadata)
}

// refundAmount reads how much is to go back, in minor units: what is left, unless the request names less.
func refundAmount(p Params, charge Object) (int64, error) {
	left := refundable(charge)
	if left == 0 {
		return 0, invalidf("", "Charge %s has already been refunded.", charge.ID()).
			withCode("charge_already_refunded")
	}
	amount, sent, err := p.Int("amount")
	switch {
	case err != nil:
		return 0, err
	case !sent:
		return left, nil
	case amount <= 0:
		return 0, invalidf("amount", "Invalid positive integer").withCode("parameter_invalid_integer")
	case amount > left:
		return 0, overRefund(amount, charge)
	}
	return amount, nil
}

// refundable is what of a charge can still go back, in minor units.
func refundable(charge Object) int64 {
	if !charge.Bool("captured") {
		return charge.Int("amount") - charge.Int("amount_refunded")
	}
	return charge.Int("amount_captured") - charge.Int("amount_refunded")
}

func overRefund(amount int64, charge Object) *Error {
	return invalidf("amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
		moneyText(amount, charge.Str("currency")), moneyText(refundable(charge), charge.Str("currency")))
}

// refundCharge gives an amount of a charge back. Funds that are only held are let go as a whole.
func refundCharge(tx *Tx, charge Object, amount int64, reason string, metadata Object) (Object, error) {
	card, err := chargedCard(tx, charge)
	if err != nil {
		return nil, err
	}
	refund := tx.Skeleton("refund")
	refund["amount"], refund["currency"] = amount, charge["currency"]
	refund["charge"], refund["payment_intent"] = charge.ID(), charge["payment_intent"]
	refund["reason"], refund["metadata"] = textOrNil(reason), metadata
	refund["status"] = "succeeded"
	refund["destination_details"] = Object{"type": "card", "card": Object{
		"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund",
	}}
	if card.ID == "pm_card_pendingRefund" {
		refund["status"] = "pending"
	}
	if charge.Bool("captured") {
		moved, err := move(tx, movement{
			source: refund, amount: -amount, typ: "refund", description: refundText("REFUND FOR CHARGE", charge),
		})
		if err != nil {
			return nil, err
		}
		refund["balance_transaction"] = moved.ID()
	} else {
		amount = refundable(charge)
		refund["amount"] = amount
		refund.Set("destination_details.card.type", "reversal")
	}
	if err := tx.Insert(refund, "refund.created"); err != nil {
		return nil, err
	}
	if err := countRefund(tx, charge, amount, reason); err != nil {
		return nil, err
	}
	return settleLater(tx, refund, card)
}

// refundText is how a refund's movement of the balance is described: after the charge that it belongs to.
func refundText(what string, charge Object) string {
	if text := charge.Str("description"); text != "" {
		return what + " (" + text + ")"
	}
	return what
}

// countRefund notes a refund on its charge. A warning about a charge that went back whole asks for nothing any more.
func countRefund(tx *Tx, charge Object, amount int64, reason string) error {
	after, err := tx.Update("charge", charge.ID(), func(c Object) error {
		c["amount_refunded"] = c.Int("amount_refunded") + amount
		c["refunded"] = refundable(c) == 0
		if reason == "fraudulent" {
			c.Set("fraud_details.user_report", "fraudulent")
		}
		return nil
	}, "charge.refunded")
	if err != nil {
		return err
	}
	if !after.Bool("captured") {
		if err := tx.Unschedule("charge.expire", charge.ID()); err != nil {
			return err
		}
	}
	if !after.Bool("refunded") {
		return nil
	}
	return calmWarnings(tx, charge.ID())
}

// settleLater ends a refund: at once for most cards, where the bank's reference follows as an update, and a minute later
// for those that are published to be slow or to fail.
func settleLater(tx *Tx, refund Object, card TestCard) (Object, error) {
	switch card.ID {
	case "pm_card_pendingRefund", "pm_card_refundFail":
		return refund, tx.Schedule(tx.Now()+refundSettles, "refund.settle", refund.ID())
	}
	return tx.Update("refund", refund.ID(), func(o Object) error {
		o.Set("destination_details.card.reference_status", "available")
		o.Set("destination_details.card.reference", tx.random(12))
		return nil
	}, "refund.updated", "charge.refund.updated")
}

// settleRefund is the agenda's step for the refunds that took their time.
func settleRefund(tx *Tx, id string) error {
	refund, err := tx.Get("refund", id)
	if err != nil {
		return err
	}
	switch refund.Str("status") {
	case "pending":
		_, err = tx.Update("refund", id, func(o Object) error {
			o["status"] = "succeeded"
			o.Set("destination_details.card.reference_status", "available")
			o.Set("destination_details.card.reference", tx.random(12))
			return nil
		}, "refund.updated", "charge.refund.updated")
		return err
	case "succeeded":
		return failRefund(tx, refund)
	}
	return nil
}

// failRefund takes a refund back that the bank could not deliver: the money returns to the balance.
func failRefund(tx *Tx, refund Object) error {
	charge, err := tx.Get("charge", refund.Str("charge"))
	if err != nil {
		return err
	}
	moved, err := move(tx, movement{
		source: refund, amount: refund.Int("amount"), typ: "refund_failure",
		description: refundText("REFUND FAILURE", charge),
	})
	if err != nil {
		return err
	}
	if _, err := tx.Update("charge", charge.ID(), func(c Object) error {
		c["amount_refunded"] = c.Int("amount_refunded") - refund.Int("amount")
		c["refunded"] = false
		return nil
	}); err != nil {
		return err
	}
	_, err = tx.amend("refund", refund.ID(), func(o Object) error {
		o["status"], o["failure_reason"] = "failed", "expired_or_canceled_card"
		o["failure_balance_transaction"] = moved.ID()
		o.Set("destination_details.card.reference_status", "unavailable")
		return nil
	}, []string{"refund.updated", "charge.refund.updated"}, "refund.failed")
	return err
}
