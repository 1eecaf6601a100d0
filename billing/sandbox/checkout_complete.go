package sandbox

// completeSession does what the session was for, with a card that is known to do.
func completeSession(tx *Tx, id string, opt payOptions) (CheckoutResult, error) {
	s, err := tx.Get("checkout.session", id)
	if err != nil {
		return CheckoutResult{}, err
	}
	customer, err := sessionBuyer(tx, s, opt.method)
	if err != nil {
		return CheckoutResult{}, err
	}
	made := Object{"customer": textOrNil(customer), "payment_status": "no_payment_required"}
	switch s.Str("mode") {
	case "setup":
		err = completeSetup(tx, s, customer, opt, made)
	case "payment":
		err = completePayment(tx, s, customer, opt, made)
	default:
		err = completeSubscription(tx, s, customer, opt, made)
	}
	if err != nil {
		return CheckoutResult{}, err
	}
	s, err = tx.amend("checkout.session", id, func(s Object) error {
		for key, value := range made {
			s[key] = value
		}
		s["status"] = "complete"
		s["url"] = nil
		s["customer_details"] = buyerDetails(s)
		return nil
	}, nil, "checkout.session.completed")
	if err != nil {
		return CheckoutResult{}, err
	}
	return CheckoutResult{RedirectURL: successURL(s)}, tx.Unschedule("checkout_session.expire", id)
}

func buyerDetails(s Object) Object {
	notes := s.Obj("_confirm")
	details := Object{
		"address": notes["address"], "email": textOrNil(notes.Str("email")), "name": textOrNil(notes.Str("name")),
		"phone": nil, "tax_exempt": "none", "tax_ids": []any{},
	}
	if id := notes.Str("tax_id"); id != "" {
		details["tax_ids"] = []any{Object{"type": orText(notes.Str("tax_id_type"), "unknown"), "value": id}}
	}
	return details
}

// sessionBuyer finds or makes the customer, gives them the card, and lets them have the name and the address that
// the session says they should. A guest who pays once has no customer.
func sessionBuyer(tx *Tx, s Object, method string) (string, error) {
	notes := s.Obj("_confirm")
	id := s.Str("customer")
	keeps := s.Str("mode") != "payment" || s.Obj("_payment_data").Has("setup_future_usage")
	if id == "" {
		if !keeps && s.Str("customer_creation") != "always" {
			return "", nil
		}
		made, err := newBuyer(tx, s)
		if err != nil {
			return "", err
		}
		id = made.ID()
	}
	if method != "" && keeps {
		if _, err := attachTo(tx, method, id, "payment_method"); err != nil {
			return "", err
		}
	}
	if err := keepTaxID(tx, id, notes.Str("tax_id_type"), notes.Str("tax_id")); err != nil {
		return "", err
	}
	if !s.Has("customer") {
		return id, nil
	}
	_, err := tx.Update("customer", id, func(c Object) error {
		if s.Str("_customer_update.name") == "auto" && notes.Str("name") != "" {
			c["name"] = notes["name"]
		}
		if s.Str("_customer_update.address") == "auto" && notes.Has("address.country") {
			c["address"] = notes["address"]
		}
		if !c.Has("email") {
			c["email"] = textOrNil(notes.Str("email"))
		}
		return nil
	}, "customer.updated")
	return id, err
}

// keepTaxID gives the customer the tax id that was typed, unless they have it.
func keepTaxID(tx *Tx, customer, typ, value string) error {
	if typ == "" || value == "" {
		return nil
	}
	known, err := tx.Find("tax_id", Query{Customer: customer, Where: map[string]string{"value": value}})
	if err != nil || len(known) > 0 {
		return err
	}
	_, err = insertTaxID(tx, customer, typ, value)
	return err
}

func newBuyer(tx *Tx, s Object) (Object, error) {
	notes := s.Obj("_confirm")
	p := Params{"email": notes.Str("email")}
	if name := notes.Str("name"); name != "" {
		p["name"] = name
	}
	address := Params{}
	for key, value := range notes.Obj("address") {
		if text, ok := value.(string); ok && text != "" {
			address[key] = text
		}
	}
	if len(address) > 0 {
		p["address"] = address
	}
	return createCustomer(&apiRequest{Tx: tx, Params: p})
}

// completeSetup saves the card.
func completeSetup(tx *Tx, s Object, customer string, opt payOptions, made Object) error {
	si, err := sessionSetup(tx, s, customer, opt)
	if err != nil {
		return err
	}
	made["setup_intent"] = si.ID()
	return nil
}

// sessionSetup confirms the session's setup intent for its customer.
func sessionSetup(tx *Tx, s Object, customer string, opt payOptions) (Object, error) {
	intent, err := sessionIntent(tx, s, false)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Update("setup_intent", intent.ID(), func(si Object) error {
		si["customer"] = customer
		return nil
	}); err != nil {
		return nil, err
	}
	out, err := confirmSetup(tx, intent.ID(), opt)
	if err != nil {
		return nil, err
	}
	if out.state != outcomePaid {
		return nil, out.err
	}
	return out.intent, nil
}

// completePayment takes the money of a session in payment mode.
func completePayment(tx *Tx, s Object, customer string, opt payOptions, made Object) error {
	if err := redeemSession(tx, s, customer); err != nil {
		return err
	}
	if s.Int("amount_total") == 0 {
		return nil
	}
	intent, err := sessionIntent(tx, s, true)
	if err != nil {
		return err
	}
	if _, err := tx.Update("payment_intent", intent.ID(), func(pi Object) error {
		pi["customer"] = textOrNil(customer)
		return nil
	}); err != nil {
		return err
	}
	out, err := confirmIntent(tx, intent.ID(), opt)
	if err != nil {
		return err
	}
	if out.state != outcomePaid {
		return out.err
	}
	made["payment_intent"], made["payment_status"] = intent.ID(), "paid"
	if customer == "" {
		return nil
	}
	return rememberCurrency(tx, customer, s.Str("currency"))
}

// redeemSession counts the discount of a session that makes no subscription.
func redeemSession(tx *Tx, s Object, customer string) error {
	sources, err := tx.sources(s)
	if err != nil {
		return err
	}
	for _, src := range sources {
		d := newDiscount(tx, src, customer, "", s.ID())
		if err := tx.Insert(d, "customer.discount.created"); err != nil {
			return err
		}
		if err := redeem(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// completeSubscription starts the subscription that a session sells.
func completeSubscription(tx *Tx, s Object, customer string, opt payOptions, made Object) error {
	buyer, err := tx.Ref("customer", customer, "customer")
	if err != nil {
		return err
	}
	if s.Int("amount_total") == 0 && opt.method != "" {
		if _, err := sessionSetup(tx, s, customer, opt); err != nil {
			return err
		}
	}
	spec, err := sessionSpec(tx, s, buyer, opt.method)
	if err != nil {
		return err
	}
	sub, err := buildSubscription(tx, spec)
	if err != nil {
		return err
	}
	for _, d := range sub.List("_new_discounts") {
		d["checkout_session"] = s.ID()
	}
	if err := oneTimeItems(tx, s, sub); err != nil {
		return err
	}
	intent := ""
	if s.Int("amount_total") > 0 {
		intent = s.Str("_intent")
	}
	sub, out, err := startSubscription(tx, sub, startOptions{pay: opt, intent: intent, checkout: true})
	if err != nil {
		return err
	}
	if out.state != outcomePaid {
		return out.err
	}
	made["subscription"], made["invoice"] = sub.ID(), sub["latest_invoice"]
	if s.Int("amount_total") > 0 {
		made["payment_status"] = "paid"
	}
	return nil
}

func sessionSpec(tx *Tx, s, buyer Object, method string) (subscriptionSpec, error) {
	data := s.Obj("_subscription_data")
	spec := subscriptionSpec{
		customer: buyer, method: method, trialEnd: sessionTrial(tx, s), anchor: data.Int("billing_cycle_anchor"),
		currency: s.Str("currency"), bound: true,
		fields: Object{},
	}
	for _, item := range s.List("line_items") {
		if item.Has("price.recurring") {
			spec.items = append(spec.items, itemSpec{
				price: item.Obj("price"), quantity: item.Int("quantity"), taxRates: item.List("_tax_rates"),
			})
		}
	}
	for _, key := range []string{"metadata", "description", "default_tax_rates", "trial_settings"} {
		if data.Has(key) {
			spec.fields[key] = data[key]
		}
	}
	if data.Str("proration_behavior") == prorateNone {
		spec.fields["_stub"] = prorateNone
	}
	if s.Bool("automatic_tax.enabled") {
		spec.fields["automatic_tax"] = Object{
			"enabled": true, "liability": Object{"type": "self"}, "disabled_reason": nil,
		}
	}
	var err error
	spec.discounts, err = tx.sources(s)
	return spec, err
}

// oneTimeItems puts what a subscription session sells once onto the first invoice.
func oneTimeItems(tx *Tx, s, sub Object) error {
	for _, item := range s.List("line_items") {
		if item.Has("price.recurring") {
			continue
		}
		amount, err := amountIn(tx, item.Obj("price"), item.Int("quantity"), s.Str("currency"))
		if err != nil {
			return err
		}
		ii := newInvoiceItem(tx, sub.Str("customer"), s.Str("currency"), amount, item.Str("description"))
		ii["price"], ii["quantity"], ii["subscription"] = item["price"], item["quantity"], sub.ID()
		unit, err := priceIn(tx, item.Obj("price"), s.Str("currency"))
		if err != nil {
			return err
		}
		ii["unit_amount"], ii["unit_amount_decimal"] = unit["unit_amount"], unit["unit_amount_decimal"]
		if err := tx.Insert(ii, "invoiceitem.created"); err != nil {
			return err
		}
	}
	return nil
}
