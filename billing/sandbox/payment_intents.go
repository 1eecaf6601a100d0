package sandbox

func createPaymentIntent(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("amount", "currency"); err != nil {
		return nil, err
	}
	amount, _, err := p.Int("amount")
	if err != nil {
		return nil, err
	}
	if amount < minimumCharge {
		return nil, invalidf("amount", "Amount must be at least $0.50 %s", p.Str("currency")).
			withCode("amount_too_small")
	}
	if id := p.Str("customer"); id != "" {
		if _, err := r.Tx.Ref("customer", id, "customer"); err != nil {
			return nil, err
		}
	}
	metadata, err := p.Metadata(nil)
	if err != nil {
		return nil, err
	}
	pi, err := insertIntent(r.Tx, newIntent{
		amount: amount, currency: p.Str("currency"), customer: p.Str("customer"), description: p.Str("description"),
		receiptEmail: p.Str("receipt_email"), setupFutureUsage: p.Str("setup_future_usage"), metadata: metadata,
	})
	if err != nil {
		return nil, err
	}
	if auto := p.Sub("automatic_payment_methods"); auto != nil {
		if pi, err = r.Tx.Update("payment_intent", pi.ID(), func(pi Object) error {
			pi["automatic_payment_methods"] = Object{
				"enabled": auto["enabled"], "allow_redirects": orText(auto.Str("allow_redirects"), "always"),
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if p.Given("payment_method") {
		if pi, err = chooseMethod(r, pi); err != nil {
			return nil, err
		}
	}
	if confirm, _, err := p.Bool("confirm"); err != nil || !confirm {
		return pi, err
	}
	return confirmRequest(r, pi)
}

func orText(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// chooseMethod puts a payment method on an intent, to be confirmed.
func chooseMethod(r *apiRequest, pi Object) (Object, error) {
	pm, err := paymentMethod(r.Tx, r.Params.Str("payment_method"), "payment_method")
	if err != nil {
		return nil, err
	}
	return r.Tx.Update("payment_intent", pi.ID(), func(pi Object) error {
		pi["payment_method"] = pm.ID()
		if pi.Str("status") == "requires_payment_method" {
			pi["status"] = "requires_confirmation"
		}
		return nil
	})
}

func confirmPaymentIntent(r *apiRequest) (Object, error) {
	pi, err := r.Tx.Get("payment_intent", r.ID)
	if err != nil {
		return nil, err
	}
	switch pi.Str("status") {
	case "requires_payment_method", "requires_confirmation", "requires_action":
	default:
		return nil, intentState(pi, "confirm")
	}
	if r.Params.Given("payment_method") {
		if pi, err = chooseMethod(r, pi); err != nil {
			return nil, err
		}
	}
	return confirmRequest(r, pi)
}

func intentState(pi Object, verb string) *Error {
	e := invalidf("", "You cannot %s this PaymentIntent because it has a status of %s.", verb, pi.Str("status")).
		withCode("payment_intent_unexpected_state")
	e.PaymentIntent = pi
	return e
}

// confirmRequest confirms an intent for the API. The intent of an invoice is confirmed through its invoice, so that
// the invoice and its subscription follow.
func confirmRequest(r *apiRequest, pi Object) (Object, error) {
	method := pi.Str("payment_method")
	if method == "" {
		return nil, invalidf("", "You cannot confirm this PaymentIntent because it's missing a payment method. To "+
			"confirm the PaymentIntent with %s, specify a payment method attached to this customer along with the "+
			"customer ID.", orText(pi.Str("customer"), "a customer")).withCode("payment_intent_unexpected_state")
	}
	offSession := r.Params.Str("off_session") == "true" || r.Params.Str("off_session") == "one_off" ||
		r.Params.Str("off_session") == "recurring"
	opt := payOptions{method: method, offSession: offSession, returnURL: r.Params.Str("return_url")}
	result, err := confirmAny(r.Tx, pi, opt)
	if err != nil {
		return nil, err
	}
	if result.state == outcomeAction && offSession && !pi.Has("invoice") {
		if result, err = failAuthentication(r.Tx, pi.ID(), authenticationRequired()); err != nil {
			return nil, err
		}
	}
	if result.state == outcomeFailed {
		return nil, result.err
	}
	if err := saveMethod(r.Tx, result); err != nil {
		return nil, err
	}
	return r.Tx.Get("payment_intent", pi.ID())
}

func confirmAny(tx *Tx, pi Object, opt payOptions) (outcome, error) {
	if invoice := pi.Str("invoice"); invoice != "" {
		return collectInvoice(tx, invoice, collection{payOptions: opt})
	}
	return confirmIntent(tx, pi.ID(), opt)
}

// saveMethod attaches the card of a payment that was made to set it up for later.
func saveMethod(tx *Tx, result outcome) error {
	pi := result.intent
	if result.state != outcomePaid || !pi.Has("setup_future_usage") || !pi.Has("customer") {
		return nil
	}
	_, err := attachTo(tx, pi.Str("payment_method"), pi.Str("customer"), "payment_method")
	return err
}

func getPaymentIntent(r *apiRequest) (Object, error) { return r.Tx.Get("payment_intent", r.ID) }

func listPaymentIntents(r *apiRequest) (Object, error) {
	return r.list("payment_intent", Query{Customer: r.Params.Str("customer")})
}

func updatePaymentIntent(r *apiRequest) (Object, error) {
	pi, err := r.Tx.Get("payment_intent", r.ID)
	if err != nil {
		return nil, err
	}
	if s := pi.Str("status"); s == "succeeded" || s == "canceled" {
		for _, key := range r.Params.Keys() {
			if key != "metadata" && key != "description" && key != "expand" {
				return nil, intentState(pi, "update")
			}
		}
	}
	return r.Tx.Update("payment_intent", r.ID, func(pi Object) error {
		r.Params.Copy(pi, "amount", "currency", "customer", "description", "receipt_email", "setup_future_usage",
			"statement_descriptor", "statement_descriptor_suffix", "payment_method", "shipping", "transfer_group")
		metadata, err := r.Params.Metadata(pi.Obj("metadata"))
		pi["metadata"] = metadata
		return err
	})
}

func cancelPaymentIntent(r *apiRequest) (Object, error) {
	pi, err := r.Tx.Get("payment_intent", r.ID)
	if err != nil {
		return nil, err
	}
	if s := pi.Str("status"); s == "succeeded" || s == "canceled" {
		return nil, intentState(pi, "cancel")
	}
	if pi.Has("invoice") {
		return nil, invalidf("", "You cannot cancel this PaymentIntent because it belongs to an invoice. Void the "+
			"invoice instead.")
	}
	return cancelIntent(r.Tx, r.ID, r.Params.Str("cancellation_reason"))
}

// cancelIntent ends an intent that has not succeeded; one that has is left alone.
func cancelIntent(tx *Tx, id, reason string) (Object, error) {
	pi, err := tx.Get("payment_intent", id)
	if err != nil || pi.Str("status") == "succeeded" || pi.Str("status") == "canceled" {
		return pi, err
	}
	return tx.amend("payment_intent", id, func(pi Object) error {
		pi["status"] = "canceled"
		pi["canceled_at"] = tx.Now()
		pi["cancellation_reason"] = textOrNil(reason)
		pi["next_action"] = nil
		return nil
	}, nil, "payment_intent.canceled")
}
