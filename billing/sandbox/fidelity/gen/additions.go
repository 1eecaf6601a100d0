package main

// pinnedVersion is the API version of the stripe-go release in the starter's go.mod. The sandbox refuses to start
// when the two are not the same.
const pinnedVersion = "2025-02-24.acacia"

// kinds are the resources whose shape the sandbox must know.
func kinds() []string {
	return []string{
		"account", "balance", "balance_transaction", "billing.meter", "billing.meter_event",
		"billing.meter_event_adjustment", "billing.meter_event_summary", "billing_portal.configuration", "billing_portal.session", "charge", "checkout.session", "coupon",
		"credit_note", "credit_note_line_item", "customer", "customer_balance_transaction", "discount", "dispute", "event", "invoice",
		"invoiceitem", "item", "line_item", "payment_intent", "payment_method", "plan", "price", "product",
		"promotion_code", "radar.early_fraud_warning", "refund", "setup_intent", "subscription", "subscription_item", "subscription_schedule",
		"tax_id", "tax_rate", "test_helpers.test_clock", "webhook_endpoint",
	}
}

// prefixes are the paths whose parameters the sandbox checks.
func prefixes() []string {
	return []string{
		"/v1/account", "/v1/balance", "/v1/balance_transactions", "/v1/billing/meters", "/v1/billing/meter_events",
		"/v1/billing/meter_event_adjustments", "/v1/billing_portal", "/v1/charges", "/v1/checkout", "/v1/coupons",
		"/v1/credit_notes", "/v1/customers", "/v1/disputes", "/v1/events", "/v1/invoices", "/v1/invoiceitems",
		"/v1/payment_intents", "/v1/payment_methods", "/v1/prices", "/v1/products", "/v1/promotion_codes",
		"/v1/radar/early_fraud_warnings", "/v1/refunds", "/v1/setup_intents", "/v1/subscriptions", "/v1/subscription_items",
		"/v1/subscription_schedules", "/v1/tax_rates", "/v1/test_helpers/test_clocks", "/v1/webhook_endpoints",
	}
}

func wanted(path string) bool {
	for _, p := range prefixes() {
		if path == p || len(path) > len(p) && path[:len(p)+1] == p+"/" {
			return true
		}
	}
	return false
}
