package sandbox

func createPortalSession(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("customer"); err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", p.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	config, err := portalOf(r)
	if err != nil {
		return nil, err
	}
	s := r.Tx.Skeleton("billing_portal.session")
	s["customer"], s["configuration"] = customer.ID(), config.ID()
	s["return_url"] = config["default_return_url"]
	p.Copy(s, "return_url", "locale", "on_behalf_of")
	s["url"] = r.Tx.BaseURL() + "/_stripe/p/" + s.ID()
	if flow := p.Sub("flow_data"); flow != nil {
		if s["flow"], err = r.portalFlow(flow, customer, config); err != nil {
			return nil, err
		}
	}
	return s, r.Tx.Insert(s, "billing_portal.session.created")
}

func portalOf(r *apiRequest) (Object, error) {
	id := r.Params.Str("configuration")
	if id == "" {
		return defaultPortal(r.Tx)
	}
	config, err := r.Tx.Ref("billing_portal.configuration", id, "configuration")
	if err != nil {
		return nil, err
	}
	if !config.Bool("active") {
		return nil, invalidf("configuration", "The configuration `%s` is not active.", id)
	}
	return config, nil
}

// portalFlow checks a deep link into the portal: the feature must be on, and what it names must be the customer's.
func (r *apiRequest) portalFlow(p Params, customer, config Object) (Object, error) {
	if err := p.Require("type"); err != nil {
		return nil, err
	}
	typ := p.Str("type")
	flow := Object{
		"type": typ, "after_completion": afterCompletion(p.Sub("after_completion")), "subscription_cancel": nil,
		"subscription_update": nil, "subscription_update_confirm": nil,
	}
	feature := map[string]string{"subscription_update_confirm": "subscription_update"}[typ]
	if feature == "" {
		feature = typ
	}
	if !config.Bool("features." + feature + ".enabled") {
		return nil, invalidf("flow_data[type]", "This portal configuration does not have the `%s` feature enabled.",
			feature)
	}
	if typ == "payment_method_update" {
		return flow, nil
	}
	details := p.Sub(typ)
	if details == nil {
		return nil, invalidf(p.Path(typ), "Missing required param: %s.", p.Path(typ)).withCode("parameter_missing")
	}
	sub, err := r.Tx.Ref("subscription", details.Str("subscription"), details.Path("subscription"))
	if err != nil {
		return nil, err
	}
	if sub.Str("customer") != customer.ID() {
		return nil, missing(400, "subscription", sub.ID(), details.Path("subscription"))
	}
	if typ == "subscription_cancel" && sub.Bool("cancel_at_period_end") {
		return nil, invalidf(details.Path("subscription"), "The subscription `%s` is already set to be canceled at "+
			"period end.", sub.ID())
	}
	kept := Object{"subscription": sub.ID()}
	switch typ {
	case "subscription_cancel":
		kept["retention"] = nil
	case "subscription_update_confirm":
		kept["discounts"] = nil
		if kept["items"], err = r.confirmItems(details, sub); err != nil {
			return nil, err
		}
	}
	flow[typ] = kept
	return flow, nil
}

func (r *apiRequest) confirmItems(details Params, sub Object) ([]Object, error) {
	var out []Object
	for _, item := range details.Subs("items") {
		known := false
		for _, own := range sub.List("items") {
			known = known || own.ID() == item.Str("id")
		}
		if !known {
			return nil, missing(400, "subscription_item", item.Str("id"), item.Path("id"))
		}
		entry := Object{"id": item.Str("id"), "price": nil}
		item.Copy(entry, "price", "quantity")
		if id := item.Str("price"); id != "" {
			if _, err := r.Tx.Ref("price", id, item.Path("price")); err != nil {
				return nil, err
			}
		}
		out = append(out, entry)
	}
	if len(out) != 1 {
		return nil, invalidf(details.Path("items"), "Exactly one subscription item must be given.")
	}
	return out, nil
}

func afterCompletion(p Params) Object {
	out := Object{"type": orText(p.Str("type"), "portal_homepage"), "hosted_confirmation": nil, "redirect": nil}
	if hosted := p.Sub("hosted_confirmation"); hosted != nil {
		out["hosted_confirmation"] = Object{"custom_message": textOrNil(hosted.Str("custom_message"))}
	}
	if redirect := p.Sub("redirect"); redirect != nil {
		out["redirect"] = Object{"return_url": redirect.Str("return_url")}
	}
	return out
}

// portalAddCard saves a card that was typed into the portal, and makes it the default. It returns the page of the
// card challenge when the card wants one.
func portalAddCard(tx *Tx, customerID string, in CardInput) (threeDSURL string, err error) {
	card, month, year, err := readCard(tx, in)
	if err != nil {
		return "", err
	}
	pm := newCard(tx, card, month, year, Object{"name": textOrNil(in.Name), "address": Object{
		"city": nil, "country": textOrNil(in.Country), "line1": nil, "line2": nil,
		"postal_code": textOrNil(in.PostalCode), "state": nil,
	}})
	if err := tx.Insert(pm); err != nil {
		return "", err
	}
	si, err := insertSetupIntent(tx, customerID, nil, Object{"_portal": true})
	if err != nil {
		return "", err
	}
	out, err := confirmSetup(tx, si.ID(), payOptions{method: pm.ID()})
	if err != nil {
		return "", err
	}
	switch out.state {
	case outcomeFailed:
		return "", out.err
	case outcomeAction:
		return tx.BaseURL() + "/_stripe/3ds/" + si.ID(), nil
	}
	return "", setDefaultCard(tx, customerID, pm.ID())
}

// setDefaultCard makes a card the one that everything is charged to: the customer's default and that of each live
// subscription. What is past due is tried again with it at once.
func setDefaultCard(tx *Tx, customerID, paymentMethodID string) error {
	pm, err := tx.Ref("payment_method", paymentMethodID, "payment_method")
	if err != nil {
		return err
	}
	if pm.Str("customer") != customerID {
		return missing(400, "payment_method", paymentMethodID, "payment_method")
	}
	if _, err := tx.Update("customer", customerID, func(c Object) error {
		c.Set("invoice_settings.default_payment_method", paymentMethodID)
		return nil
	}, "customer.updated"); err != nil {
		return err
	}
	subs, err := tx.Find("subscription", Query{Customer: customerID})
	if err != nil {
		return err
	}
	for _, sub := range subs {
		if ended(sub) {
			continue
		}
		if _, err := updateSubscription(tx, sub.ID(), func(s Object) error {
			s["default_payment_method"] = paymentMethodID
			return nil
		}); err != nil {
			return err
		}
		if err := retryPastDue(tx, sub, paymentMethodID); err != nil {
			return err
		}
	}
	return nil
}

// retryPastDue tries the latest open invoice of a subscription that is behind. The attempt does not count as one of
// the schedule's.
func retryPastDue(tx *Tx, sub Object, method string) error {
	if status := sub.Str("status"); status != "past_due" && status != "unpaid" {
		return nil
	}
	inv, err := tx.load(sub.Str("latest_invoice"))
	if err != nil || inv.Str("status") != "open" {
		return err
	}
	_, err = collectInvoice(tx, inv.ID(), collection{payOptions: payOptions{method: method, offSession: true}})
	return err
}

// detachCard takes a card away from its customer.
func detachCard(tx *Tx, paymentMethodID string) error {
	_, err := release(tx, paymentMethodID)
	return err
}
