// Package scope says which part of Stripe's OpenAPI document the sandbox speaks, and reads that part.
package scope

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stripe/stripe-mock/embedded"
)

// PinnedVersion is the API version of the stripe-go release in the starter's go.mod. The sandbox refuses to start
// when the two are not the same.
const PinnedVersion = "2025-02-24.acacia"

// Kinds are the resources whose shape the sandbox must know.
func Kinds() []string {
	return []string{
		"account", "balance", "balance_transaction", "billing.meter", "billing.meter_event",
		"billing.meter_event_adjustment", "billing.meter_event_summary", "billing_portal.configuration",
		"billing_portal.session", "charge", "checkout.session", "coupon", "credit_note", "credit_note_line_item",
		"customer", "customer_balance_transaction", "discount", "dispute", "event", "invoice", "invoiceitem", "item",
		"line_item", "payment_intent", "payment_method", "plan", "price", "product", "promotion_code",
		"radar.early_fraud_warning", "refund", "setup_intent", "subscription", "subscription_item",
		"subscription_schedule", "tax_id", "tax_rate", "test_helpers.test_clock", "webhook_endpoint",
	}
}

// prefixes are the paths whose parameters the sandbox checks.
func prefixes() []string {
	return []string{
		"/v1/account", "/v1/balance", "/v1/balance_transactions", "/v1/billing/meters", "/v1/billing/meter_events",
		"/v1/billing/meter_event_adjustments", "/v1/billing_portal", "/v1/charges", "/v1/checkout", "/v1/coupons",
		"/v1/credit_notes", "/v1/customers", "/v1/disputes", "/v1/events", "/v1/invoices", "/v1/invoiceitems",
		"/v1/payment_intents", "/v1/payment_methods", "/v1/plans", "/v1/prices", "/v1/products", "/v1/promotion_codes",
		"/v1/radar/early_fraud_warnings", "/v1/refunds", "/v1/setup_intents", "/v1/subscriptions", "/v1/subscription_items",
		"/v1/subscription_schedules", "/v1/tax_rates", "/v1/test_helpers/test_clocks", "/v1/webhook_endpoints",
	}
}

// Wanted reports whether a path is below one of the prefixes.
func Wanted(path string) bool {
	for _, p := range prefixes() {
		if path == p || len(path) > len(p) && path[:len(p)+1] == p+"/" {
			return true
		}
	}
	return false
}

// Object is a part of the document.
type Object = map[string]any

// Spec is the part of the document that is in scope.
type Spec struct {
	Version string
	Schemas Object // all of them: those in scope embed others
	Paths   Object // those in scope
}

// Read decodes the document that stripe-mock carries.
func Read() (Spec, error) {
	var raw struct {
		Info       struct{ Version string }
		Paths      Object
		Components struct{ Schemas Object }
	}
	if err := json.Unmarshal(embedded.OpenAPISpec, &raw); err != nil {
		return Spec{}, fmt.Errorf("read the specification: %w", err)
	}
	for path := range raw.Paths {
		if !Wanted(path) {
			delete(raw.Paths, path)
		}
	}
	return Spec{Version: raw.Info.Version, Schemas: raw.Components.Schemas, Paths: raw.Paths}, nil
}

// Operation is one request of the API.
type Operation struct {
	Raw        Object // as it stands in the document
	Parameters Object // one schema for those from the query and from the form
}

// Operations returns them by method and path, such as "POST /v1/prices".
func (s Spec) Operations() map[string]Operation {
	out := map[string]Operation{}
	for path, item := range s.Paths {
		for _, method := range []string{"get", "post", "delete"} {
			if op, ok := item.(Object)[method].(Object); ok {
				out[strings.ToUpper(method)+" "+path] = Operation{Raw: op, Parameters: parameters(op)}
			}
		}
	}
	return out
}

func parameters(op Object) Object {
	props, required := Object{}, []any{}
	list, _ := op["parameters"].([]any)
	for _, item := range list {
		p, _ := item.(Object)
		if p["in"] != "query" {
			continue
		}
		props[p["name"].(string)] = p["schema"]
		if p["required"] == true {
			required = append(required, p["name"])
		}
	}
	body, _ := op["requestBody"].(Object)
	content, _ := body["content"].(Object)
	for _, media := range content {
		form, _ := media.(Object)["schema"].(Object)
		fields, _ := form["properties"].(Object)
		for name, p := range fields {
			props[name] = p
		}
		if names, ok := form["required"].([]any); ok {
			required = append(required, names...)
		}
	}
	return Object{"type": "object", "properties": props, "required": required}
}
