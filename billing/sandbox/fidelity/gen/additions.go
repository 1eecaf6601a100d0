package main

import "fmt"

// pinnedVersion is the API version of the stripe-go release in the starter's go.mod. The sandbox refuses to start
// when the two are not the same.
const pinnedVersion = "2025-02-24.acacia"

// kinds are the resources whose shape the sandbox must know.
func kinds() []string {
	return []string{
		"account", "balance", "balance_transaction", "billing.meter", "billing.meter_event",
		"billing_portal.configuration", "billing_portal.session", "charge", "checkout.session", "coupon",
		"credit_note", "customer", "customer_balance_transaction", "discount", "dispute", "event", "invoice",
		"invoiceitem", "item", "line_item", "payment_intent", "payment_method", "plan", "price", "product",
		"promotion_code", "refund", "setup_intent", "subscription", "subscription_item", "subscription_schedule",
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
		"/v1/refunds", "/v1/setup_intents", "/v1/subscriptions", "/v1/subscription_items",
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

// addition is a field that the specification lacks: younger than it, or so old that it is no longer described
// although the API still sends it.
type addition struct {
	object, field string
	node          node
}

func text(nullable bool, values ...string) node {
	return node{Type: "s", Nullable: nullable, Enum: values}
}

func additions() []addition {
	disabled := text(true, "finalization_requires_location_inputs", "finalization_system_error")
	return []addition{
		{"automatic_tax", "disabled_reason", disabled},
		{"subscription_automatic_tax", "disabled_reason", text(true, "requires_location_inputs")},
		{"schedules_phase_automatic_tax", "disabled_reason", text(true, "requires_location_inputs")},
		{"subscription_schedules_resource_default_settings_automatic_tax", "disabled_reason",
			text(true, "requires_location_inputs")},
		{"charge_outcome", "network_advice_code", text(true)},
		{"charge_outcome", "network_decline_code", text(true)},
		{"checkout.session", "adaptive_pricing", node{Type: "o", Nullable: true, Props: map[string]*node{
			"enabled": {Type: "b", Required: true}}}},
		{"portal_subscription_update", "schedule_at_period_end", node{Type: "o", Required: true,
			Props: map[string]*node{"conditions": {Type: "a", Required: true, Items: &node{Type: "o",
				Props: map[string]*node{"type": {Type: "s", Required: true}}}}}}},
		{"payment_method_card", "regulated_status", text(true, "regulated", "unregulated")},
		{"payment_method_details_card", "regulated_status", text(true, "regulated", "unregulated")},
		{"recurring", "trial_period_days", node{Type: "i", Nullable: true}},
		{"subscription", "plan", node{Ref: "plan", Nullable: true}},
		{"subscription", "quantity", node{Type: "i", Nullable: true}},
		{"product", "type", text(false)},
		{"product", "attributes", node{Type: "a", Required: true, Items: &node{Type: "s"}}},
	}
}

// addLater applies the additions to the objects, and the matching request parameters.
func addLater(doc *document) error {
	for _, a := range additions() {
		o := doc.Objects[a.object]
		if o == nil || o.Props == nil {
			return fmt.Errorf("no object %s to add %s to", a.object, a.field)
		}
		n := a.node
		if a.object == "product" && a.field == "type" {
			n.Required = true
		}
		o.Props[a.field] = &n
	}
	doc.Ops["POST /v1/checkout/sessions"].Props["adaptive_pricing"] =
		&node{Type: "o", Props: map[string]*node{"enabled": {Type: "b"}}}
	for _, op := range []string{"POST /v1/billing_portal/configurations",
		"POST /v1/billing_portal/configurations/{configuration}"} {
		update := doc.Ops[op].Props["features"].Props["subscription_update"]
		update.Props["schedule_at_period_end"] = &node{Type: "o", Props: map[string]*node{
			"conditions": {Type: "a", Unset: true, Items: &node{Type: "o", Props: map[string]*node{
				"type": {Type: "s", Required: true, Enum: []string{"decreasing_item_amount", "shortening_interval"}},
			}}},
		}}
	}
	return nil
}
