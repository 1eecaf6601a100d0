package sandbox

import "strings"

// completeThreeDS ends a card challenge, and takes up what waited for it: a checkout session, an invoice, a card that
// was being saved. It returns where the customer's browser goes next.
func completeThreeDS(tx *Tx, intentID string, ok bool) (redirectURL string, err error) {
	kind := "payment_intent"
	if strings.HasPrefix(intentID, "seti_") {
		kind = "setup_intent"
	}
	intent, err := tx.Get(kind, intentID)
	if err != nil {
		return "", err
	}
	if intent.Str("status") != "requires_action" {
		return challengeExit(tx, intent)
	}
	if !ok {
		if err := failChallenge(tx, intent); err != nil {
			return "", err
		}
		if id := intent.Str("_session"); id != "" {
			return backToSession(tx, id, authenticationFailed().message)
		}
		return challengeExit(tx, intent)
	}
	if id := intent.Str("_session"); id != "" {
		return resumeSession(tx, id)
	}
	opt := payOptions{method: intent.Str("payment_method"), authenticated: true}
	if kind == "setup_intent" {
		out, err := confirmSetup(tx, intentID, opt)
		if err != nil {
			return "", err
		}
		if out.state == outcomePaid && intent.Bool("_portal") {
			if err := setDefaultCard(tx, intent.Str("customer"), opt.method); err != nil {
				return "", err
			}
		}
		return challengeExit(tx, intent)
	}
	out, err := confirmAny(tx, intent, opt)
	if err != nil {
		return "", err
	}
	if err := saveMethod(tx, out); err != nil {
		return "", err
	}
	return challengeExit(tx, intent)
}

// failChallenge writes a failed authentication onto its intent, and onto the invoice behind it.
func failChallenge(tx *Tx, intent Object) error {
	if intent.Kind() == "setup_intent" {
		pm, err := tx.load(intent.Str("payment_method"))
		if err != nil {
			return err
		}
		_, err = failSetup(tx, intent.ID(), pm, setupAuthenticationFailed())
		return err
	}
	out, err := failAuthentication(tx, intent.ID(), authenticationFailed())
	if err != nil || !intent.Has("invoice") {
		return err
	}
	if err := attemptFailed(tx, intent.Str("invoice"), collection{}, out); err != nil || !intent.Bool("_portal") {
		return err
	}
	// The customer stands before the portal and can choose again: the switch that the bank refused waits no longer.
	inv, err := tx.load(intent.Str("invoice"))
	if err != nil {
		return err
	}
	return expirePending(tx, inv.Str("subscription"))
}

// resumeSession goes on with a checkout session whose customer has authenticated.
func resumeSession(tx *Tx, id string) (string, error) {
	s, err := openSession(tx, id)
	if err != nil {
		return "", err
	}
	result, err := proceed(tx, s, true)
	if err != nil {
		return "", err
	}
	if result.Decline != nil {
		return backToSession(tx, id, result.Decline.Message)
	}
	return orText(result.RedirectURL, result.ThreeDSURL), nil
}

// backToSession sends the customer back to the checkout page, which shows the message.
func backToSession(tx *Tx, id, message string) (string, error) {
	s, err := tx.Update("checkout.session", id, func(s Object) error {
		s["_message"] = message
		return nil
	})
	return s.Str("url"), err
}

// challengeExit is where a challenge leads to outside of Checkout: to the caller's return URL with the names that
// Stripe adds to it, to the invoice's page, or to nowhere in particular.
func challengeExit(tx *Tx, intent Object) (string, error) {
	if id := intent.Str("_session"); id != "" {
		s, err := tx.load(id)
		if err != nil {
			return "", err
		}
		if s.Str("status") == "complete" {
			return successURL(s), nil
		}
		return s.Str("url"), nil
	}
	if target := intent.Str("_return_url"); target != "" {
		if intent.Bool("_portal") {
			return target, nil
		}
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		return target + separator + intent.Kind() + "=" + intent.ID() + "&" + intent.Kind() + "_client_secret=" +
			intent.Str("client_secret") + "&redirect_status=" + intent.Str("status"), nil
	}
	if id := intent.Str("invoice"); id != "" {
		inv, err := tx.load(id)
		if err != nil {
			return "", err
		}
		return inv.Str("hosted_invoice_url"), nil
	}
	return tx.BaseURL() + "/_stripe/", nil
}
