package sandbox

// outcome is how an attempt to take money, or to save a card, ended.
type outcome struct {
	state string // outcomePaid, outcomeAction or outcomeFailed
	// err is the card error of a failed attempt, as the API answers it.
	err *Error
	// intent is the payment or setup intent as the attempt left it.
	intent Object
}

const (
	outcomePaid   = "paid"
	outcomeAction = "action"
	outcomeFailed = "failed"
)

// payOptions say how an intent is confirmed.
type payOptions struct {
	method        string // The payment method.
	offSession    bool   // The customer is not there to authenticate.
	authenticated bool   // The customer has just authenticated.
	returnURL     string // Where the card challenge sends the customer back to.
	sdk           bool   // The caller's own script follows the challenge, so that no redirect is wanted.
}

// newIntent is what a payment intent is made for.
type newIntent struct {
	amount                                   int64
	currency, customer, invoice, description string
	receiptEmail, setupFutureUsage           string
	metadata                                 Object
	more                                     Object // Fields that only the API sets, as they are stored.
}

func insertIntent(tx *Tx, in newIntent) (Object, error) {
	pi := tx.Skeleton("payment_intent")
	pi["amount"], pi["currency"] = in.amount, in.currency
	pi["amount_capturable"], pi["amount_received"] = int64(0), int64(0)
	pi["amount_details"] = Object{"tip": Object{}}
	pi["capture_method"], pi["confirmation_method"] = "automatic", "automatic"
	pi["client_secret"] = pi.ID() + "_secret_" + tx.random(25)
	pi["payment_method_types"] = []string{"card"}
	pi["payment_method_options"] = Object{"card": Object{
		"installments": nil, "mandate_options": nil, "network": nil, "request_three_d_secure": "automatic",
	}}
	pi["status"] = "requires_payment_method"
	pi["customer"] = textOrNil(in.customer)
	pi["invoice"] = textOrNil(in.invoice)
	pi["description"] = textOrNil(in.description)
	pi["receipt_email"] = textOrNil(in.receiptEmail)
	pi["setup_future_usage"] = textOrNil(in.setupFutureUsage)
	if in.metadata != nil {
		pi["metadata"] = in.metadata
	}
	for key, value := range in.more {
		pi[key] = value
	}
	return pi, tx.Insert(pi, "payment_intent.created")
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// confirmIntent tries to take the intent's money with a payment method. A refusal by the card is an outcome and not
// an error: what the attempt leaves behind is to be kept.
func confirmIntent(tx *Tx, id string, opt payOptions) (outcome, error) {
	pm, err := tx.Ref("payment_method", opt.method, "payment_method")
	if err != nil {
		return outcome{}, err
	}
	card := cardOf(pm)
	if !opt.authenticated {
		asks, err := asksNow(tx, pm, card, opt.offSession)
		if err != nil {
			return outcome{}, err
		}
		if asks {
			return requireAction(tx, id, pm.ID(), opt)
		}
	}
	reason := card.decline
	if reason == nil && opt.authenticated {
		reason = card.afterAuth
	}
	if reason != nil {
		return failIntent(tx, id, pm, card, *reason)
	}
	return succeedIntent(tx, id, pm, card, opt)
}

// asksNow reports whether a payment needs the holder's authentication. Only where it makes a difference does it look
// for what set the card up, since that search grows with all payments that ever were.
func asksNow(tx *Tx, pm Object, card TestCard, offSession bool) (bool, error) {
	fresh, known := card.asks(offSession, false), card.asks(offSession, true)
	if fresh == known {
		return fresh, nil
	}
	setUp, err := isSetUp(tx, pm)
	return card.asks(offSession, setUp), err
}

// isSetUp reports whether a card was authenticated for later use: by a setup intent, or by a payment that saved it.
func isSetUp(tx *Tx, pm Object) (bool, error) {
	for _, kind := range []string{"setup_intent", "payment_intent"} {
		found, err := tx.Find(kind, Query{
			Where: map[string]string{"payment_method": pm.ID(), "status": "succeeded"}, Limit: 1,
		})
		if err != nil {
			return false, err
		}
		if len(found) > 0 {
			return true, nil
		}
	}
	return false, nil
}

func requireAction(tx *Tx, id, method string, opt payOptions) (outcome, error) {
	pi, err := tx.Update("payment_intent", id, func(pi Object) error {
		pi["status"] = "requires_action"
		pi["payment_method"] = method
		pi["last_payment_error"] = nil
		pi["next_action"] = nextAction(tx, id, opt)
		pi["_return_url"] = textOrNil(opt.returnURL)
		return nil
	})
	if err != nil {
		return outcome{}, err
	}
	return outcome{state: outcomeAction, intent: pi}, tx.Emit("payment_intent.requires_action", pi, nil)
}

// nextAction points to the page of the card challenge: by a plain redirect where the caller named a return URL, and
// otherwise in the form that Stripe's own script follows.
func nextAction(tx *Tx, intent string, opt payOptions) Object {
	url := tx.BaseURL() + "/_stripe/3ds/" + intent
	if opt.returnURL != "" && !opt.sdk {
		return Object{"type": "redirect_to_url", "redirect_to_url": Object{"return_url": opt.returnURL, "url": url}}
	}
	return Object{"type": "use_stripe_sdk", "use_stripe_sdk": Object{
		"type": "three_d_secure_redirect", "stripe_js": url, "source": "src_" + tx.random(24),
	}}
}

func failIntent(tx *Tx, id string, pm Object, card TestCard, why decline) (outcome, error) {
	pi, err := tx.Get("payment_intent", id)
	if err != nil {
		return outcome{}, err
	}
	charge := newCharge(tx, pi, pm, card)
	cause, err := failCharge(tx, charge, card, why)
	if err != nil {
		return outcome{}, err
	}
	cause.PaymentMethod = pm
	pi, err = tx.Update("payment_intent", id, func(pi Object) error {
		pi["status"] = "requires_payment_method"
		pi["payment_method"] = nil
		pi["next_action"] = nil
		pi["latest_charge"] = charge.ID()
		pi["last_payment_error"] = errorObject(cause)
		return nil
	})
	if err != nil {
		return outcome{}, err
	}
	cause.PaymentIntent = pi
	return outcome{state: outcomeFailed, err: cause, intent: pi}, tx.Emit("payment_intent.payment_failed", pi, nil)
}

// failCharge stores a charge that the bank refused, and returns the refusal, which keeps it.
func failCharge(tx *Tx, charge Object, card TestCard, why decline) (*Error, error) {
	charge["status"], charge["paid"], charge["captured"] = "failed", false, false
	charge["failure_code"], charge["failure_message"] = why.code, why.message
	charge["outcome"] = failedOutcome(card, why)
	charge["amount_captured"], charge["receipt_url"] = int64(0), nil
	cause := why.err()
	cause.Charge, cause.Keep = charge.ID(), true
	return cause, tx.Insert(charge, "charge.failed")
}

// errorObject is a card error in the form in which intents remember it.
func errorObject(e *Error) Object {
	inner, _ := e.body("")["error"].(Object)
	return inner.Clone()
}

// failAuthentication ends an attempt whose card challenge the customer failed or could not be asked.
func failAuthentication(tx *Tx, id string, why decline) (outcome, error) {
	var cause *Error
	pi, err := tx.Update("payment_intent", id, func(pi Object) error {
		cause = why.err()
		if pm, err := tx.load(pi.Str("payment_method")); err == nil && pm != nil {
			cause.PaymentMethod = pm
		}
		pi["status"] = "requires_payment_method"
		pi["payment_method"] = nil
		pi["next_action"] = nil
		pi["last_payment_error"] = errorObject(cause)
		return nil
	})
	if err != nil {
		return outcome{}, err
	}
	cause.PaymentIntent = pi
	cause.Keep = true
	return outcome{state: outcomeFailed, err: cause, intent: pi}, tx.Emit("payment_intent.payment_failed", pi, nil)
}

func authenticationFailed() decline {
	return decline{"payment_intent_authentication_failure", "", "", "We are unable to authenticate your payment " +
		"method. Please choose a different payment method and try again."}
}

func authenticationRequired() decline {
	return decline{
		"authentication_required", "authentication_required", "",
		"Your card was declined. This transaction requires authentication.",
	}
}
