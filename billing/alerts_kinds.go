package billing

// AlertKind is one kind of alert, in words for whoever runs the program: what it means, and what to do.
type AlertKind struct {
	Kind, Title, Means, Do string
}

// The kinds of alert.
const (
	AlertDeadLetters  = "dead_letters"
	AlertUnhandled    = "unhandled_event"
	AlertPayments     = "payment_failures"
	AlertSignatures   = "webhook_signatures"
	AlertClock        = "clock_skew"
	AlertKey          = "key_refused"
	AlertDrift        = "drift"
	AlertSweep        = "sweep_stopped"
	AlertStranger     = "unknown_customer"
	AlertDispute      = "dispute_opened"
	AlertFinalization = "finalization_failed"
	AlertPrice        = "unknown_price"
	AlertSecond       = "second_subscription"
	AlertRefund       = "refund_failed"
	AlertOperation    = "operation_given_up"
	AlertMails        = "mails_given_up"
	AlertRestored     = "database_restored"
)

// AlertKinds is the table of everything that a person is told of. A kind is also the label of a metric,
// so that the number of its values is the number of these rows.
func AlertKinds() []AlertKind {
	return []AlertKind{
		{
			AlertDeadLetters, "Webhook events were given up on",
			"A customer could not be read from Stripe for about three days, and the program has stopped trying. What changed at Stripe meanwhile is not known here.",
			"Look at the error of the events that were given up on, mend its cause, and replay them.",
		},
		{
			AlertUnhandled, "Events of a type that nothing acts on",
			"Stripe sends events that are not in the table of events. They are kept and ignored.",
			"Take the type out of the endpoint at Stripe, or add it to billing/events.go and replay what was received.",
		},
		{
			AlertPayments, "Many payments fail",
			"More than 5 % of the payments of the last day were declined. Above 10 % something is broken rather than unlucky.",
			"Compare the declines at Stripe: one card type, country or amount points to the cause. Look for card testing too.",
		},
		{
			AlertSignatures, "Webhook signatures do not verify",
			"Deliveries are being refused one after the other. Either the signing secret was changed at Stripe, or somebody is trying the door.",
			"Compare STRIPE_WEBHOOK_SECRETS with the endpoint at Stripe. Keep the old secret beside the new one while both are in use.",
		},
		{
			AlertClock, "The clock is wrong",
			"This machine's clock and Stripe's differ by more than a minute. Past five minutes every webhook is refused.",
			"Set the clock by NTP.",
		},
		{
			AlertKey, "Stripe refuses the API key",
			"The key was revoked or rolled. Nobody can buy or change a plan; access stays as it was last known.",
			"Set STRIPE_SECRET_KEY to a valid key of the same account and mode, and restart.",
		},
		{
			AlertDrift, "What we know differed from what Stripe says",
			"A comparison with Stripe found subscriptions that no event had told of, and mended them.",
			"Once is a lost webhook. Again and again means that deliveries do not arrive: look at the endpoint at Stripe.",
		},
		{
			AlertSweep, "The comparison with Stripe was stopped",
			"It would have taken access from more customers at once than can be true, so nothing was changed.",
			"Check that the key belongs to the right account and mode, and that Stripe is well. Run tollgate doctor.",
		},
		{
			AlertStranger, "Subscriptions of customers that no account has",
			"Somebody pays at Stripe for a plan that gives nobody access here: an account was made twice or lost, or the subscription was made by hand.",
			"Look at the last sweep under Reconciliation, and at Stripe, and move or end those subscriptions.",
		},
		{
			AlertDispute, "A payment is disputed",
			"A customer's bank takes a payment back. Without an answer by the due date the dispute is lost.",
			"Answer it at Stripe with evidence, or accept it, before the due date.",
		},
		{
			AlertFinalization, "An invoice cannot be finalised",
			"Stripe cannot bill this invoice, often for want of an address or tax number. The customer pays nothing until it is mended.",
			"Open the invoice at Stripe, add what is missing, and finalise it.",
		},
		{
			AlertPrice, "A subscription's price is not in the catalog",
			"It grants nothing that it did not grant before, and what it did only for a day.",
			"Put the price into billing/plan/catalog.go, as retired if need be, or move the subscription to one that is there.",
		},
		{
			AlertSecond, "A customer has two plans",
			"Two live subscriptions bill the same account. A recent one beside a paid one is ended and refunded; any other waits for a person.",
			"Look at the subscriber, and end and refund the one that is not wanted.",
		},
		{
			AlertRefund, "A refund came back",
			"The customer's bank did not take the money, so that it is ours to give still.",
			"Ask the customer for another way, and send it from Stripe.",
		},
		{
			AlertOperation, "A call to Stripe was given up on",
			"Something that a customer or an admin asked for could not be done at Stripe for about three days.",
			"Read its error, mend the cause, and ask for it again.",
		},
		{
			AlertMails, "Mails were given up on",
			"The mail server refused mails, or could not be reached for about three days.",
			"Check SMTP_URL and MAIL_FROM, and the addresses in the list of mails.",
		},
		{
			AlertRestored, "The database was restored from a backup",
			"Stripe has delivered events that are not here, or somebody said so. What changed since the backup is read again from Stripe; mails about it are not sent again. Accounts that were made since the backup are lost.",
			"Run tollgate reconcile --full, and look for subscriptions of customers that no account has. If nothing was restored, find out who answers Stripe at this address.",
		},
	}
}

// alertKind finds the row of a kind.
func alertKind(kind string) (AlertKind, bool) {
	for _, row := range AlertKinds() {
		if row.Kind == kind {
			return row, true
		}
	}
	return AlertKind{}, false
}
