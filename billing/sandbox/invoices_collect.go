package sandbox

import "net/http"

// payerOf finds the payment method that an invoice is charged to: its own, its subscription's, or its customer's
// default. It returns "" when there is none.
func payerOf(tx *Tx, inv Object) (string, error) {
	if pm := inv.Str("default_payment_method"); pm != "" {
		return pm, nil
	}
	if id := inv.Str("subscription"); id != "" {
		sub, err := tx.stored(id)
		if err != nil {
			return "", err
		}
		if pm := sub.Str("default_payment_method"); pm != "" {
			return pm, nil
		}
	}
	return customerCard(tx, inv.Str("customer"))
}

func customerCard(tx *Tx, customer string) (string, error) {
	c, err := tx.stored(customer)
	if err != nil {
		return "", err
	}
	return c.Str("invoice_settings.default_payment_method"), nil
}

// noPayer is Stripe's refusal to charge a customer who has no card.
func noPayer() *Error {
	return &Error{
		Status: http.StatusBadRequest, Type: typeInvalid, Code: "resource_missing",
		Message: "This customer has no attached payment source or default payment method. Please consider adding a " +
			"default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/" +
			"payment-methods-setting#payment-method-priority.",
	}
}

// collection says how an invoice is collected.
type collection struct {
	payOptions
	// automatic is set for the schedule's own attempts; only these and the very first are counted.
	automatic bool
	// quiet leaves the subscription alone on failure: its creator decides what becomes of it.
	quiet bool
}

// collectInvoice tries to have an open invoice paid. The outcome of a failed or interrupted attempt is on the invoice
// and on its subscription when it returns.
func collectInvoice(tx *Tx, id string, opt collection) (outcome, error) {
	inv, err := tx.Get("invoice", id)
	if err != nil {
		return outcome{}, err
	}
	if opt.method == "" {
		if opt.method, err = payerOf(tx, inv); err != nil {
			return outcome{}, err
		}
	}
	if opt.method == "" {
		return withoutPayer(tx, inv, opt)
	}
	result, err := payOrSkip(tx, inv, opt)
	if err != nil {
		return outcome{}, err
	}
	if result.state == outcomePaid {
		_, err := settleInvoice(tx, id, result.intent.Str("latest_charge"), false)
		return result, err
	}
	return result, attemptFailed(tx, id, opt, result)
}

// payOrSkip confirms the invoice's intent. After a hard decline the card network would refuse without looking, so
// the schedule's retries of the same card tick without reaching it.
func payOrSkip(tx *Tx, inv Object, opt collection) (outcome, error) {
	pi, err := tx.Ref("payment_intent", inv.Str("payment_intent"), "payment_intent")
	if err != nil {
		return outcome{}, err
	}
	last := pi.Obj("last_payment_error")
	if opt.automatic && last != nil && hardDecline(last.Str("decline_code")) &&
		last.Str("payment_method.id") == opt.method {
		why := decline{last.Str("code"), last.Str("decline_code"), last.Str("param"), last.Str("message")}
		cause := why.err()
		cause.PaymentIntent = pi
		return outcome{state: outcomeFailed, err: cause, intent: pi}, nil
	}
	return confirmIntent(tx, pi.ID(), opt.payOptions)
}

func hardDecline(code string) bool {
	switch code {
	case "incorrect_number", "lost_card", "pickup_card", "stolen_card", "revocation_of_authorization",
		"revocation_of_all_authorizations", "authentication_required", "highest_risk_level",
		"transaction_not_allowed":
		return true
	default:
		return false
	}
}

// withoutPayer is an attempt that has nothing to charge.
func withoutPayer(tx *Tx, inv Object, opt collection) (outcome, error) {
	pi, err := tx.load(inv.Str("payment_intent"))
	if err != nil {
		return outcome{}, err
	}
	result := outcome{state: outcomeFailed, err: noPayer(), intent: pi}
	return result, attemptFailed(tx, inv.ID(), opt, result)
}

// attemptFailed writes a failed attempt down, plans the next one, and moves the subscription.
func attemptFailed(tx *Tx, id string, opt collection, result outcome) error {
	policy, err := tx.dunning()
	if err != nil {
		return err
	}
	facts := []string{"invoice.payment_failed"}
	if result.state == outcomeAction {
		facts = []string{"invoice.payment_action_required", "invoice.payment_failed"}
	}
	inv, err := tx.amend("invoice", id, func(inv Object) error {
		inv["attempted"] = true
		if opt.automatic || inv.Int("attempt_count") == 0 {
			inv["attempt_count"] = inv.Int("attempt_count") + 1
		}
		if result.intent != nil && result.intent.Has("latest_charge") {
			inv["charge"] = result.intent["latest_charge"]
		}
		if !inv.Has("_first_failure") {
			inv["_first_failure"] = tx.Now()
		}
		inv["next_payment_attempt"] = nil
		if at := policy.next(inv); at > 0 && dunned(inv) {
			inv["next_payment_attempt"] = at
		}
		return nil
	}, []string{"invoice.updated"}, facts...)
	if err != nil {
		return err
	}
	if at := inv.Int("next_payment_attempt"); at > 0 {
		if err := tx.Schedule(at, "invoice.retry", id); err != nil {
			return err
		}
	}
	if err := markDelinquent(tx, inv, true); err != nil || opt.quiet {
		return err
	}
	return invoiceFailed(tx, inv, policy)
}

// markDelinquent notes on the customer whether their latest payment failed. Like Stripe it makes no event of it.
func markDelinquent(tx *Tx, inv Object, delinquent bool) error {
	_, err := tx.Update("customer", inv.Str("customer"), func(c Object) error {
		c["delinquent"] = delinquent
		return nil
	})
	return err
}

// dunned reports whether failures of an invoice are retried by the schedule. A subscription's first invoice is not:
// it waits for its customer, who is there, until the subscription expires. The one of a subscription that began by a
// schedule is, if there was a card to charge.
func dunned(inv Object) bool {
	if inv.Str("billing_reason") == "subscription_create" && !(inv.Bool("_scheduled") && inv.Has("charge")) {
		return false
	}
	return inv.Bool("auto_advance")
}

// payInvoice pays an open invoice for a customer who is there, with a payment method of theirs or the default one. It
// is what the hosted invoice page does.
func payInvoice(tx *Tx, invoiceID, paymentMethodID string) (Object, error) {
	return payInvoiceWith(tx, invoiceID, payOptions{method: paymentMethodID})
}

func payInvoiceWith(tx *Tx, invoiceID string, opt payOptions) (Object, error) {
	inv, err := tx.Get("invoice", invoiceID)
	if err != nil {
		return nil, err
	}
	switch inv.Str("status") {
	case "paid":
		return nil, invalidf("", "Invoice is already paid")
	case "draft":
		if inv, err = finalizeInvoice(tx, invoiceID, ""); err != nil || inv.Str("status") == "paid" {
			return inv, err
		}
	case "void":
		return nil, invalidf("", "You can only pass in open invoices. This invoice isn't open.")
	}
	if opt.method == "" {
		if opt.method, err = payerOf(tx, inv); err != nil {
			return nil, err
		}
		if opt.method == "" {
			return nil, noPayer()
		}
	}
	result, err := collectInvoice(tx, invoiceID, collection{payOptions: opt})
	if err != nil {
		return nil, err
	}
	switch result.state {
	case outcomeFailed:
		return nil, result.err
	case outcomeAction:
		return nil, actionRequired(result)
	}
	return tx.Get("invoice", invoiceID)
}

// actionRequired is the refusal of a payment that waits for its customer's authentication. What led there is kept.
func actionRequired(result outcome) *Error {
	e := cardError("invoice_payment_intent_requires_action", "", "", "This payment requires additional user action "+
		"before it can be completed successfully. Payment can be completed using the PaymentIntent associated with "+
		"the invoice.")
	e.PaymentIntent, e.Keep = result.intent, true
	return e
}

// finalizeDue is the agenda's step one hour after a renewal: the draft is finalised and collected.
func finalizeDue(tx *Tx, id string) error {
	inv, err := tx.load(id)
	if err != nil || inv.Str("status") != "draft" || !inv.Bool("auto_advance") {
		return err
	}
	if wait, err := held(tx, inv); err != nil || wait {
		return err
	}
	behavior := ""
	if sub, err := tx.load(inv.Str("subscription")); err == nil && sub != nil {
		behavior = sub.Str("pause_collection.behavior")
	}
	switch behavior {
	case "keep_as_draft":
		return nil
	case "void":
		_, err = voidInvoice(tx, id)
		return err
	}
	if inv, err = finalizeInvoice(tx, id, ""); err != nil {
		return err
	}
	if behavior == "mark_uncollectible" && inv.Str("status") == "open" {
		_, err = closeInvoice(tx, id, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")
		return err
	}
	if inv.Str("status") != "open" {
		return nil
	}
	if inv.Str("collection_method") == "send_invoice" {
		return tx.Emit("invoice.sent", inv, nil)
	}
	_, err = collectInvoice(tx, id, collection{payOptions: payOptions{offSession: true}, automatic: true})
	return err
}
