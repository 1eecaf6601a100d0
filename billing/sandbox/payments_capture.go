package sandbox

// holdSeconds is how long the funds of a payment with manual capture are held: seven days.
const holdSeconds = 7 * daySeconds

// succeedIntent ends an attempt to which the bank has agreed: the money is taken, or, with manual capture, held.
func succeedIntent(tx *Tx, id string, pm Object, card TestCard, opt payOptions) (outcome, error) {
	pi, err := tx.Get("payment_intent", id)
	if err != nil {
		return outcome{}, err
	}
	charge := newCharge(tx, pi, pm, card)
	charge["outcome"] = approvedOutcome()
	charge.Set("payment_method_details.card.network_transaction_id", networkTransaction(charge.ID()))
	if opt.authenticated {
		charge.Set("payment_method_details.card.three_d_secure", Object{
			"authentication_flow": "challenge", "electronic_commerce_indicator": nil, "exemption_indicator": nil,
			"result": "authenticated", "result_reason": nil, "transaction_id": nil, "version": "2.2.0",
		})
	}
	hold := pi.Str("capture_method") == "manual"
	if err := insertCharge(tx, charge, card, hold); err != nil {
		return outcome{}, err
	}
	pi, err = tx.Update("payment_intent", id, func(pi Object) error {
		pi["payment_method"] = pm.ID()
		pi["next_action"] = nil
		pi["last_payment_error"] = nil
		pi["latest_charge"] = charge.ID()
		if hold {
			pi["status"], pi["amount_capturable"] = "requires_capture", pi["amount"]
			return nil
		}
		pi["status"], pi["amount_received"] = "succeeded", pi["amount"]
		return nil
	})
	if err != nil {
		return outcome{}, err
	}
	if hold {
		return outcome{state: outcomePaid, intent: pi}, tx.Emit("payment_intent.amount_capturable_updated", pi, nil)
	}
	if err := tx.Emit("payment_intent.succeeded", pi, nil); err != nil {
		return outcome{}, err
	}
	return outcome{state: outcomePaid, intent: pi}, afterCharge(tx, charge, card)
}

// insertCharge stores a charge that the bank agreed to. One whose funds are only held has moved nothing yet, and lapses
// by itself.
func insertCharge(tx *Tx, charge Object, card TestCard, hold bool) error {
	if hold {
		charge["captured"], charge["amount_captured"] = false, int64(0)
		charge.Set("payment_method_details.card.capture_before", tx.Now()+holdSeconds)
		if err := tx.Schedule(tx.Now()+holdSeconds, "charge.expire", charge.ID()); err != nil {
			return err
		}
		return tx.Insert(charge, "charge.succeeded")
	}
	balance, err := bookCharge(tx, charge, charge.Int("amount"), card)
	if err != nil {
		return err
	}
	charge["balance_transaction"] = balance.ID()
	return tx.Insert(charge, "charge.succeeded")
}

// captureCharge takes an amount out of the funds that a charge holds, and lets the rest go.
func captureCharge(tx *Tx, id string, amount int64) (Object, error) {
	charge, err := tx.Get("charge", id)
	if err != nil {
		return nil, err
	}
	card, err := chargedCard(tx, charge)
	if err != nil {
		return nil, err
	}
	if err := tx.Unschedule("charge.expire", id); err != nil {
		return nil, err
	}
	balance, err := bookCharge(tx, charge, amount, card)
	if err != nil {
		return nil, err
	}
	charge, err = tx.amend("charge", id, func(c Object) error {
		c["captured"], c["amount_captured"] = true, amount
		c["balance_transaction"] = balance.ID()
		return nil
	}, nil, "charge.captured")
	if err != nil {
		return nil, err
	}
	if intent := charge.Str("payment_intent"); intent != "" {
		if _, err := tx.amend("payment_intent", intent, func(pi Object) error {
			pi["status"], pi["amount_capturable"], pi["amount_received"] = "succeeded", int64(0), amount
			return nil
		}, nil, "payment_intent.succeeded"); err != nil {
			return nil, err
		}
	}
	return charge, afterCharge(tx, charge, card)
}

// chargedCard is the test card behind a charge, which decides what becomes of it later.
func chargedCard(tx *Tx, charge Object) (TestCard, error) {
	pm, err := tx.load(charge.Str("payment_method"))
	if err != nil || pm == nil {
		return TestCard{}, err
	}
	return cardOf(pm), nil
}

// afterCharge brings about what a card is published to lead to once its money was taken.
func afterCharge(tx *Tx, charge Object, card TestCard) error {
	if card.ID == "pm_card_createIssuerFraudRecord" {
		return warnOfFraud(tx, charge)
	}
	if grounds, ok := disputeGrounds()[card.ID]; ok {
		return openDispute(tx, charge, grounds)
	}
	return nil
}

// releaseCharge lets go of funds that are held and will not be captured.
func releaseCharge(tx *Tx, id, event string) (Object, error) {
	if err := tx.Unschedule("charge.expire", id); err != nil {
		return nil, err
	}
	return tx.amend("charge", id, func(c Object) error {
		c["amount_refunded"], c["refunded"] = c["amount"], true
		return nil
	}, nil, event)
}

// expireCharge is the agenda's step at the end of a hold: the funds are let go, and the payment is over.
func expireCharge(tx *Tx, id string) error {
	charge, err := tx.Get("charge", id)
	if err != nil || charge.Bool("captured") || charge.Bool("refunded") {
		return err
	}
	if _, err := releaseCharge(tx, id, "charge.expired"); err != nil {
		return err
	}
	if intent := charge.Str("payment_intent"); intent != "" {
		_, err = cancelIntent(tx, intent, "automatic")
	}
	return err
}
