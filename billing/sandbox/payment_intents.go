package sandbox

func createPaymentIntent(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("amount", "currency"); err != nil {
		return nil, err
	}
	asked, err := r.newAmount()
	if err != nil {
		return nil, err
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
		amount: asked.Int("amount"), currency: asked.Str("currency"), customer: p.Str("customer"),
		description: p.Str("description"), receiptEmail: p.Str("receipt_email"),
		setupFutureUsage: p.Str("setup_future_usage"), metadata: metadata, more: intentFields(p),
	})
	if err != nil {
		return nil, err
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

// intentFields are the parameters of a payment intent that are stored as they were sent.
func intentFields(p Params) Object {
	more := Object{}
	p.Copy(more, "capture_method", "confirmation_method", "statement_descriptor", "statement_descriptor_suffix",
		"transfer_group")
	applyShipping(p, more, parcelKeys()...)
	if auto := p.Sub("automatic_payment_methods"); auto != nil {
		more["automatic_payment_methods"] = Object{
			"enabled": auto["enabled"], "allow_redirects": orText(auto.Str("allow_redirects"), "always"),
		}
	}
	return more
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
	case "succeeded":
		return nil, intentState(pi, "You cannot confirm this PaymentIntent because it has already succeeded after being "+
			"previously confirmed.")
	default:
		return nil, intentState(pi, "You cannot confirm this PaymentIntent because it has a status of %s. Only a "+
			"PaymentIntent with one of the following statuses may be confirmed: requires_payment_method, "+
			"requires_confirmation, requires_action.", pi.Str("status"))
	}
	if r.Params.Given("payment_method") {
		if pi, err = chooseMethod(r, pi); err != nil {
			return nil, err
		}
	}
	if method := r.Params.Str("capture_method"); method != "" || r.Params.Given("receipt_email") {
		if pi, err = r.Tx.Update("payment_intent", r.ID, func(pi Object) error {
			r.Params.Copy(pi, "capture_method", "receipt_email")
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return confirmRequest(r, pi)
}

// intentState is the refusal of what an intent's status does not allow.
func intentState(pi Object, format string, a ...any) *Error {
	e := invalidf("", format, a...).withCode("payment_intent_unexpected_state")
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
	opt, refuse, err := confirmOptions(r, pi)
	if err != nil {
		return nil, err
	}
	result, err := confirmAny(r.Tx, pi, opt)
	if err != nil {
		return nil, err
	}
	if result.state == outcomeAction && refuse && !pi.Has("invoice") {
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

// confirmOptions reads how a payment is to be confirmed. refuse says that a card challenge ends the attempt: the customer
// is not there, or the caller cannot show it.
func confirmOptions(r *apiRequest, pi Object) (opt payOptions, refuse bool, err error) {
	p := r.Params
	opt = payOptions{method: pi.Str("payment_method"), returnURL: p.Str("return_url")}
	switch p.Str("off_session") {
	case "true", "one_off", "recurring":
		opt.offSession = true
	}
	if opt.sdk, _, err = p.Bool("use_stripe_sdk"); err != nil {
		return opt, false, err
	}
	noAction, _, err := p.Bool("error_on_requires_action")
	if err != nil {
		return opt, false, err
	}
	if pi.Str("automatic_payment_methods.allow_redirects") == "always" && pi.Bool("automatic_payment_methods.enabled") &&
		opt.returnURL == "" && !opt.sdk && !opt.offSession && !noAction {
		return opt, false, invalidf("", "This PaymentIntent is configured to accept payment methods enabled in your "+
			"Dashboard. Because some of these payment methods might redirect your customer off of your page, you must "+
			"provide a `return_url`. If you don't want to accept redirect-based payment methods, set "+
			"`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` "+
			"when creating Setup Intents and Payment Intents.")
	}
	return opt, opt.offSession || noAction, nil
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
