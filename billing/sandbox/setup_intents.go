package sandbox

// insertSetupIntent makes an intent to save a card of a customer for later, off-session use.
func insertSetupIntent(tx *Tx, customer string, metadata Object, fields Object) (Object, error) {
	si := tx.Skeleton("setup_intent")
	si["client_secret"] = si.ID() + "_secret_" + tx.random(25)
	si["customer"] = textOrNil(customer)
	si["payment_method_types"] = []string{"card"}
	si["payment_method_options"] = Object{"card": Object{
		"mandate_options": nil, "network": nil, "request_three_d_secure": "automatic",
	}}
	si["status"], si["usage"] = "requires_payment_method", "off_session"
	if metadata != nil {
		si["metadata"] = metadata
	}
	for key, value := range fields {
		si[key] = value
	}
	return si, tx.Insert(si, "setup_intent.created")
}

// confirmSetup tries to save a card. Saving asks the issuer, so a card that declines outright cannot be saved, and one
// that wants authentication for its setup asks for it here.
func confirmSetup(tx *Tx, id string, opt payOptions) (outcome, error) {
	si, err := tx.Get("setup_intent", id)
	if err != nil {
		return outcome{}, err
	}
	pm, err := tx.Ref("payment_method", opt.method, "payment_method")
	if err != nil {
		return outcome{}, err
	}
	card := cardOf(pm)
	if card.auth != authNever && card.auth != authOnSession && !opt.authenticated {
		return requireSetupAction(tx, id, pm.ID(), opt)
	}
	if card.decline != nil && !card.attaches {
		return failSetup(tx, id, pm, *card.decline)
	}
	if customer := si.Str("customer"); customer != "" && pm.Str("customer") != customer {
		if _, err := attachTo(tx, pm.ID(), customer, "payment_method"); err != nil {
			return outcome{}, err
		}
	}
	si, err = tx.amend("setup_intent", id, func(si Object) error {
		si["status"] = "succeeded"
		si["payment_method"] = pm.ID()
		si["next_action"], si["last_setup_error"] = nil, nil
		return nil
	}, nil, "setup_intent.succeeded")
	return outcome{state: outcomePaid, intent: si}, err
}

func requireSetupAction(tx *Tx, id, method string, opt payOptions) (outcome, error) {
	si, err := tx.amend("setup_intent", id, func(si Object) error {
		si["status"] = "requires_action"
		si["payment_method"] = method
		si["last_setup_error"] = nil
		si["next_action"] = nextAction(tx, id, opt)
		si["_return_url"] = textOrNil(opt.returnURL)
		return nil
	}, nil, "setup_intent.requires_action")
	return outcome{state: outcomeAction, intent: si}, err
}

func failSetup(tx *Tx, id string, pm Object, why decline) (outcome, error) {
	cause := why.err()
	cause.PaymentMethod = pm
	si, err := tx.amend("setup_intent", id, func(si Object) error {
		si["status"] = "requires_payment_method"
		si["payment_method"], si["next_action"] = nil, nil
		si["last_setup_error"] = errorObject(cause)
		return nil
	}, nil, "setup_intent.setup_failed")
	cause.SetupIntent, cause.Keep = si, true
	return outcome{state: outcomeFailed, err: cause, intent: si}, err
}

func setupAuthenticationFailed() decline {
	why := authenticationFailed()
	why.code = "setup_intent_authentication_failure"
	return why
}

func createSetupIntent(r *apiRequest) (Object, error) {
	p := r.Params
	if id := p.Str("customer"); id != "" {
		if _, err := r.Tx.Ref("customer", id, "customer"); err != nil {
			return nil, err
		}
	}
	metadata, err := p.Metadata(nil)
	if err != nil {
		return nil, err
	}
	fields := Object{}
	p.Copy(fields, "usage", "description")
	if auto := p.Sub("automatic_payment_methods"); auto != nil {
		fields["automatic_payment_methods"] = Object{
			"enabled": auto["enabled"], "allow_redirects": orText(auto.Str("allow_redirects"), "always"),
		}
	}
	si, err := insertSetupIntent(r.Tx, p.Str("customer"), metadata, fields)
	if err != nil {
		return nil, err
	}
	if confirm, _, err := p.Bool("confirm"); err != nil || !confirm {
		return si, err
	}
	return confirmSetupRequest(r, si)
}

func confirmSetupIntent(r *apiRequest) (Object, error) {
	si, err := r.Tx.Get("setup_intent", r.ID)
	if err != nil {
		return nil, err
	}
	if s := si.Str("status"); s == "succeeded" || s == "canceled" {
		return nil, invalidf("", "You cannot confirm this SetupIntent because it has a status of %s.", s).
			withCode("setup_intent_unexpected_state")
	}
	return confirmSetupRequest(r, si)
}

func confirmSetupRequest(r *apiRequest, si Object) (Object, error) {
	id := orText(r.Params.Str("payment_method"), si.Str("payment_method"))
	if id == "" {
		return nil, invalidf("", "You cannot confirm this SetupIntent because it's missing a payment method.").
			withCode("setup_intent_unexpected_state")
	}
	pm, err := paymentMethod(r.Tx, id, "payment_method")
	if err != nil {
		return nil, err
	}
	result, err := confirmSetup(r.Tx, si.ID(), payOptions{
		method: pm.ID(), returnURL: r.Params.Str("return_url"),
	})
	if err != nil {
		return nil, err
	}
	if result.state == outcomeFailed {
		return nil, result.err
	}
	return result.intent, nil
}

func getSetupIntent(r *apiRequest) (Object, error) { return r.Tx.Get("setup_intent", r.ID) }

func listSetupIntents(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer")}
	r.filters(&q, "payment_method")
	return r.list("setup_intent", q)
}

func updateSetupIntent(r *apiRequest) (Object, error) {
	return r.Tx.Update("setup_intent", r.ID, func(si Object) error {
		r.Params.Copy(si, "customer", "description", "payment_method")
		metadata, err := r.Params.Metadata(si.Obj("metadata"))
		si["metadata"] = metadata
		return err
	})
}

func cancelSetupIntent(r *apiRequest) (Object, error) {
	return r.Tx.amend("setup_intent", r.ID, func(si Object) error {
		if s := si.Str("status"); s == "succeeded" || s == "canceled" {
			return invalidf("", "You cannot cancel this SetupIntent because it has a status of %s.", s).
				withCode("setup_intent_unexpected_state")
		}
		si["status"] = "canceled"
		si["cancellation_reason"] = textOrNil(r.Params.Str("cancellation_reason"))
		return nil
	}, nil, "setup_intent.canceled")
}
