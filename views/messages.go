package views

import "strings"

// Message gives the words for a fault's code, with {name} replaced by the parameter of that name.
// A code without words of its own reads as the fault that nobody foresaw.
func Message(code string, params map[string]string) string {
	words, ok := messages()[code]
	if !ok {
		words, ok = billingMessages()[code]
	}
	if !ok {
		words, ok = teamMessages()[code]
	}
	if !ok {
		words = messages()["internal"]
	}
	for name, value := range params {
		words = strings.ReplaceAll(words, "{"+name+"}", value)
	}
	return words
}

// messages is the catalogue. Each says what happened and then what to do, in the second person,
// without blame.
func messages() map[string]string {
	return map[string]string{
		// The request itself.
		"bad_request":        "We could not read that request. Go back, reload the page and try again.",
		"invalid_form":       "Some of this needs another look.",
		"csrf_failed":        "This form was open for too long, or came from another site. Please send it again.",
		"session_expired":    "You have been signed out. Sign in again to carry on where you were.",
		"not_found":          "There is nothing at this address. It may have moved, or the link may be incomplete.",
		"forbidden":          "Your account may not do this.",
		"unauthorized":       "Please sign in first.",
		"method_not_allowed": "This address does not answer that kind of request.",
		"too_large":          "That was larger than we accept.",
		"rate_limited":       "That was tried too often. Please wait {retry_after} and try again.",
		"page_out_of_range":  "The list has no such page.",

		// What we depend on, and ourselves.
		"unavailable":            "Part of the service is not answering. Please try again in a minute.",
		"internal":               "Something went wrong on our side. It has been recorded, and trying again may help.",
		"stripe_unavailable":     "The payment service is not answering. Nothing was charged; please try again in a minute.",
		"webhook_signature":      "The signature does not match the body.",
		"webhook_secret_missing": "No webhook secret is configured.",

		// Names, addresses and passwords.
		"email_invalid":      "Enter an e-mail address, such as name@example.com.",
		"email_taken":        "There is already an account with this address. Sign in instead?",
		"name_required":      "Enter your name.",
		"name_too_long":      "That name is too long: 100 characters at most.",
		"name_invalid":       "A name cannot contain line breaks, links or control characters.",
		"password_required":  "Enter your password.",
		"password_too_short": "Use at least {min} characters. A few unrelated words make a good password.",
		"password_too_long":  "That is longer than {max} characters.",
		"password_common":    "This password is on the lists that attackers try first. Choose another.",
		"password_wrong":     "That is not your current password.",
		"credentials_wrong":  "Address and password do not match.",
		"token_invalid":      "This link has been used already or is too old. Ask for a new one.",
		"code_wrong":         "That code is not right, or has been used already. Wait for the next one and try again.",
		"codes_limited":      "Too many wrong codes. Try again in {minutes} minutes, or use a recovery code now.",
		"sign_in_over":       "That took longer than ten minutes, or was finished elsewhere. Please sign in again.",
		"proof_wrong":        "That did not match, so nothing has been done yet. Please try again.",
		"locale_unknown":     "Choose one of the formats in the list.",
		"zone_unknown":       "Choose one of the time zones in the list.",

		"verify_first":        "Confirm your e-mail address first, so that you cannot be locked out.",
		"second_factor_on":    "Two-step sign-in is on already. Turn it off before you set up another app.",
		"second_factor_stale": "This was changed in another window. Look at the page again.",

		// Plans and payments.
		"price_unknown":        "This price is not for sale any more. Please choose from the current ones.",
		"plan_required":        "{feature} is part of the {plan} plan.",
		"limit_reached":        "Your plan holds {max} {limit}. The {plan} plan holds more.",
		"limit_reached_top":    "Your plan holds {max} {limit}, and it is the largest there is.",
		"access_limited":       "A payment is overdue, so nothing new can be added. What you have stays readable.",
		"checkout_in_progress": "A payment page is already open for this account. Finish it, or wait a moment and try again.",
		"customer_pending":     "Your billing account is still being set up. Please try again in a minute.",
		"currency_mismatch":    "Your account is billed in another currency, so this price cannot be used.",
		"sweep_not_stopped":    "Only the last comparison can be applied, and only while it is stopped. Look at it again.",
		"event_not_replayable": "This event names no customer of ours, so there is nothing to work off.",

		// Notices after something succeeded.
		"purchased":      "Your plan is active. Thank you!",
		"trial_started":  "Your trial has begun. Everything in the plan is ready to use.",
		"synced":         "Read from Stripe just now.",
		"replayed_many":  "The events are being looked at again.",
		"replayed":       "The event is being looked at again.",
		"alert_resolved": "The alert is resolved. If it is still true, it opens again.",
		"reconciled":     "Compared with Stripe just now. What differed is being mended.",
		"run_applied":    "The comparison is being applied.",

		"profile_saved":     "Your profile is saved.",
		"preferences_saved": "Your formats are saved.",
		"password_saved":    "Your password is changed, and every other browser is signed out.",
		"password_reset":    "Your new password is saved. Sign in with it.",
		"link_first":        "You are signed in, and your address is confirmed. A password chosen before that no longer works; Settings has a button to choose a new one.",
		"two_step_off":      "Two-step sign-in is off.",
		"session_ended":     "That browser is signed out.",
		"sessions_ended":    "Every other browser is signed out.",
		"api_key_revoked":   "The key no longer works.",
		"verification_sent": "A new link is on its way to your mailbox.",
		"already_verified":  "Your address is confirmed already.",

		// The demonstration product.
		"project_name_required": "Give the project a name.",
		"project_name_too_long": "That name is too long: 80 characters at most.",
		"project_read_only":     "This project is more than your plan holds, so it cannot be changed. Delete another one, or choose a larger plan.",
		"project_name_taken":    "You already have a project with this name.",
		"api_key_name_required": "Say what the key is for, so that you recognise it later.",
		"api_key_name_too_long": "That name is too long: 60 characters at most.",
		"api_key_name_invalid":  "A name cannot contain line breaks or control characters.",
		"api_keys_full":         "That is as many keys as an account may have. Revoke one first.",
	}
}

// title is the heading of the error page for a status.
func title(status int) string {
	switch status {
	case 400, 422:
		return "That did not come through"
	case 401:
		return "Please sign in"
	case 402:
		return "Not part of your plan"
	case 403:
		return "Not allowed"
	case 404:
		return "Nothing here"
	case 405:
		return "Wrong way"
	case 409:
		return "Not right now"
	case 413:
		return "Too large"
	case 429:
		return "A little slower, please"
	case 502, 503, 504:
		return "Back in a moment"
	}
	return "Something went wrong"
}
