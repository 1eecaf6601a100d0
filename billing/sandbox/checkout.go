package sandbox

import (
	"net/url"
	"strings"
)

// A checkout session lives for a day unless it is told otherwise, and never for less than half an hour.
const (
	sessionSeconds    = 24 * hour
	minSessionSeconds = 30 * 60
	minTrialSeconds   = 48 * hour
)

func createCheckoutSession(r *apiRequest) (Object, error) {
	p := r.Params
	if _, err := r.Tx.load(p.Str("customer")); err != nil { // First, because the session lives in its customer's time.
		return nil, err
	}
	s := r.Tx.Skeleton("checkout.session")
	for key, value := range sessionDefaults() {
		s[key] = value
	}
	if err := sessionMode(p, s); err != nil {
		return nil, err
	}
	if err := r.sessionCustomer(s); err != nil {
		return nil, err
	}
	if err := r.sessionURLs(s); err != nil {
		return nil, err
	}
	p.Copy(s, "client_reference_id", "locale", "billing_address_collection", "submit_type", "currency",
		"payment_method_collection", "customer_creation", "shipping_address_collection", "phone_number_collection",
		"payment_method_options")
	for _, key := range []string{
		"adaptive_pricing", "after_expiration", "consent_collection", "custom_text", "saved_payment_method_options",
	} {
		if sent := p.Sub(key); sent != nil {
			s[key] = r.Tx.whole("checkout.session", key, sent.Object())
		}
	}
	var err error
	if s["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	if err := r.sessionItems(s); err != nil {
		return nil, err
	}
	if err := r.sessionBinds(s); err != nil {
		return nil, err
	}
	if err := r.sessionDetails(s); err != nil {
		return nil, err
	}
	if err := r.sessionDiscounts(s); err != nil {
		return nil, err
	}
	if err := setTotals(r.Tx, s); err != nil {
		return nil, err
	}
	if err := payable(s); err != nil {
		return nil, err
	}
	if err := r.sessionExpiry(s); err != nil {
		return nil, err
	}
	if s.Str("ui_mode") == "hosted" {
		s["url"] = r.Tx.BaseURL() + "/_stripe/c/" + s.ID()
	} else {
		s["client_secret"] = s.ID() + "_secret_" + r.Tx.random(40)
	}
	return s, r.Tx.Insert(s)
}

func sessionDefaults() Object {
	return Object{
		"adaptive_pricing": nil, "status": "open", "payment_status": "unpaid", "ui_mode": "hosted",
		"payment_method_types": []string{"card"}, "custom_fields": []any{}, "shipping_options": []any{},
		"automatic_tax": Object{"enabled": false, "liability": nil, "status": nil},
		"custom_text": Object{
			"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil,
		},
		"collected_information":   Object{"shipping_details": nil},
		"payment_method_options":  Object{"card": Object{"request_three_d_secure": "automatic"}},
		"phone_number_collection": Object{"enabled": false}, "discounts": []any{},
	}
}

func sessionMode(p Params, s Object) error {
	mode := p.Str("mode")
	if mode == "" {
		return invalidf("mode", "Missing required param: mode.").withCode("parameter_missing")
	}
	s["mode"] = mode
	if p.Given("ui_mode") {
		s["ui_mode"] = p.Str("ui_mode")
	}
	if mode == "subscription" {
		s["payment_method_collection"] = "always"
	}
	if mode == "payment" {
		s["customer_creation"] = "if_required"
		s["invoice_creation"] = Object{"enabled": false, "invoice_data": Object{
			"account_tax_ids": nil, "custom_fields": nil, "description": nil, "footer": nil, "issuer": nil,
			"metadata": Object{}, "rendering_options": nil,
		}}
	}
	if p.Given("customer_creation") && mode != "payment" {
		return invalidf("customer_creation", "`customer_creation` can only be used in `payment` mode.")
	}
	return nil
}

// sessionCustomer checks who the session is for, and what it may change about them.
func (r *apiRequest) sessionCustomer(s Object) error {
	p := r.Params
	if p.Given("customer") && p.Given("customer_email") {
		return invalidf("customer_email", "You may only specify one of these parameters: customer, customer_email.")
	}
	if id := p.Str("customer"); id != "" {
		c, err := r.Tx.Ref("customer", id, "customer")
		if err != nil {
			return err
		}
		s["customer"] = id
		s["customer_creation"] = nil
		s["customer_details"] = customerDetails(c)
	}
	if email := p.Str("customer_email"); email != "" {
		if !strings.Contains(email, "@") {
			return invalidf("customer_email", "Invalid email address: %s", email).withCode("email_invalid")
		}
		s["customer_email"] = email
		s["customer_details"] = Object{
			"address": nil, "email": email, "name": nil, "phone": nil, "tax_exempt": "none", "tax_ids": nil,
		}
	}
	update := p.Sub("customer_update")
	if update != nil && !p.Given("customer") {
		return invalidf("customer_update", "`customer_update` can only be used with `customer`.")
	}
	s["_customer_update"] = update.Object()
	collection := p.Sub("tax_id_collection")
	if collection == nil {
		return nil
	}
	if collection["enabled"] == true && p.Given("customer") && update.Str("name") != "auto" {
		return invalidf("tax_id_collection", "Tax ID collection requires updating business name on the customer. To "+
			"enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.")
	}
	s["tax_id_collection"] = Object{
		"enabled": collection["enabled"], "required": orText(collection.Str("required"), "never"),
	}
	return nil
}

func customerDetails(c Object) Object {
	return Object{
		"address": c["address"], "email": c["email"], "name": c["name"], "phone": c["phone"],
		"tax_exempt": orText(c.Str("tax_exempt"), "none"), "tax_ids": nil,
	}
}

func (r *apiRequest) sessionURLs(s Object) error {
	p := r.Params
	if s.Str("ui_mode") == "embedded" {
		if p.Given("success_url") || p.Given("cancel_url") {
			return invalidf("success_url", "`success_url` and `cancel_url` can not be used with `ui_mode: embedded`. Use "+
				"`return_url` instead.")
		}
		s["redirect_on_completion"] = orText(p.Str("redirect_on_completion"), "always")
		if err := p.Require("return_url"); err != nil && s.Str("redirect_on_completion") == "always" {
			return err
		}
	} else if err := p.Require("success_url"); err != nil {
		return err
	}
	for _, key := range []string{"success_url", "cancel_url", "return_url"} {
		value := p.Str(key)
		if value == "" {
			continue
		}
		// The placeholder's braces are part of the text that Stripe replaces, not of a URL.
		u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(value))
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return invalidf(key, "Not a valid URL").withCode("url_invalid")
		}
		s[key] = value
	}
	return nil
}

// sessionExpiry fixes when the session ends by itself.
func (r *apiRequest) sessionExpiry(s Object) error {
	now := r.Tx.Now()
	at, sent, err := r.Params.Int("expires_at")
	if err != nil {
		return err
	}
	if !sent {
		at = now + sessionSeconds
	}
	if at < now+minSessionSeconds {
		return invalidf("expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "+
			"creation.")
	}
	if at > now+sessionSeconds {
		return invalidf("expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session "+
			"creation.")
	}
	s["expires_at"] = at
	return r.Tx.Schedule(at, "checkout_session.expire", s.ID())
}

func getCheckoutSession(r *apiRequest) (Object, error) { return r.Tx.Get("checkout.session", r.ID) }

func listCheckoutSessions(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer"), Subscription: r.Params.Str("subscription")}
	r.filters(&q, "status", "payment_intent")
	if email := r.Params.Sub("customer_details").Str("email"); email != "" {
		q.where("customer_details.email", email)
	}
	return r.list("checkout.session", q)
}

func listCheckoutLineItems(r *apiRequest) (Object, error) {
	s, err := r.Tx.Get("checkout.session", r.ID)
	if err != nil {
		return nil, err
	}
	return pageOf(r, s.List("line_items"))
}

func updateCheckoutSession(r *apiRequest) (Object, error) {
	return r.Tx.Update("checkout.session", r.ID, func(s Object) error {
		metadata, err := r.Params.Metadata(s.Obj("metadata"))
		s["metadata"] = metadata
		return err
	})
}

func expireCheckoutSession(r *apiRequest) (Object, error) {
	s, err := r.Tx.Get("checkout.session", r.ID)
	if err != nil {
		return nil, err
	}
	if s.Str("status") != "open" {
		return nil, invalidf("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout "+
			"Session has a status of `%s`.", s.Str("status"))
	}
	return endSession(r.Tx, r.ID)
}

// expireSession is the agenda's step at a session's expires_at.
func expireSession(tx *Tx, id string) error {
	s, err := tx.load(id)
	if err != nil || s.Str("status") != "open" {
		return err
	}
	_, err = endSession(tx, id)
	return err
}

func endSession(tx *Tx, id string) (Object, error) {
	s, err := tx.amend("checkout.session", id, func(s Object) error {
		s["status"] = "expired"
		s["url"] = nil
		return nil
	}, nil, "checkout.session.expired")
	if err != nil {
		return nil, err
	}
	if pi := s.Str("_intent"); strings.HasPrefix(pi, "pi_") {
		if _, err := cancelIntent(tx, pi, "abandoned"); err != nil {
			return nil, err
		}
	}
	return s, tx.Unschedule("checkout_session.expire", id)
}
