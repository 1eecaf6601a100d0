package billing

// eventRow is one event that we ask Stripe to send. Customer says which customer it makes dirty.
type eventRow struct {
	Type     string
	Why      string
	Customer func(Event) string
}

// events is the whole of what the endpoint subscribes to: `tollgate webhook create` sends this list,
// `tollgate doctor` compares it, and an event of any other type is kept as ignored.
//
// A row does not say what to do with the payload, because nothing is: the customer is fetched anew.
func events() []eventRow {
	return []eventRow{
		{"checkout.session.completed", "somebody paid or began a trial: our open checkout is over", customerNamed},
		{"checkout.session.expired", "our open checkout is over without a purchase", customerNamed},
		{"checkout.session.async_payment_succeeded", "a delayed payment arrived: the first invoice is paid", customerNamed},
		{"checkout.session.async_payment_failed", "a delayed payment failed: nothing was paid for", customerNamed},

		{"customer.updated", "the default card, address or currency changed", customerItself},
		{"customer.deleted", "Stripe ended everything of this customer at once", customerItself},

		{"customer.discount.created", "the customer, and with it their plan, costs less", customerNamed},
		{"customer.discount.updated", "another coupon counts for the customer", customerNamed},
		{"customer.discount.deleted", "the customer pays the full price again", customerNamed},

		{"customer.subscription.created", "a plan begins", customerNamed},
		{"customer.subscription.updated", "status, plan, period or cancellation changed", customerNamed},
		{"customer.subscription.deleted", "a plan has ended", customerNamed},
		{"customer.subscription.trial_will_end", "the trial ends in three days: say so", customerNamed},
		{"customer.subscription.paused", "a trial ended without a card", customerNamed},
		{"customer.subscription.resumed", "a paused plan goes on", customerNamed},
		{"customer.subscription.pending_update_applied", "a change that waited for its payment took effect", customerNamed},
		{"customer.subscription.pending_update_expired", "a change that waited for its payment is off", customerNamed},
		{"subscription_schedule.created", "a change to come was agreed", customerNamed},
		{"subscription_schedule.updated", "a change to come was altered, or has begun", customerNamed},
		{"subscription_schedule.completed", "a schedule has run its course", customerNamed},
		{"subscription_schedule.released", "a change to come was taken back", customerNamed},
		{"subscription_schedule.canceled", "a schedule ended with its subscription", customerNamed},
		{"subscription_schedule.aborted", "a schedule was given up with an unpaid subscription", customerNamed},

		{"invoice.created", "a new period is being billed", customerNamed},
		{"invoice.finalized", "an invoice got its number and its page", customerNamed},
		{"invoice.paid", "a period is paid for", customerNamed},
		{"invoice.payment_succeeded", "money moved", customerNamed},
		{"invoice.payment_failed", "a payment failed: grace begins", customerNamed},
		{"invoice.payment_action_required", "the bank wants the customer to confirm", customerNamed},
		{"invoice.voided", "an invoice is no longer owed", customerNamed},
		{"invoice.marked_uncollectible", "an invoice is given up on", customerNamed},
		{"invoice.finalization_failed", "an invoice cannot be billed, often for want of an address: say so", customerNamed},
		{"invoice.upcoming", "a renewal is near: an annual one is announced", customerNamed},

		{"charge.refunded", "money went back", customerNamed},
		{"refund.created", "a refund began", chargeNamed},
		{"refund.updated", "a refund went through", chargeNamed},
		{"refund.failed", "a refund came back: the money is still ours to give", chargeNamed},
		{"charge.dispute.created", "a bank takes a payment back: there is a date to answer by", chargeNamed},
		{"charge.dispute.updated", "evidence was added to a dispute", chargeNamed},
		{"charge.dispute.closed", "a dispute is won or lost", chargeNamed},
		{"charge.dispute.funds_withdrawn", "a disputed amount was taken", chargeNamed},
		{"charge.dispute.funds_reinstated", "a disputed amount came back", chargeNamed},

		{"payment_intent.succeeded", "a payment went through", customerNamed},
		{"payment_intent.payment_failed", "a payment was declined", customerNamed},

		{"payment_method.attached", "a card was added", customerNamed},
		{"payment_method.updated", "a card was renewed by its bank", customerNamed},
		{"payment_method.detached", "a card was removed", customerNamed},
	}
}

// EventTypes is the list to subscribe an endpoint to.
func EventTypes() []string {
	rows := events()
	types := make([]string, len(rows))
	for i, row := range rows {
		types[i] = row.Type
	}
	return types
}

// eventFor finds the row of a type.
func eventFor(eventType string) (eventRow, bool) {
	for _, row := range events() {
		if row.Type == eventType {
			return row, true
		}
	}
	return eventRow{}, false
}
