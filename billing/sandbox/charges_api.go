package sandbox

import "strings"

func getCharge(r *apiRequest) (Object, error) { return r.Tx.Get("charge", r.ID) }

func listCharges(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer")}
	r.filters(&q, "payment_intent", "transfer_group")
	return r.list("charge", q)
}

func searchCharges(r *apiRequest) (Object, error) {
	return r.search("charge", "amount", "currency", "customer", "payment_method_details.card.brand",
		"payment_method_details.card.exp_month", "payment_method_details.card.exp_year",
		"payment_method_details.card.fingerprint", "payment_method_details.card.last4", "refunded", "disputed", "status")
}

// createCharge is the way to take money that came before payment intents. Old programs and the official command line
// still use it.
func createCharge(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("amount", "currency"); err != nil {
		return nil, err
	}
	asked, err := r.newAmount()
	if err != nil {
		return nil, err
	}
	pm, err := chargeSource(r)
	if err != nil {
		return nil, err
	}
	asked["customer"] = textOrNil(orText(p.Str("customer"), pm.Str("customer")))
	applyShipping(p, asked, parcelKeys()...)
	p.Copy(asked, "description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix",
		"transfer_group")
	if asked["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	card := cardOf(pm)
	charge := newCharge(r.Tx, asked, pm, card)
	charge["payment_intent"] = nil
	if why := card.decline; why != nil {
		refusal, err := failCharge(r.Tx, charge, card, *why)
		if err != nil {
			return nil, err
		}
		return nil, refusal
	}
	capture, sent, err := p.Bool("capture")
	if err != nil {
		return nil, err
	}
	charge["outcome"] = approvedOutcome()
	hold := sent && !capture
	if err := insertCharge(r.Tx, charge, card, hold); err != nil {
		return nil, err
	}
	if !hold {
		if err := afterCharge(r.Tx, charge, card); err != nil {
			return nil, err
		}
	}
	return r.Tx.Get("charge", charge.ID())
}

// newAmount reads how much is to be charged, in minor units, and in which currency.
func (r *apiRequest) newAmount() (Object, error) {
	amount, _, err := r.Params.Int("amount")
	if err != nil {
		return nil, err
	}
	if amount < minimumCharge {
		return nil, invalidf("amount", "Amount must be at least $0.50 %s", r.Params.Str("currency")).
			withCode("amount_too_small")
	}
	return Object{"amount": amount, "currency": strings.ToLower(r.Params.Str("currency"))}, nil
}

// chargeSource finds the card of a plain charge: the named one, or the customer's default.
func chargeSource(r *apiRequest) (Object, error) {
	id := r.Params.Str("source")
	if id == "" && r.Params.Given("customer") {
		customer, err := r.Tx.Ref("customer", r.Params.Str("customer"), "customer")
		if err != nil {
			return nil, err
		}
		id = customer.Str("invoice_settings.default_payment_method")
	}
	if id == "" {
		return nil, invalidf("", "Must provide source or customer.").withCode("parameter_missing")
	}
	return paymentMethod(r.Tx, id, "source")
}

// updateCharge changes what describes a charge. A report of fraud is remembered for good.
func updateCharge(r *apiRequest) (Object, error) {
	if id := r.Params.Str("customer"); id != "" {
		if _, err := r.Tx.Ref("customer", id, "customer"); err != nil {
			return nil, err
		}
	}
	return r.Tx.Update("charge", r.ID, func(c Object) error {
		if c.Has("customer") && r.Params.Given("customer") && c.Str("customer") != r.Params.Str("customer") {
			return invalidf("customer", "You cannot change the customer of a charge that already has one.")
		}
		applyShipping(r.Params, c, parcelKeys()...)
		r.Params.Copy(c, "customer", "description", "receipt_email", "transfer_group")
		if report := r.Params.Sub("fraud_details"); report != nil {
			c.Set("fraud_details.user_report", textOrNil(report.Str("user_report")))
			if report.Unset("user_report") {
				c["fraud_details"] = Object{}
			}
		}
		metadata, err := r.Params.Metadata(c.Obj("metadata"))
		c["metadata"] = metadata
		return err
	}, "charge.updated")
}

func captureChargeAPI(r *apiRequest) (Object, error) {
	charge, err := r.Tx.Get("charge", r.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case charge.Str("status") == "failed":
		return nil, invalidf("", "Charge %s failed and cannot be captured.", r.ID)
	case charge.Bool("captured"):
		return nil, invalidf("", "Charge %s has already been captured.", r.ID).withCode("charge_already_captured")
	case charge.Bool("refunded"):
		return nil, invalidf("", "The charge cannot be captured as the authorization has expired. Auth and capture "+
			"charges must be captured within 7 days.").withCode("charge_expired_for_capture")
	}
	amount, err := captureAmount(r.Params, "amount", charge.Int("amount"), charge.Str("currency"))
	if err != nil {
		return nil, err
	}
	return captureCharge(r.Tx, r.ID, amount)
}

// captureAmount reads how much of what is held is to be taken; all of it when nothing is said.
func captureAmount(p Params, name string, held int64, currency string) (int64, error) {
	amount, sent, err := p.Int(name)
	switch {
	case err != nil:
		return 0, err
	case !sent:
		return held, nil
	case amount <= 0:
		return 0, invalidf(name, "Invalid positive integer").withCode("parameter_invalid_integer")
	case amount > held:
		return 0, invalidf(name, "The amount to capture (%s) is greater than the amount that can be captured (%s).",
			moneyText(amount, currency), moneyText(held, currency)).withCode("amount_too_large")
	}
	return amount, nil
}

// expireChargeAPI ends a hold before its time, as Stripe's helpers for tests do.
func expireChargeAPI(r *apiRequest) (Object, error) {
	charge, err := r.Tx.Get("charge", r.ID)
	if err != nil {
		return nil, err
	}
	if charge.Bool("captured") || charge.Bool("refunded") || charge.Str("status") == "failed" {
		return nil, invalidf("", "Charge %s is not waiting to be captured.", r.ID)
	}
	if err := expireCharge(r.Tx, r.ID); err != nil {
		return nil, err
	}
	return r.Tx.Get("charge", r.ID)
}
