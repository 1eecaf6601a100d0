package views

// billingMessages are the words about changing and ending a plan.
func billingMessages() map[string]string {
	return map[string]string{
		"subscription_missing": "You have no plan that could be changed. Choose one on the pricing page.",
		"already_subscribed":   "You already have a subscription. Switch it from the billing page.",
		"change_unpaid":        "A payment for your plan is due. Settle it first; then you can change the plan.",
		"change_ending":        "Your plan has been cancelled and is to end. Keep it first; then you can change it.",
		"change_expired":       "The amounts were those of the time it was made. Nothing has changed; look at it as of now and confirm.",
		"change_waiting":       "Another switch waits for your bank. Confirm its payment or take it back on the billing page; then you can choose again.",
		"change_often":         "That is many changes in a short time. Nothing was done or charged; try again in an hour.",
		"currency_mismatch":    "You pay in another currency, and a plan cannot change its currency. Nothing was charged. Choose a price in the currency of your invoices, or write to us.",
		"change_outdated":      "Your plan has changed since you saw this, so nothing was done or charged. Look at it as of now and confirm.",
		"change_pending":       "Stripe has not answered yet. What you asked for is written down and is done once, as soon as it does. You need not ask again.",
		"change_given_up":      "Stripe did not answer for a long time, and we stopped asking. Look at your plan and invoices before you try again.",
		"stripe_refused":       "The payment service could not take that request. Nothing was charged. Try again, or write to us if it happens again.",
		"growth_held":          "Your bank is asking about one of your payments. Until that is settled everything you have stays, but nothing can be added.",
		"card_missing":         "There is no card to charge. Add one first; then you can start the plan.",
		"trial_over":           "The trial has become a paid plan meanwhile, so it goes on.",
		"refund_outdated":      "What is left to refund is not what the page said. Nothing was done; look at the amount as it is now.",
		"reason_unknown":       "Choose one of the reasons in the list, or none.",
		"comment_too_long":     "That is longer than 500 characters. Please shorten it a little.",
		"confirm_required":     "Tick the box to confirm.",

		// Notices after something succeeded.
		"plan_changed":   "Your plan is changed.",
		"plan_planned":   "The switch is planned. Until then everything stays as it is.",
		"plan_kept":      "Your plan stays as it is.",
		"plan_same":      "That is your plan already, so there is nothing to change.",
		"plan_cancelled": "Your plan is cancelled. You keep everything until it ends.",
		"restarted":      "Your plan has started again.",
		"resumed":        "Your plan goes on, and nothing will end.",
		"admin_ended":    "The plan has ended. Nothing was refunded.",
		"admin_refunded": "The payment is refunded, and the plan has ended.",
		"admin_paused":   "Billing is paused. No invoices are made.",
		"admin_went_on":  "Billing goes on.",
	}
}

// DeclineWords says why a card was declined, in a sentence that names what to do. Where the bank gives no reason, or
// one that is not for the holder's ears, it is the bank that knows more:
// https://docs.stripe.com/declines/codes
func DeclineWords(code string) string {
	switch code {
	case "insufficient_funds":
		return "There is not enough money on the card. Use another one, or try again when there is."
	case "expired_card":
		return "The card has expired. Use another one."
	case "incorrect_cvc", "invalid_cvc", "incorrect_number", "invalid_number", "invalid_account",
		"invalid_expiry_month", "invalid_expiry_year", "incorrect_zip", "incorrect_address":
		return "Something in the card’s details is not right. Enter it again, or use another one."
	case "card_velocity_exceeded", "withdrawal_count_limit_exceeded", "amount_too_large":
		return "The payment is beyond the card’s limit. Use another one, or ask your bank."
	case "card_not_supported", "currency_not_supported", "transaction_not_allowed", "service_not_allowed":
		return "The card cannot be used for this kind of payment. Use another one."
	case "authentication_required", "authentication_not_handled", "payment_intent_authentication_failure":
		return "Your bank wanted a confirmation that did not come. Try again, or use another card."
	case "processing_error", "issuer_not_available", "reenter_transaction", "try_again_later", "approve_with_id":
		return "The bank could not be reached. Try again in a minute."
	case "payment_method_missing", "resource_missing", "invoice_payment_intent_requires_payment_method":
		return "There is no card to charge. Add one and try again."
	}
	return "The bank declined the card and does not say why. Use another one, or ask your bank."
}
