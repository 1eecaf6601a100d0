package sandbox

// setFields sets what a request says of a subscription besides its items and its period.
func (r *apiRequest) setFields(sub Object, creating bool) error {
	p := r.Params
	p.Copy(sub, "description", "days_until_due", "application_fee_percent", "on_behalf_of")
	if p.Given("collection_method") {
		sub["collection_method"] = p.Str("collection_method")
	}
	for _, hash := range []string{"payment_settings", "trial_settings", "invoice_settings"} {
		if given := p.Sub(hash); given != nil {
			for key, value := range given.Object() {
				sub.Set(hash+"."+key, value)
			}
		}
	}
	if err := r.setTax(sub); err != nil {
		return err
	}
	if id := p.Str("default_payment_method"); id != "" {
		pm, err := paymentMethod(r.Tx, id, "default_payment_method")
		if err != nil {
			return err
		}
		if pm.Str("customer") != sub.Str("customer") {
			return invalidf("default_payment_method", "The customer does not have a payment method with the ID %s. The "+
				"payment method must be attached to the customer.", id)
		}
		sub["default_payment_method"] = pm.ID()
	} else if p.Unset("default_payment_method") {
		sub["default_payment_method"] = nil
	}
	metadata, err := p.Metadata(sub.Obj("metadata"))
	if err != nil {
		return err
	}
	sub["metadata"] = metadata
	if err := r.setPause(sub); err != nil {
		return err
	}
	return r.setCancellation(sub, creating)
}

// setTax turns a subscription's automatic tax on, for a customer who can be located, or off.
func (r *apiRequest) setTax(sub Object) error {
	on, sent, err := r.Params.Sub("automatic_tax").Bool("enabled")
	if err != nil || !sent {
		return err
	}
	sub["automatic_tax"] = Object{"enabled": on, "liability": nil, "disabled_reason": nil}
	if !on {
		return nil
	}
	sub.Set("automatic_tax.liability", Object{"type": "self"})
	customer, err := r.Tx.Ref("customer", sub.Str("customer"), "customer")
	if err != nil {
		return err
	}
	return mustLocate(r.Tx, customer, "")
}

func (r *apiRequest) setPause(sub Object) error {
	if r.Params.Unset("pause_collection") {
		sub["pause_collection"] = nil
		return nil
	}
	pause := r.Params.Sub("pause_collection")
	if pause == nil {
		return nil
	}
	if err := pause.Require("behavior"); err != nil {
		return err
	}
	sub["pause_collection"] = Object{"behavior": pause.Str("behavior"), "resumes_at": nil}
	if at, sent, err := pause.Int("resumes_at"); err != nil {
		return err
	} else if sent {
		sub.Set("pause_collection.resumes_at", at)
	}
	return nil
}

func (r *apiRequest) setCancellation(sub Object, creating bool) error {
	p, tx := r.Params, r.Tx
	on, sent, err := p.Bool("cancel_at_period_end")
	if err != nil {
		return err
	}
	if sent && p.Given("cancel_at") && on {
		return invalidf("cancel_at_period_end", "You may only specify one of these parameters: cancel_at, "+
			"cancel_at_period_end.")
	}
	if sent && on != sub.Bool("cancel_at_period_end") {
		setCancelAtPeriodEnd(tx, sub, on)
	}
	at, sent, err := p.Int("cancel_at")
	if err != nil {
		return err
	}
	switch {
	case sent && at <= tx.Now():
		return invalidf("cancel_at", "Invalid timestamp: must be an integer Unix timestamp in the future")
	case sent:
		sub["cancel_at"], sub["canceled_at"], sub["cancel_at_period_end"] = at, tx.Now(), false
		sub.Set("cancellation_details.reason", "cancellation_requested")
	case p.Unset("cancel_at") && !creating:
		setCancelAtPeriodEnd(tx, sub, false)
	}
	if d := p.Sub("cancellation_details"); d != nil {
		setCancellationDetails(sub, d)
	}
	return nil
}
