package cli

// eventOf returns the type of the event that a script brings about. Two scripts are named after what happened to a
// subscription, for which Stripe has events of invoices only.
func eventOf(name string) string {
	switch name {
	case "subscription.payment_failed":
		return "invoice.payment_failed"
	case "subscription.payment_succeeded":
		return "invoice.payment_succeeded"
	}
	return name
}

// What the scripts that are left out need, and the sandbox does not have.
const (
	connect      = "connected accounts"
	bankTransfer = "cash balances and bank transfers"
	sepa         = "payment methods other than cards (sepa_debit)"
	sources      = "sources, which payment methods replaced"
	identity     = "identity verification"
	issuing      = "issuing"
	links        = "payment links"
	payouts      = "payouts"
	quotes       = "quotes"
	reporting    = "reporting"
	topups       = "top-ups"
	thin         = "the v2 API and its thin events"
	// The script cancels a schedule, of which Stripe documents another event: this one is for a schedule whose
	// subscription was cancelled because it was not paid.
	delinquency = "a delinquent subscription in the script, which cancels a schedule by hand"
)

// LeftOut names the scripts that are not in scope, with the resource that is missing. A script that is neither here
// nor works fails the judge, and so does one that is here and works.
func LeftOut() map[string]string {
	return map[string]string{
		"account.application.deauthorized":                     connect,
		"account.updated":                                      connect,
		"cash_balance.funds_available":                         bankTransfer,
		"checkout.session.async_payment_failed":                sepa,
		"checkout.session.async_payment_succeeded":             sepa,
		"customer.source.created":                              sources,
		"customer.source.updated":                              sources,
		"customer_cash_balance_transaction.created":            bankTransfer,
		"identity.verification_session.canceled":               identity,
		"identity.verification_session.created":                identity,
		"identity.verification_session.redacted":               identity,
		"issuing_authorization.request":                        issuing,
		"issuing_authorization.request.eu":                     issuing,
		"issuing_authorization.request.gb":                     issuing,
		"issuing_card.created":                                 issuing,
		"issuing_card.created.eu":                              issuing,
		"issuing_card.created.gb":                              issuing,
		"issuing_cardholder.created":                           issuing,
		"issuing_cardholder.created.eu":                        issuing,
		"issuing_cardholder.created.gb":                        issuing,
		"issuing_transaction.created":                          issuing,
		"issuing_transaction.purchase_details_receipt_updated": issuing,
		"issuing_transaction.updated":                          issuing,
		"payment_intent.partially_funded":                      bankTransfer,
		"payment_intent.processing":                            sepa,
		"payment_link.created":                                 links,
		"payment_link.updated":                                 links,
		"payout.created":                                       payouts,
		"payout.updated":                                       payouts,
		"quote.accepted":                                       quotes,
		"quote.canceled":                                       quotes,
		"quote.created":                                        quotes,
		"quote.finalized":                                      quotes,
		"reporting.report_run.succeeded":                       reporting,
		"subscription_schedule.aborted":                        delinquency,
		"topup.created":                                        topups,
		"transfer.created":                                     connect,
		"transfer.reversed":                                    connect,
		"transfer.updated":                                     connect,
		"v1.billing.meter.error_report_triggered":              thin,
		"v1.billing.meter.no_meter_found":                      thin,
	}
}
