package sandbox

import "strings"

// CheckoutConfirm is what the checkout page sends when its button is pressed.
type CheckoutConfirm struct {
	Email, Name string
	Card        CardInput
	// The billing address; only the country and the postal code are ever required.
	Country, PostalCode, Line1, Line2, City, State string
	TaxIDType, TaxID                               string
	// PaymentMethod is used instead of the card when it is given: a saved one, or a magic id.
	PaymentMethod string
}

// CheckoutResult is where the customer goes from the checkout page: on to the success URL, to a card challenge, or
// back to the page with the reason for which the card was declined. A decline keeps the session open, and what the
// attempt left behind is to be committed.
type CheckoutResult struct {
	RedirectURL string
	ThreeDSURL  string
	Decline     *Error
}

// confirmCheckout is what both the page and /v1/payment_pages/:cs/confirm do. Pressing the button twice does it once.
func confirmCheckout(tx *Tx, sessionID string, in CheckoutConfirm) (CheckoutResult, error) {
	s, err := tx.Get("checkout.session", sessionID)
	if err != nil {
		return CheckoutResult{}, err
	}
	if s.Str("status") == "complete" {
		return CheckoutResult{RedirectURL: successURL(s)}, nil
	}
	if s, err = openSession(tx, sessionID); err != nil {
		return CheckoutResult{}, err
	}
	if err := recheckDiscounts(tx, s); err != nil {
		return CheckoutResult{}, err
	}
	if in.Email == "" {
		in.Email = s.Str("customer_details.email")
	}
	if in.Email == "" && !s.Has("customer") {
		return CheckoutResult{}, invalidf("email", "Missing required param: email.").withCode("parameter_missing")
	}
	method, err := confirmMethod(tx, s, in)
	if err != nil {
		return CheckoutResult{}, err
	}
	s, err = tx.Update("checkout.session", sessionID, func(s Object) error {
		s["_confirm"] = confirmNotes(in, method)
		delete(s, "_message")
		if err := setTotals(tx, s); err != nil {
			return err
		}
		if s.Str("automatic_tax.status") == "requires_location_inputs" {
			return unknownPlace("")
		}
		return nil
	})
	if err != nil {
		return CheckoutResult{}, err
	}
	return proceed(tx, s, false)
}

// recheckDiscounts refuses a code that has run out since it was entered.
func recheckDiscounts(tx *Tx, s Object) error {
	customer, err := tx.load(s.Str("customer"))
	if err != nil {
		return err
	}
	on, err := sessionPurchase(tx, s)
	if err != nil {
		return err
	}
	for _, d := range s.List("discounts") {
		src, err := readSource(tx, customer, Params{
			"coupon": d.Str("coupon"), "promotion_code": d.Str("promotion_code"),
		})
		if err != nil {
			return err
		}
		if err := src.suits(on); err != nil {
			return err
		}
	}
	return nil
}

// confirmMethod makes the payment method of the typed card, unless the session needs none.
func confirmMethod(tx *Tx, s Object, in CheckoutConfirm) (string, error) {
	if in.PaymentMethod != "" {
		pm, err := paymentMethod(tx, in.PaymentMethod, "payment_method")
		if err != nil {
			return "", err
		}
		return pm.ID(), nil
	}
	if !needsCard(s) && in.Card.Number == "" {
		return "", nil
	}
	card, month, year, err := readCard(tx, in.Card)
	if err != nil {
		return "", err
	}
	pm := newCard(tx, card, month, year, Object{
		"email": textOrNil(in.Email), "name": textOrNil(orText(in.Name, in.Card.Name)), "address": billingAddress(in),
	})
	return pm.ID(), tx.Insert(pm)
}

func billingAddress(in CheckoutConfirm) Object {
	return Object{
		"city": textOrNil(in.City), "country": textOrNil(orText(in.Country, in.Card.Country)),
		"line1": textOrNil(in.Line1), "line2": textOrNil(in.Line2),
		"postal_code": textOrNil(orText(in.PostalCode, in.Card.PostalCode)), "state": textOrNil(in.State),
	}
}

// needsCard reports whether the page must ask for a card.
func needsCard(s Object) bool {
	return s.Int("amount_total") > 0 || s.Str("mode") == "setup" ||
		(s.Str("mode") == "subscription" && s.Str("payment_method_collection") != "if_required")
}

// confirmNotes keep what was typed, without the card, for when the customer comes back from a card challenge.
func confirmNotes(in CheckoutConfirm, method string) Object {
	return Object{
		"email": in.Email, "name": orText(in.Name, in.Card.Name), "address": billingAddress(in),
		"tax_id_type": in.TaxIDType, "tax_id": in.TaxID, "method": method,
	}
}

// proceed takes a session as far as its card lets it.
func proceed(tx *Tx, s Object, authenticated bool) (CheckoutResult, error) {
	opt := payOptions{method: s.Str("_confirm.method"), authenticated: authenticated}
	if opt.method != "" {
		stopped, result, err := tryCard(tx, s, opt)
		if err != nil || stopped {
			return result, err
		}
	}
	return completeSession(tx, s.ID(), opt)
}

// tryCard finds out whether the card will do. If it will not, or asks for authentication first, the attempt is
// written down on an intent of the session's, and nothing else has happened yet.
func tryCard(tx *Tx, s Object, opt payOptions) (bool, CheckoutResult, error) {
	pm, err := tx.Ref("payment_method", opt.method, "payment_method")
	if err != nil {
		return true, CheckoutResult{}, err
	}
	card := cardOf(pm)
	asks, err := asksNow(tx, pm, card, false)
	if err != nil {
		return true, CheckoutResult{}, err
	}
	pays := s.Int("amount_total") > 0
	asks = asks && !opt.authenticated
	if !pays {
		asks = !opt.authenticated && card.auth != authNever && card.auth != authOnSession
	}
	refuses := card.decline != nil && (pays || !card.attaches)
	if pays && opt.authenticated && card.afterAuth != nil {
		refuses = true
	}
	if !asks && !refuses {
		return false, CheckoutResult{}, nil
	}
	intent, err := sessionIntent(tx, s, pays)
	if err != nil {
		return true, CheckoutResult{}, err
	}
	var out outcome
	if pays {
		out, err = confirmIntent(tx, intent.ID(), opt)
	} else {
		out, err = confirmSetup(tx, intent.ID(), opt)
	}
	if err != nil {
		return true, CheckoutResult{}, err
	}
	if out.state == outcomeAction {
		return true, CheckoutResult{ThreeDSURL: tx.BaseURL() + "/_stripe/3ds/" + intent.ID()}, nil
	}
	return true, CheckoutResult{Decline: out.err}, nil
}

// sessionIntent is the intent of a session's attempts: the one it has, at the amount it costs now, or a new one.
func sessionIntent(tx *Tx, s Object, pays bool) (Object, error) {
	id := s.Str("_intent")
	kind := map[bool]string{true: "payment_intent", false: "setup_intent"}[pays]
	if id != "" && strings.HasPrefix(id, "pi_") == pays {
		return tx.Update(kind, id, func(o Object) error {
			if pays {
				o["amount"] = s["amount_total"]
			}
			return nil
		})
	}
	var intent Object
	var err error
	if pays {
		data := s.Obj("_payment_data")
		usage := data.Str("setup_future_usage")
		if s.Str("mode") == "subscription" {
			usage = "off_session"
		}
		intent, err = insertIntent(tx, newIntent{
			amount: s.Int("amount_total"), currency: s.Str("currency"), customer: s.Str("customer"),
			description: data.Str("description"), setupFutureUsage: usage, metadata: data.Obj("metadata"),
			receiptEmail: data.Str("receipt_email"),
		})
	} else {
		intent, err = insertSetupIntent(tx, s.Str("customer"), s.Obj("_setup_data.metadata"), nil)
	}
	if err != nil {
		return nil, err
	}
	if _, err := tx.Update(kind, intent.ID(), func(o Object) error {
		o["_session"] = s.ID()
		return nil
	}); err != nil {
		return nil, err
	}
	_, err = tx.Update("checkout.session", s.ID(), func(s Object) error {
		s["_intent"] = intent.ID()
		return nil
	})
	return intent, err
}

func successURL(s Object) string {
	target := s.Str("success_url")
	if target == "" {
		target = s.Str("return_url")
	}
	return strings.ReplaceAll(target, "{CHECKOUT_SESSION_ID}", s.ID())
}

// confirmPaymentPage is the private endpoint by which the official command line completes a session.
func confirmPaymentPage(r *apiRequest) (Object, error) {
	s, err := r.Tx.Get("checkout.session", r.ID)
	if err != nil {
		return nil, err
	}
	amount, sent, err := r.Params.Int("expected_amount")
	if err != nil {
		return nil, err
	}
	if sent && amount != s.Int("amount_total") {
		return nil, invalidf("expected_amount", "The amount of this Checkout Session has changed. Please refresh and "+
			"try again.").withCode("checkout_amount_mismatch")
	}
	in := CheckoutConfirm{PaymentMethod: r.Params.Str("payment_method"), Email: r.Params.Str("email")}
	if in.PaymentMethod != "" && in.Email == "" {
		pm, err := paymentMethod(r.Tx, in.PaymentMethod, "payment_method")
		if err != nil {
			return nil, err
		}
		in.PaymentMethod = pm.ID()
		in.Email = orText(pm.Str("billing_details.email"), s.Str("customer_details.email"))
	}
	if in.Email == "" && !s.Has("customer") {
		in.Email = "customer@example.com"
	}
	result, err := confirmCheckout(r.Tx, r.ID, in)
	if err != nil {
		return nil, err
	}
	if result.Decline != nil {
		return nil, result.Decline
	}
	return r.Tx.Get("checkout.session", r.ID)
}
