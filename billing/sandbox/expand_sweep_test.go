package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// sweep are the lists whose objects are expanded, with the parameters that some want.
func sweep(customer, subscription string) []string {
	return []string{
		"/v1/customers", "/v1/products", "/v1/prices", "/v1/subscriptions", "/v1/invoices", "/v1/invoiceitems",
		"/v1/payment_intents", "/v1/charges", "/v1/refunds", "/v1/disputes", "/v1/balance_transactions",
		"/v1/setup_intents", "/v1/promotion_codes", "/v1/credit_notes", "/v1/checkout/sessions",
		"/v1/subscription_schedules", "/v1/subscription_items?subscription=" + subscription,
		"/v1/customers/" + customer + "/payment_methods", "/v1/customers/" + customer + "/balance_transactions",
	}
}

var reference = regexp.MustCompile(`^[a-z]+_[A-Za-z0-9]{8,}$`)

// Every id that Stripe says can be expanded is expanded where it stands, and only those are.
func TestEveryReferenceExpands(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-01-10T09:00")
	customer, subscription := s.history()
	expanded := map[string]bool{}
	for _, list := range sweep(customer, subscription) {
		found := send(t, s.Sandbox, http.MethodGet, list, "")
		require.Equal(t, http.StatusOK, found.status, "%s: %v", list, found.body)
		items, _ := found.body["data"].([]any)
		for _, item := range items {
			o, _ := item.(map[string]any)
			for path, id := range references("", o) {
				s.expand(o, list, path, id, expanded)
			}
		}
	}
	require.GreaterOrEqual(t, len(expanded), 35, "%v", expanded)
}

// expand asks for one object of a list with one field expanded.
func (s *shop) expand(o map[string]any, list, path, id string, expanded map[string]bool) {
	s.t.Helper()
	kind := fmt.Sprint(o["object"])
	if done, ok := expanded[kind+"."+path]; ok && done {
		return
	}
	at, err := url.Parse(list)
	require.NoError(s.t, err)
	query := at.Query()
	query.Set("expand[0]", "data."+path)
	query.Set("limit", "100")
	got := send(s.t, s.Sandbox, http.MethodGet, at.Path+"?"+query.Encode(), "")
	if got.status != http.StatusOK {
		message, _ := got.err(s.t)["message"].(string)
		require.Contains(s.t, message, "cannot be expanded", "%s of %s", path, kind)
		return
	}
	items, _ := got.body["data"].([]any)
	i := slices.IndexFunc(items, func(item any) bool { return item.(map[string]any)["id"] == o["id"] })
	require.GreaterOrEqual(s.t, i, 0, "%s of %s", path, kind)
	require.Equal(s.t, id, valueAt(items[i].(map[string]any), path+".id"), "%s of %s", path, kind)
	expanded[kind+"."+path] = true
}

// references finds what looks like the id of another object, at the top and inside of hashes.
func references(prefix string, o map[string]any) map[string]string {
	out := map[string]string{}
	for key, value := range o {
		switch v := value.(type) {
		case string:
			if key != "id" && key != "client_secret" && key != "code" && reference.MatchString(v) {
				out[prefix+key] = v
			}
		case map[string]any:
			if v["object"] == nil && key != "metadata" {
				for path, id := range references(prefix+key+".", v) {
					out[path] = id
				}
			}
		}
	}
	return out
}

// history leaves one of everything that refers to something else.
func (s *shop) history() (customer, subscription string) {
	s.t.Helper()
	must := func(form url.Values, path string) map[string]any {
		s.t.Helper()
		got := send(s.t, s.Sandbox, http.MethodPost, path, form.Encode())
		require.Equal(s.t, http.StatusOK, got.status, "%s %v: %v", path, form, got.body)
		return got.body
	}
	customer = s.buyer("pm_card_visa")
	sub := s.subscribe(customer, s.starter)
	must(url.Values{"customer": {customer}, "amount": {"500"}, "currency": {"usd"}, "subscription": {sub.ID}}, "/v1/invoiceitems")
	must(url.Values{"customer": {customer}, "confirm": {"true"}, "payment_method": {"pm_card_visa"}}, "/v1/setup_intents")
	must(url.Values{"id": {"ECHO"}, "percent_off": {"10"}, "duration": {"once"}}, "/v1/coupons")
	must(url.Values{"coupon": {"ECHO"}, "customer": {customer}}, "/v1/promotion_codes")
	must(url.Values{"coupon": {"ECHO"}}, "/v1/customers/"+customer)
	must(url.Values{
		"mode": {"payment"}, "customer": {customer}, "success_url": {"https://example.com"},
		"line_items[0][price_data][currency]": {"usd"}, "line_items[0][price_data][unit_amount]": {"900"},
		"line_items[0][price_data][product]": {s.proProduct}, "line_items[0][quantity]": {"1"},
	}, "/v1/checkout/sessions")
	must(url.Values{"from_subscription": {sub.ID}}, "/v1/subscription_schedules")
	must(url.Values{"amount": {"-100"}, "currency": {"usd"}}, "/v1/customers/"+customer+"/balance_transactions")
	must(url.Values{"default_price": {s.pro}}, "/v1/products/"+s.proProduct)
	must(url.Values{
		"amount": {"4000"}, "currency": {"usd"}, "confirm": {"true"}, "payment_method": {"pm_card_createDispute"},
		"return_url": {"https://example.com"},
	}, "/v1/payment_intents")
	charges := s.Client.Charges.List(&stripe.ChargeListParams{Customer: &customer})
	require.True(s.t, charges.Next())
	must(url.Values{"charge": {charges.Charge().ID}, "amount": {"300"}}, "/v1/refunds")
	s.MustAdvance(32 * 24 * time.Hour)
	must(url.Values{"invoice": {s.sub(sub.ID).LatestInvoice.ID}, "amount": {"100"}, "credit_amount": {"100"}}, "/v1/credit_notes")
	return customer, sub.ID
}
