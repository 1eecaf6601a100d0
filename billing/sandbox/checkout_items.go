package sandbox

// sessionItems reads what the session sells. What an item costs is worked out by setTotals.
func (r *apiRequest) sessionItems(s Object) error {
	mode := s.Str("mode")
	lines := r.Params.Subs("line_items")
	if mode == "setup" {
		if len(lines) > 0 {
			return invalidf("line_items", "`line_items` can not be used in `setup` mode.")
		}
		s["payment_status"] = "no_payment_required"
		return nil
	}
	if len(lines) == 0 {
		return invalidf("line_items", "Missing required param: line_items.").withCode("parameter_missing")
	}
	items := make([]Object, 0, len(lines))
	recurring := 0
	for _, line := range lines {
		item, err := r.sessionItem(s, line)
		if err != nil {
			return err
		}
		if item.Has("price.recurring") {
			recurring++
		}
		items = append(items, item)
	}
	if mode == "payment" && recurring > 0 {
		return invalidf("mode", "You specified `payment` mode but passed a recurring price. Either switch to "+
			"`subscription` mode or use only one-time prices.")
	}
	if mode == "subscription" && recurring == 0 {
		return invalidf("mode", "You must provide at least one recurring price in `subscription` mode when using "+
			"prices.")
	}
	s["line_items"] = Object{
		"object": "list", "data": items, "has_more": false,
		"url": "/v1/checkout/sessions/" + s.ID() + "/line_items",
	}
	return nil
}

func (r *apiRequest) sessionItem(s Object, line Params) (Object, error) {
	price, err := readPrice(r.Tx, line)
	if err != nil {
		return nil, err
	}
	if s.Str("currency") == "" {
		if err := r.sessionCurrency(s, price); err != nil {
			return nil, err
		}
	}
	if err := mustPriceIn(r.Tx, price, s.Str("currency"), line.Path("price")); err != nil {
		return nil, err
	}
	item := r.Tx.Skeleton("item")
	item["price"] = r.Tx.Public(price)
	item["currency"] = s["currency"]
	item["description"] = productName(r.Tx, price)
	quantity, sent, err := line.Int("quantity")
	if err != nil {
		return nil, err
	}
	switch {
	case metered(price) && sent:
		return nil, meteredQuantity(line)
	case metered(price):
		item["quantity"] = nil
	case !sent || quantity < 1:
		return nil, invalidf(line.Path("quantity"), "Quantity is required. Add `quantity` to `%s`.", line.Path("")).
			withCode("parameter_missing")
	default:
		item["quantity"] = quantity
	}
	rates, err := readTaxRates(r.Tx, line, "tax_rates")
	if err != nil {
		return nil, err
	}
	item["_tax_rates"] = rates
	item["_adjustable"] = line.Sub("adjustable_quantity").Object()
	return item, nil
}

// sessionCurrency fixes the currency of a session that names none, by its first price and its customer.
func (r *apiRequest) sessionCurrency(s, price Object) error {
	customer, err := r.Tx.load(s.Str("customer"))
	if err != nil {
		return err
	}
	s["currency"], err = currencyFor(r.Tx, price, customer)
	return err
}

// sessionBinds refuses to sell a subscription to a customer who is bound to another currency.
func (r *apiRequest) sessionBinds(s Object) error {
	if s.Str("mode") != "subscription" || !s.Has("customer") {
		return nil
	}
	customer, err := r.Tx.Ref("customer", s.Str("customer"), "customer")
	if err != nil {
		return err
	}
	return oneCurrency(r.Tx, customer, s.Str("currency"))
}

// sessionDetails keeps what the session is to hand on to what it creates.
func (r *apiRequest) sessionDetails(s Object) error {
	p := r.Params
	if data := p.Sub("subscription_data"); data != nil {
		if s.Str("mode") != "subscription" {
			return invalidf("subscription_data", "You can only specify `subscription_data` in `subscription` mode.")
		}
		if err := r.subscriptionData(s, data); err != nil {
			return err
		}
	}
	if data := p.Sub("payment_intent_data"); data != nil {
		if s.Str("mode") != "payment" {
			return invalidf("payment_intent_data", "You can not pass `payment_intent_data` in `%s` mode.", s.Str("mode"))
		}
		s["_payment_data"] = data.Object()
	}
	if data := p.Sub("setup_intent_data"); data != nil {
		s["_setup_data"] = data.Object()
	}
	return r.sessionTax(s)
}

func (r *apiRequest) subscriptionData(s Object, data Params) error {
	days, sent, err := data.Int("trial_period_days")
	if err != nil {
		return err
	}
	if sent && (days < 1 || days > 730) {
		return invalidf(data.Path("trial_period_days"), "The minimum number of trial period days is 1.")
	}
	at, given, err := data.Int("trial_end")
	if err != nil {
		return err
	}
	if given && sent {
		return invalidf(data.Path("trial_end"), "You may only specify one of these parameters: "+
			"subscription_data[trial_end], subscription_data[trial_period_days].")
	}
	if given && at < r.Tx.Now()+minTrialSeconds {
		return invalidf(data.Path("trial_end"), "The `trial_end` date has to be at least 2 days in the future.")
	}
	kept := data.Object()
	if kept["metadata"], err = data.Metadata(nil); err != nil {
		return err
	}
	if rates, err := readTaxRates(r.Tx, data, "default_tax_rates"); err != nil {
		return err
	} else if len(rates) > 0 {
		kept["default_tax_rates"] = rates
	}
	s["_subscription_data"] = kept
	return nil
}

// sessionTrial is when the trial would end if the session were confirmed now, and 0 when it has none.
func sessionTrial(tx *Tx, s Object) int64 {
	data := s.Obj("_subscription_data")
	if at := data.Int("trial_end"); at > 0 {
		return at
	}
	if days := data.Int("trial_period_days"); days > 0 {
		return tx.Now() + days*daySeconds
	}
	return 0
}

// sessionDiscounts keeps the discounts that the session begins with.
func (r *apiRequest) sessionDiscounts(s Object) error {
	p := r.Params
	allowed, sent, err := p.Bool("allow_promotion_codes")
	if err != nil {
		return err
	}
	if sent {
		s["allow_promotion_codes"] = allowed
	}
	if len(p.Subs("discounts")) == 0 {
		return nil
	}
	if sent {
		return invalidf("allow_promotion_codes", "You may only specify one of these parameters: allow_promotion_codes, "+
			"discounts.")
	}
	if len(p.Subs("discounts")) > 1 {
		return invalidf("discounts", "Checkout Sessions can have at most one discount.")
	}
	customer, err := r.Tx.load(s.Str("customer"))
	if err != nil {
		return err
	}
	on, err := sessionPurchase(r.Tx, s)
	if err != nil {
		return err
	}
	sources, err := readDiscounts(r.Tx, p, customer, on)
	if err != nil {
		return err
	}
	setSources(s, sources)
	return nil
}

func setSources(s Object, sources []discountSource) {
	list := []any{}
	for _, src := range sources {
		entry := Object{"coupon": src.coupon.ID(), "promotion_code": nil}
		if src.promotion != nil {
			entry = Object{"coupon": nil, "promotion_code": src.promotion.ID()}
		}
		list = append(list, entry)
	}
	s["discounts"] = list
}

// sources are a session's discounts as the engine applies them.
func (tx *Tx) sources(s Object) ([]discountSource, error) {
	var out []discountSource
	for _, d := range s.List("discounts") {
		var src discountSource
		var err error
		coupon := d.Str("coupon")
		if promo := d.Str("promotion_code"); promo != "" {
			if src.promotion, err = tx.load(promo); err != nil {
				return nil, err
			}
			coupon = src.promotion.Str("coupon.id")
		}
		if src.coupon, err = tx.load(coupon); err != nil {
			return nil, err
		}
		out = append(out, src)
	}
	return out, nil
}

// applyPromotionCode is what the page's promotion-code field does.
func applyPromotionCode(tx *Tx, sessionID, code string) (Object, error) {
	s, err := openSession(tx, sessionID)
	if err != nil {
		return nil, err
	}
	if !s.Bool("allow_promotion_codes") {
		return nil, invalidf("promotion_code", "This code is invalid.")
	}
	promo, err := findCode(tx, code, s.Str("customer"))
	if err != nil {
		return nil, err
	}
	if promo == nil {
		return nil, invalidf("promotion_code", "This code is invalid.").withCode("promotion_code_invalid")
	}
	customer, err := tx.load(s.Str("customer"))
	if err != nil {
		return nil, err
	}
	src, err := codeSource(tx, promo, customer, "promotion_code")
	if err != nil {
		return nil, err
	}
	on, err := sessionPurchase(tx, s)
	if err != nil {
		return nil, err
	}
	if err := src.suits(on); err != nil {
		return nil, err
	}
	return resetDiscounts(tx, sessionID, []discountSource{src})
}

// removePromotionCode takes the code back off.
func removePromotionCode(tx *Tx, sessionID string) (Object, error) {
	s, err := openSession(tx, sessionID)
	if err != nil {
		return nil, err
	}
	if !s.Bool("allow_promotion_codes") {
		return s, nil
	}
	return resetDiscounts(tx, sessionID, nil)
}

func resetDiscounts(tx *Tx, id string, sources []discountSource) (Object, error) {
	return tx.Update("checkout.session", id, func(s Object) error {
		setSources(s, sources)
		return setTotals(tx, s)
	})
}

func openSession(tx *Tx, id string) (Object, error) {
	s, err := tx.Get("checkout.session", id)
	if err != nil {
		return nil, err
	}
	switch s.Str("status") {
	case "expired":
		return nil, invalidf("", "This Checkout Session has expired.").withCode("checkout_session_expired")
	case "complete":
		return nil, invalidf("", "This Checkout Session has already been completed.").
			withCode("checkout_session_completed")
	}
	return s, nil
}
