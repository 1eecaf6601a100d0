package main

import (
	"fmt"
	"sort"
)

// addition is a field that the specification lacks: younger than it, or so old that it is no longer described
// although the API still sends it. The list comes from comparing the specification with the official types of the
// pinned version: npm's stripe@17.7.0 and stripe-go v81.4.0.
type addition struct {
	object, field string
	node          node
}

func text(values ...string) node     { return node{Type: "s", Required: true, Enum: values} }
func nullable(values ...string) node { return node{Type: "s", Nullable: true, Enum: values} }
func optional(values ...string) node { return node{Type: "s", Enum: values} }

func additions() []addition {
	location := nullable("requires_location_inputs")
	regulated := nullable("regulated", "unregulated")
	plan := node{Ref: "plan", Nullable: true}
	number := node{Type: "i", Nullable: true}
	return []addition{
		// Younger than the specification.
		{"automatic_tax", "disabled_reason",
			nullable("finalization_requires_location_inputs", "finalization_system_error")},
		{"subscription_automatic_tax", "disabled_reason", location},
		{"schedules_phase_automatic_tax", "disabled_reason", location},
		{"subscription_schedules_resource_default_settings_automatic_tax", "disabled_reason", location},
		{"charge_outcome", "advice_code", nullable("confirm_card_data", "do_not_try_again", "try_again_later")},
		{"charge_outcome", "network_advice_code", nullable()},
		{"charge_outcome", "network_decline_code", nullable()},
		{"api_errors", "advice_code", optional()},
		{"api_errors", "network_advice_code", optional()},
		{"api_errors", "network_decline_code", optional()},
		{"checkout.session", "adaptive_pricing", node{Type: "o", Nullable: true, Props: map[string]*node{
			"enabled": {Type: "b", Required: true}}}},
		{"checkout.session", "discounts", node{Type: "a", Nullable: true, Items: &node{Type: "o", Props: map[string]*node{
			"coupon":         {Type: "s", Nullable: true, Expand: []string{"coupon"}},
			"promotion_code": {Type: "s", Nullable: true, Expand: []string{"promotion_code"}}}}}},
		{"checkout.session", "collected_information", node{Type: "o", Nullable: true, Props: map[string]*node{
			"shipping_details": {Ref: "shipping", Nullable: true}}}},
		{"portal_subscription_update", "schedule_at_period_end", node{Type: "o", Required: true,
			Props: map[string]*node{"conditions": {Type: "a", Required: true, Items: &node{Type: "o",
				Props: map[string]*node{"type": {Type: "s", Required: true}}}}}}},
		{"payment_method_card", "regulated_status", regulated},
		{"payment_method_details_card", "regulated_status", regulated},
		{"payment_method_details_card", "network_transaction_id", nullable()},
		{"tax_rate", "rate_type", nullable("flat_amount", "percentage")},
		{"tax_rate", "flat_amount", node{Type: "o", Nullable: true, Props: map[string]*node{
			"amount": {Type: "i", Required: true}, "currency": {Type: "s", Required: true}}}},
		{"dispute", "enhanced_eligibility_types", node{Type: "a", Required: true, Items: &node{Type: "s"}}},
		{"dispute_evidence", "enhanced_evidence", node{Type: "m", Required: true}},
		{"dispute_evidence_details", "enhanced_eligibility", node{Type: "m", Required: true}},
		{"dispute", "network_reason_code", optional()},

		// Older than it, and still sent.
		{"subscription", "plan", plan},
		{"subscription", "quantity", number},
		{"subscription_item", "plan", node{Ref: "plan", Required: true}},
		{"line_item", "plan", plan},
		{"invoiceitem", "plan", plan},
		{"recurring", "trial_period_days", number},
		{"product", "type", text()},
		{"product", "attributes", node{Type: "a", Required: true, Items: &node{Type: "s"}}},
		{"charge", "source", node{Type: "m", Nullable: true}},
	}
}

// alwaysSent are fields that the specification calls optional and the official types do not.
func alwaysSent() map[string][]string {
	return map[string][]string{
		"customer":       {"balance", "invoice_settings", "metadata"},
		"payment_intent": {"amount_capturable", "amount_received", "metadata"},
		"credit_note":    {"pretax_credit_amounts"},
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
		o.Props[a.field] = &n
	}
	for name, fields := range alwaysSent() {
		for _, field := range fields {
			doc.Objects[name].Props[field].Required = true
		}
	}
	doc.Objects["item"].Props["description"].Nullable = true
	return addParams(doc)
}

// laterVersions are the API versions from the specification's to the pinned one.
func laterVersions() []string {
	return []string{"2024-10-28.acacia", "2024-11-20.acacia", "2024-12-18.acacia", "2025-01-27.acacia", pinnedVersion}
}

// addParams applies the additions to the operations' parameters.
func addParams(doc *document) error {
	for _, p := range []struct {
		op, in, name string
		node         node
	}{
		{"POST /v1/checkout/sessions", "", "adaptive_pricing", node{Type: "o", Props: map[string]*node{"enabled": {Type: "b"}}}},
		{"POST /v1/invoices", "", "automatically_finalizes_at", node{Type: "i"}},
		{"POST /v1/invoices/{invoice}", "", "automatically_finalizes_at", node{Type: "i", Unset: true}},
		{"POST /v1/prices", "recurring", "trial_period_days", node{Type: "i"}},
		{"POST /v1/products", "", "type", node{Type: "s", Enum: []string{"good", "service"}}},
	} {
		at := doc.Ops[p.op]
		if at != nil && p.in != "" {
			at = at.Props[p.in]
		}
		if at == nil || at.Props == nil {
			return fmt.Errorf("no operation %s to add %s to", p.op, p.name)
		}
		n := p.node
		at.Props[p.name] = &n
	}
	for _, op := range []string{"POST /v1/billing_portal/configurations",
		"POST /v1/billing_portal/configurations/{configuration}"} {
		update := doc.Ops[op].Props["features"].Props["subscription_update"]
		update.Props["schedule_at_period_end"] = &node{Type: "o", Props: map[string]*node{
			"conditions": {Type: "a", Unset: true, Items: &node{Type: "o", Props: map[string]*node{
				"type": {Type: "s", Required: true, Enum: []string{"decreasing_item_amount", "shortening_interval"}},
			}}},
		}}
	}
	for _, op := range []string{"POST /v1/webhook_endpoints", "POST /v1/webhook_endpoints/{webhook_endpoint}"} {
		items := doc.Ops[op].Props["enabled_events"].Items
		items.Enum = append(items.Enum, "refund.failed")
		sort.Strings(items.Enum)
	}
	version := doc.Ops["POST /v1/webhook_endpoints"].Props["api_version"]
	version.Enum = append(version.Enum, laterVersions()...)
	return nil
}
