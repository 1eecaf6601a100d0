package sandbox

import (
	"fmt"
	"net/http"
	"strings"
)

// apiRequest is one call of the API, inside its transaction.
type apiRequest struct {
	Tx     *Tx
	Params Params
	// ID and Sub are the first and second id in the path.
	ID, Sub string
	// Account is the connected account that the call acts for, or "".
	Account string
	// Path is the path as it was requested; lists show it as their url.
	Path string
}

type apiFunc func(r *apiRequest) (Object, error)

// route is one row of the API's table. Op names the operation whose parameters the specification lists; when empty it
// is the row's own method and path. Extra names parameters accepted beyond them, or that an empty text unsets although
// the specification does not say so.
type route struct {
	Method, Path string
	Handler      apiFunc
	Op           string
	Extra        []string
}

// routes is the one table of all API endpoints, grouped by resource. Path ids are written as in the specification,
// and a fixed segment wins over an id: /v1/customers/search is never a customer.
func routes() []route {
	return []route{
		// Customers.
		{Method: "POST", Path: "/v1/customers", Handler: createCustomer},
		{Method: "GET", Path: "/v1/customers", Handler: listCustomers},
		{Method: "GET", Path: "/v1/customers/search", Handler: searchCustomers},
		{Method: "GET", Path: "/v1/customers/{customer}", Handler: getCustomer},
		{
			Method: "POST", Path: "/v1/customers/{customer}", Handler: updateCustomer,
			Extra: []string{"coupon", "promotion_code"},
		},
		{Method: "DELETE", Path: "/v1/customers/{customer}", Handler: deleteCustomer},
		{Method: "GET", Path: "/v1/customers/{customer}/payment_methods", Handler: listCustomerPaymentMethods},
		{Method: "POST", Path: "/v1/customers/{customer}/tax_ids", Handler: createTaxID},
		{Method: "GET", Path: "/v1/customers/{customer}/tax_ids", Handler: listTaxIDs},
		{Method: "GET", Path: "/v1/customers/{customer}/tax_ids/{id}", Handler: getTaxID},
		{Method: "DELETE", Path: "/v1/customers/{customer}/tax_ids/{id}", Handler: deleteTaxID},

		// Products.
		{Method: "POST", Path: "/v1/products", Handler: createProduct},
		{Method: "GET", Path: "/v1/products", Handler: listProducts},
		{Method: "GET", Path: "/v1/products/search", Handler: searchProducts},
		{Method: "GET", Path: "/v1/products/{id}", Handler: getProduct},
		{Method: "POST", Path: "/v1/products/{id}", Handler: updateProduct},
		{Method: "DELETE", Path: "/v1/products/{id}", Handler: deleteProduct},

		// Prices.
		{Method: "POST", Path: "/v1/prices", Handler: createPrice},
		{Method: "GET", Path: "/v1/prices", Handler: listPrices},
		{Method: "GET", Path: "/v1/prices/search", Handler: searchPrices},
		{Method: "GET", Path: "/v1/prices/{price}", Handler: getPrice},
		{Method: "POST", Path: "/v1/prices/{price}", Handler: updatePrice},

		// Plans, as prices were called before.
		{Method: "POST", Path: "/v1/plans", Handler: createPlan},
		{Method: "GET", Path: "/v1/plans", Handler: listPlans},
		{Method: "GET", Path: "/v1/plans/{plan}", Handler: getPlan},
		{Method: "POST", Path: "/v1/plans/{plan}", Handler: updatePlan},
		{Method: "DELETE", Path: "/v1/plans/{plan}", Handler: deletePlan},

		// Payment methods.
		{Method: "POST", Path: "/v1/payment_methods", Handler: createPaymentMethod},
		{Method: "GET", Path: "/v1/payment_methods", Handler: listPaymentMethods},
		{Method: "GET", Path: "/v1/payment_methods/{payment_method}", Handler: getPaymentMethod},
		{Method: "POST", Path: "/v1/payment_methods/{payment_method}", Handler: updatePaymentMethod},
		{Method: "POST", Path: "/v1/payment_methods/{payment_method}/attach", Handler: attachPaymentMethod},
		{Method: "POST", Path: "/v1/payment_methods/{payment_method}/detach", Handler: detachPaymentMethod},

		// Payment and setup intents, charges, refunds.
		{Method: "POST", Path: "/v1/payment_intents", Handler: createPaymentIntent},
		{Method: "GET", Path: "/v1/payment_intents", Handler: listPaymentIntents},
		{Method: "GET", Path: "/v1/payment_intents/{intent}", Handler: getPaymentIntent},
		{Method: "POST", Path: "/v1/payment_intents/{intent}", Handler: updatePaymentIntent},
		{Method: "POST", Path: "/v1/payment_intents/{intent}/confirm", Handler: confirmPaymentIntent},
		{Method: "POST", Path: "/v1/payment_intents/{intent}/cancel", Handler: cancelPaymentIntent},
		{Method: "POST", Path: "/v1/payment_intents/{intent}/capture", Handler: capturePaymentIntent},
		{Method: "GET", Path: "/v1/payment_intents/search", Handler: searchPaymentIntents},
		{Method: "POST", Path: "/v1/setup_intents", Handler: createSetupIntent},
		{Method: "GET", Path: "/v1/setup_intents", Handler: listSetupIntents},
		{Method: "GET", Path: "/v1/setup_intents/{intent}", Handler: getSetupIntent},
		{Method: "POST", Path: "/v1/setup_intents/{intent}", Handler: updateSetupIntent},
		{Method: "POST", Path: "/v1/setup_intents/{intent}/confirm", Handler: confirmSetupIntent},
		{Method: "POST", Path: "/v1/setup_intents/{intent}/cancel", Handler: cancelSetupIntent},
		{Method: "POST", Path: "/v1/charges", Handler: createCharge},
		{Method: "GET", Path: "/v1/charges", Handler: listCharges},
		{Method: "GET", Path: "/v1/charges/search", Handler: searchCharges},
		{Method: "GET", Path: "/v1/charges/{charge}", Handler: getCharge},
		{Method: "POST", Path: "/v1/charges/{charge}", Handler: updateCharge},
		{Method: "POST", Path: "/v1/charges/{charge}/capture", Handler: captureChargeAPI},
		{Method: "POST", Path: "/v1/charges/{charge}/refunds", Handler: createChargeRefund},
		{Method: "GET", Path: "/v1/charges/{charge}/refunds", Handler: listChargeRefunds},
		{Method: "GET", Path: "/v1/charges/{charge}/refunds/{refund}", Handler: getChargeRefund},
		{Method: "POST", Path: "/v1/test_helpers/charges/{charge}/expire", Handler: expireChargeAPI},
		{Method: "POST", Path: "/v1/refunds", Handler: createRefund},
		{Method: "GET", Path: "/v1/refunds", Handler: listRefunds},
		{Method: "GET", Path: "/v1/refunds/{refund}", Handler: getRefund},
		{Method: "POST", Path: "/v1/refunds/{refund}", Handler: updateRefund},
		{Method: "POST", Path: "/v1/refunds/{refund}/cancel", Handler: cancelRefund},
		{Method: "GET", Path: "/v1/balance_transactions", Handler: listBalanceTransactions},
		{Method: "GET", Path: "/v1/balance_transactions/{id}", Handler: getBalanceTransaction},

		// Disputes, and the warnings that come before them.
		{Method: "GET", Path: "/v1/disputes", Handler: listDisputes},
		{Method: "GET", Path: "/v1/disputes/{dispute}", Handler: getDispute},
		{Method: "POST", Path: "/v1/disputes/{dispute}", Handler: updateDispute},
		{Method: "POST", Path: "/v1/disputes/{dispute}/close", Handler: acceptDispute},
		{Method: "POST", Path: "/v1/test_helpers/disputes/{dispute}/lose", Handler: loseDispute},
		{Method: "GET", Path: "/v1/radar/early_fraud_warnings", Handler: listFraudWarnings},
		{Method: "GET", Path: "/v1/radar/early_fraud_warnings/{early_fraud_warning}", Handler: getFraudWarning},

		// Coupons, promotion codes and the discounts made of them.
		{Method: "POST", Path: "/v1/coupons", Handler: createCoupon},
		{Method: "GET", Path: "/v1/coupons", Handler: listCoupons},
		{Method: "GET", Path: "/v1/coupons/{coupon}", Handler: getCoupon},
		{Method: "POST", Path: "/v1/coupons/{coupon}", Handler: updateCoupon},
		{Method: "DELETE", Path: "/v1/coupons/{coupon}", Handler: deleteCoupon},
		{Method: "POST", Path: "/v1/promotion_codes", Handler: createPromotionCode},
		{Method: "GET", Path: "/v1/promotion_codes", Handler: listPromotionCodes},
		{Method: "GET", Path: "/v1/promotion_codes/{promotion_code}", Handler: getPromotionCode},
		{Method: "POST", Path: "/v1/promotion_codes/{promotion_code}", Handler: updatePromotionCode},
		{Method: "DELETE", Path: "/v1/customers/{customer}/discount", Handler: deleteCustomerDiscount},
		{
			Method: "DELETE", Path: "/v1/subscriptions/{subscription_exposed_id}/discount",
			Handler: deleteSubscriptionDiscount,
		},

		// Tax rates, and what a customer's balance is made of.
		{Method: "POST", Path: "/v1/tax_rates", Handler: createTaxRate},
		{Method: "GET", Path: "/v1/tax_rates", Handler: listTaxRates},
		{Method: "GET", Path: "/v1/tax_rates/{tax_rate}", Handler: getTaxRate},
		{Method: "POST", Path: "/v1/tax_rates/{tax_rate}", Handler: updateTaxRate},
		{Method: "POST", Path: "/v1/customers/{customer}/balance_transactions", Handler: createBalanceTransaction},
		{Method: "GET", Path: "/v1/customers/{customer}/balance_transactions", Handler: listCustomerBalance},
		{Method: "GET", Path: "/v1/customers/{customer}/balance_transactions/{transaction}", Handler: getCustomerBalance},
		{
			Method: "POST", Path: "/v1/customers/{customer}/balance_transactions/{transaction}",
			Handler: updateCustomerBalance,
		},

		// Subscriptions and their items.
		{Method: "POST", Path: "/v1/subscriptions", Handler: createSubscription},
		{Method: "GET", Path: "/v1/subscriptions", Handler: listSubscriptions},
		{Method: "GET", Path: "/v1/subscriptions/search", Handler: searchSubscriptions},
		{Method: "GET", Path: "/v1/subscriptions/{subscription_exposed_id}", Handler: getSubscription},
		{Method: "POST", Path: "/v1/subscriptions/{subscription_exposed_id}", Handler: updateSubscriptionAPI},
		{Method: "DELETE", Path: "/v1/subscriptions/{subscription_exposed_id}", Handler: deleteSubscription},
		{Method: "POST", Path: "/v1/subscriptions/{subscription}/resume", Handler: resumeSubscription},
		{Method: "POST", Path: "/v1/subscription_items", Handler: createSubscriptionItem},
		{Method: "GET", Path: "/v1/subscription_items", Handler: listSubscriptionItems},
		{Method: "GET", Path: "/v1/subscription_items/{item}", Handler: getSubscriptionItem},
		{Method: "POST", Path: "/v1/subscription_items/{item}", Handler: updateSubscriptionItem},
		{Method: "DELETE", Path: "/v1/subscription_items/{item}", Handler: deleteSubscriptionItem},

		// Subscription schedules.
		{Method: "POST", Path: "/v1/subscription_schedules", Handler: createSchedule},
		{Method: "GET", Path: "/v1/subscription_schedules", Handler: listSchedules},
		{Method: "GET", Path: "/v1/subscription_schedules/{schedule}", Handler: getSchedule},
		{Method: "POST", Path: "/v1/subscription_schedules/{schedule}", Handler: updateScheduleAPI},
		{Method: "POST", Path: "/v1/subscription_schedules/{schedule}/cancel", Handler: cancelSchedule},
		{Method: "POST", Path: "/v1/subscription_schedules/{schedule}/release", Handler: releaseSchedule},

		// Invoices and what waits for them.
		{Method: "POST", Path: "/v1/invoiceitems", Handler: createInvoiceItem},
		{Method: "GET", Path: "/v1/invoiceitems", Handler: listInvoiceItems},
		{Method: "GET", Path: "/v1/invoiceitems/{invoiceitem}", Handler: getInvoiceItem},
		{Method: "POST", Path: "/v1/invoiceitems/{invoiceitem}", Handler: updateInvoiceItem},
		{Method: "DELETE", Path: "/v1/invoiceitems/{invoiceitem}", Handler: deleteInvoiceItem},
		{Method: "POST", Path: "/v1/invoices", Handler: createInvoice},
		{Method: "GET", Path: "/v1/invoices", Handler: listInvoices},
		{Method: "GET", Path: "/v1/invoices/search", Handler: searchInvoices},
		{Method: "GET", Path: "/v1/invoices/upcoming", Handler: upcomingInvoice},
		{Method: "GET", Path: "/v1/invoices/upcoming/lines", Handler: upcomingLines},
		{Method: "POST", Path: "/v1/invoices/create_preview", Handler: createPreview},
		{Method: "GET", Path: "/v1/invoices/{invoice}", Handler: getInvoice},
		{Method: "POST", Path: "/v1/invoices/{invoice}", Handler: updateInvoiceAPI},
		{Method: "DELETE", Path: "/v1/invoices/{invoice}", Handler: deleteInvoice},
		{Method: "GET", Path: "/v1/invoices/{invoice}/lines", Handler: listInvoiceLines},
		{Method: "POST", Path: "/v1/invoices/{invoice}/lines/{line_item_id}", Handler: updateInvoiceLine},
		{Method: "POST", Path: "/v1/invoices/{invoice}/add_lines", Handler: addInvoiceLines},
		{Method: "POST", Path: "/v1/invoices/{invoice}/update_lines", Handler: updateInvoiceLines},
		{Method: "POST", Path: "/v1/invoices/{invoice}/remove_lines", Handler: removeInvoiceLines},
		{Method: "POST", Path: "/v1/invoices/{invoice}/finalize", Handler: finalizeInvoiceAPI},
		{Method: "POST", Path: "/v1/invoices/{invoice}/pay", Handler: payInvoiceAPI},
		{Method: "POST", Path: "/v1/invoices/{invoice}/send", Handler: sendInvoice},
		{Method: "POST", Path: "/v1/invoices/{invoice}/void", Handler: voidInvoiceAPI},
		{Method: "POST", Path: "/v1/invoices/{invoice}/mark_uncollectible", Handler: markUncollectible},

		// Usage: what meters count, and what is reported to them.
		{Method: "POST", Path: "/v1/billing/meters", Handler: createMeter},
		{Method: "GET", Path: "/v1/billing/meters", Handler: listMeters},
		{Method: "GET", Path: "/v1/billing/meters/{id}", Handler: getMeter},
		{Method: "POST", Path: "/v1/billing/meters/{id}", Handler: updateMeter},
		{Method: "POST", Path: "/v1/billing/meters/{id}/deactivate", Handler: deactivateMeter},
		{Method: "POST", Path: "/v1/billing/meters/{id}/reactivate", Handler: reactivateMeter},
		{Method: "GET", Path: "/v1/billing/meters/{id}/event_summaries", Handler: listMeterSummaries},
		{Method: "POST", Path: "/v1/billing/meter_events", Handler: createMeterEvent},
		{Method: "POST", Path: "/v1/billing/meter_event_adjustments", Handler: createMeterEventAdjustment},

		// Credit notes.
		{Method: "POST", Path: "/v1/credit_notes", Handler: createCreditNote},
		{Method: "GET", Path: "/v1/credit_notes", Handler: listCreditNotes},
		{Method: "GET", Path: "/v1/credit_notes/preview", Handler: previewCreditNote},
		{Method: "GET", Path: "/v1/credit_notes/preview/lines", Handler: previewCreditNoteLines},
		{Method: "GET", Path: "/v1/credit_notes/{id}", Handler: getCreditNote},
		{Method: "POST", Path: "/v1/credit_notes/{id}", Handler: updateCreditNote},
		{Method: "GET", Path: "/v1/credit_notes/{credit_note}/lines", Handler: listCreditNoteLines},
		{Method: "POST", Path: "/v1/credit_notes/{id}/void", Handler: voidCreditNote},

		// Checkout, and the private endpoint by which its page and the command line confirm.
		{Method: "POST", Path: "/v1/checkout/sessions", Handler: createCheckoutSession},
		{Method: "GET", Path: "/v1/checkout/sessions", Handler: listCheckoutSessions},
		{Method: "GET", Path: "/v1/checkout/sessions/{session}", Handler: getCheckoutSession},
		{Method: "POST", Path: "/v1/checkout/sessions/{session}", Handler: updateCheckoutSession},
		{Method: "POST", Path: "/v1/checkout/sessions/{session}/expire", Handler: expireCheckoutSession},
		{Method: "GET", Path: "/v1/checkout/sessions/{session}/line_items", Handler: listCheckoutLineItems},
		{Method: "GET", Path: "/v1/payment_pages/{session}", Handler: getCheckoutSession},
		{Method: "POST", Path: "/v1/payment_pages/{session}/confirm", Handler: confirmPaymentPage},

		// The customer portal.
		{Method: "POST", Path: "/v1/billing_portal/configurations", Handler: createPortalConfiguration},
		{Method: "GET", Path: "/v1/billing_portal/configurations", Handler: listPortalConfigurations},
		{Method: "GET", Path: "/v1/billing_portal/configurations/{configuration}", Handler: getPortalConfiguration},
		{Method: "POST", Path: "/v1/billing_portal/configurations/{configuration}", Handler: updatePortalConfiguration},
		{Method: "POST", Path: "/v1/billing_portal/sessions", Handler: createPortalSession},

		// Events and webhook endpoints.
		{Method: "GET", Path: "/v1/events", Handler: listEvents},
		{Method: "GET", Path: "/v1/events/{id}", Handler: getEvent},
		{Method: "POST", Path: "/v1/events/{id}/retry", Handler: retryEvent},
		{Method: "POST", Path: "/v1/webhook_endpoints", Handler: createWebhookEndpoint},
		{Method: "GET", Path: "/v1/webhook_endpoints", Handler: listWebhookEndpoints},
		{Method: "GET", Path: "/v1/webhook_endpoints/{webhook_endpoint}", Handler: getWebhookEndpoint},
		{Method: "POST", Path: "/v1/webhook_endpoints/{webhook_endpoint}", Handler: updateWebhookEndpoint},
		{Method: "DELETE", Path: "/v1/webhook_endpoints/{webhook_endpoint}", Handler: deleteWebhookEndpoint},

		// Test clocks.
		{Method: "POST", Path: "/v1/test_helpers/test_clocks", Handler: createTestClock},
		{Method: "GET", Path: "/v1/test_helpers/test_clocks", Handler: listTestClocks},
		{Method: "GET", Path: "/v1/test_helpers/test_clocks/{test_clock}", Handler: getTestClock},
		{Method: "DELETE", Path: "/v1/test_helpers/test_clocks/{test_clock}", Handler: deleteTestClock},
		{Method: "POST", Path: "/v1/test_helpers/test_clocks/{test_clock}/advance", Handler: advanceTestClock},

		// The account itself.
		{Method: "GET", Path: "/v1/account", Handler: getAccount},
		{Method: "GET", Path: "/v1/balance", Handler: getBalance},
	}
}

// routeTable finds a row by method and path.
type routeTable struct {
	rows []compiledRoute
}

type compiledRoute struct {
	route
	segments []string
	params   *schemaNode // nil: the parameters are not checked.
}

// answers is the kind of object that the operation answers with, or of the elements of its list; "" when the
// specification does not know the operation.
func (r *compiledRoute) answers() string {
	if r.params == nil {
		return ""
	}
	return r.params.Answer
}

func newRouteTable(doc *schemaDoc, rows []route) (*routeTable, error) {
	t := &routeTable{}
	seen := map[string]bool{}
	for _, r := range rows {
		name := r.Method + " " + r.Path
		if seen[name] {
			return nil, fmt.Errorf("route %s stands twice in the table", name)
		}
		seen[name] = true
		op := r.Op
		if op == "" {
			op = name
		}
		t.rows = append(t.rows, compiledRoute{
			route: r, segments: strings.Split(strings.Trim(r.Path, "/"), "/"), params: doc.Ops[op],
		})
	}
	return t, nil
}

// match returns the row for a request and the ids in its path. A row that fits by fixed segments wins.
func (t *routeTable) match(method, path string) (*compiledRoute, []string) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	var best *compiledRoute
	var bestIDs []string
	for i := range t.rows {
		row := &t.rows[i]
		if row.Method != method {
			continue
		}
		ids, ok := row.fit(segments)
		if ok && (best == nil || len(ids) < len(bestIDs)) {
			best, bestIDs = row, ids
		}
	}
	return best, bestIDs
}

func (r *compiledRoute) fit(segments []string) ([]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	var ids []string
	for i, want := range r.segments {
		switch {
		case strings.HasPrefix(want, "{"):
			if segments[i] == "" {
				return nil, false
			}
			ids = append(ids, segments[i])
		case want != segments[i]:
			return nil, false
		}
	}
	return ids, true
}

// unrecognized is Stripe's answer to an unknown URL.
func unrecognized(method, path string) *Error {
	return &Error{
		Status: http.StatusNotFound, Type: typeInvalid,
		Message: fmt.Sprintf("Unrecognized request URL (%s: %s). If you are trying to list objects, remove the "+
			"trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) "+
			"identifier in your code. Please see https://stripe.com/docs or we can help at "+
			"https://support.stripe.com/.", method, path),
	}
}
