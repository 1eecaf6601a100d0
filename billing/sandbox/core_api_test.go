package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// answer is a raw response, for what the official client hides.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) err(t *testing.T) map[string]any {
	t.Helper()
	e, ok := a.body["error"].(map[string]any)
	if !ok {
		t.Fatalf("no error in %d %v", a.status, a.body)
	}
	return e
}

// send makes a raw request; headers come in pairs.
func send(t *testing.T, s *sandboxtest.Sandbox, method, path, form string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL()+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.SecretKey())
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := answer{status: res.StatusCode, header: res.Header}
	if err := json.Unmarshal(raw, &out.body); err != nil && res.StatusCode != http.StatusMisdirectedRequest {
		t.Fatalf("%s %s: %v in %s", method, path, err, raw)
	}
	return out
}

func TestErrorsLookLikeStripe(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	for _, c := range []struct {
		name, method, path, form string
		status                   int
		code, param, message     string
	}{
		{
			"unknown parameter", "POST", "/v1/customers", "emial=a", 400, "parameter_unknown", "emial",
			"Received unknown parameter: emial",
		},
		{
			"several unknown", "POST", "/v1/customers", "b=1&a=1", 400, "parameter_unknown", "a",
			"Received unknown parameters: a, b",
		},
		{
			"nested unknown", "POST", "/v1/prices", "recurring[foo]=1", 400, "parameter_unknown", "recurring[foo]",
			"Received unknown parameter: recurring[foo]",
		},
		{
			"missing parameter", "POST", "/v1/products", "active=true", 400, "parameter_missing", "name",
			"Missing required param: name.",
		},
		{
			"bad integer", "POST", "/v1/prices", "currency=usd&unit_amount=ten", 400, "parameter_invalid_integer",
			"unit_amount", "Invalid integer: ten",
		},
		{"bad boolean", "POST", "/v1/products", "name=x&active=yes", 400, "", "active", "Invalid boolean: yes"},
		{
			"bad choice", "POST", "/v1/prices", "currency=usd&billing_scheme=free", 400, "", "billing_scheme",
			"Invalid billing_scheme: must be one of per_unit or tiered",
		},
		{
			"empty where a value must be", "POST", "/v1/products", "name=", 400, "parameter_invalid_empty", "name",
			"You passed an empty string for 'name'.",
		},
		{
			"price amounts are immutable", "POST", "/v1/prices/price_x", "unit_amount=5", 400, "parameter_unknown",
			"unit_amount", "Received unknown parameter: unit_amount",
		},
		{
			"id in the path", "GET", "/v1/customers/cus_none", "", 404, "resource_missing", "id",
			"No such customer: 'cus_none'",
		},
		{
			"id in a parameter", "POST", "/v1/prices", "currency=usd&unit_amount=5&product=prod_none", 400,
			"resource_missing", "product", "No such product: 'prod_none'",
		},
		{
			"unknown cursor", "GET", "/v1/customers?starting_after=cus_none", "", 400, "resource_missing",
			"starting_after", "No such customer: 'cus_none'",
		},
		{
			"two cursors", "GET", "/v1/customers?starting_after=a&ending_before=b", "", 400, "", "",
			"Received both starting_after and ending_before parameters. Please pass in only one.",
		},
		{
			"cannot expand", "POST", "/v1/customers", "expand[]=foo", 400, "", "expand",
			"This property cannot be expanded (foo).",
		},
		{
			"cannot expand in an empty list", "GET", "/v1/invoices?expand[]=data.foo", "", 400, "", "expand",
			"This property cannot be expanded (data.foo).",
		},
		{
			"cannot expand below", "GET", "/v1/invoices?expand[]=data.subscription.foo", "", 400, "", "expand",
			"This property cannot be expanded (data.subscription.foo).",
		},
		{
			"cannot expand a number", "POST", "/v1/customers", "expand[]=balance", 400, "", "expand",
			"This property cannot be expanded (balance).",
		},
		{
			"expands too deep", "GET", "/v1/invoices?expand[]=data.charge.invoice.subscription.customer", "", 400, "", "expand",
			"You cannot expand more than 4 levels of a property. Property: data.charge.invoice.subscription.customer",
		},
		{
			"cannot expand a list", "GET", "/v1/customers?expand[]=foo", "", 400, "", "expand",
			"This property cannot be expanded (foo). You may want to try expanding 'data.foo' instead.",
		},
		{"unknown URL", "GET", "/v1/nonsense", "", 404, "", "", "Unrecognized request URL (GET: /v1/nonsense)."},
		{
			"declined card", "POST", "/v1/payment_methods",
			"type=card&card[number]=4242424242424241&card[exp_month]=1&card[exp_year]=2050", 402, "incorrect_number",
			"number", "Your card number is incorrect.",
		},
		{
			"metadata value", "POST", "/v1/customers", "metadata[k]=" + strings.Repeat("x", 501), 400, "", "metadata[k]",
			"Metadata values can have up to 500 characters",
		},
		{"malformed name", "POST", "/v1/customers", "metadata[k=1", 400, "", "metadata[k", "Invalid request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, s, c.method, c.path, c.form)
			e := got.err(t)
			if got.status != c.status {
				t.Errorf("status %d, want %d: %v", got.status, c.status, e)
			}
			if message, _ := e["message"].(string); !strings.HasPrefix(message, c.message) {
				t.Errorf("message %q, want %q", message, c.message)
			}
			for key, want := range map[string]string{"code": c.code, "param": c.param} {
				if text, _ := e[key].(string); text != want {
					t.Errorf("%s is %q, want %q", key, text, want)
				}
			}
			if got.header.Get("Request-Id") == "" || got.header.Get("Stripe-Version") != stripe.APIVersion {
				t.Errorf("headers %v", got.header)
			}
		})
	}
	if n := len(send(t, s, "GET", "/v1/customers", "").body["data"].([]any)); n != 0 {
		t.Errorf("refused requests left %d customers", n)
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	for _, c := range []struct {
		name, authorization, message string
		status                       int
	}{
		{"none", "", "You did not provide an API key.", 401},
		{"wrong", "Bearer sk_test_wrongwrongabcd", "Invalid API Key provided: sk_test_**********abcd", 401},
		{"live", "Bearer sk_" + "live_abcdefgh1234", "This is the Stripe sandbox, and it was sent a live API key", 401},
		{"publishable", "Bearer " + s.PublishableKey(), "This API call cannot be made with a publishable API key.", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, s, "GET", "/v1/account", "", "Authorization", c.authorization)
			e := got.err(t)
			if got.status != c.status || !strings.HasPrefix(e["message"].(string), c.message) {
				t.Errorf("got %d %v", got.status, e)
			}
			if e["type"] != "invalid_request_error" {
				t.Errorf("type %v", e["type"])
			}
			if c.status == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	req, err := http.NewRequestWithContext(context.Background(), "GET", s.URL()+"/v1/balance", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(s.SecretKey(), "")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("basic authentication: %d", res.StatusCode)
	}
}

func TestVersionsAndHosts(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	if got := send(t, s, "GET", "/v1/account", "", "Stripe-Version", "2024-09-30.acacia"); got.status != 200 {
		t.Errorf("same train: %d %v", got.status, got.body)
	}
	if got := send(t, s, "GET", "/v1/account", "", "Stripe-Version", "2025-03-31.basil"); got.status != 400 {
		t.Errorf("another train: %d", got.status)
	}
	got := send(t, s, "GET", "/v1/account", "", "Stripe-Account", "acct_other")
	if got.status != 403 || got.err(t)["code"] != "account_invalid" {
		t.Errorf("another account: %d %v", got.status, got.body)
	}
	if got := send(t, s, "GET", "/v1/account", "", "Stripe-Account", s.AccountID()); got.status != 200 {
		t.Errorf("its own account: %d %v", got.status, got.body)
	}
	if got := send(t, s, "GET", "/v1/account", "", "Host", "evil.example"); got.status != http.StatusMisdirectedRequest {
		t.Errorf("foreign host: %d", got.status)
	}
	if got := send(t, s, "POST", "/v1/webhook_endpoints", "url=http://192.0.2.1/x&enabled_events[]=*"); got.status != 400 {
		t.Errorf("webhook target outside this machine: %d", got.status)
	}
	if got := send(t, s, "GET", "/_sim/faults", "", "Origin", "http://evil.example"); got.status == 200 {
		t.Error("the control interface answered another origin")
	}
}

func TestCustomersOverTheOfficialClient(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	made, err := s.Client.Customers.New(&stripe.CustomerParams{
		Email: stripe.String("a@example.com"), Name: stripe.String("A"),
		PaymentMethod:   stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")},
		Metadata:        map[string]string{"user_id": "1", "plan": "pro"},
		Address:         &stripe.AddressParams{Country: stripe.String("DE")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(made.ID, "cus_") || len(made.ID) != 18 || made.Livemode || made.Created == 0 {
		t.Errorf("customer %+v", made)
	}
	if made.InvoiceSettings.DefaultPaymentMethod == nil || made.InvoiceSettings.DefaultPaymentMethod.ID == "pm_card_visa" {
		t.Errorf("default card %+v", made.InvoiceSettings.DefaultPaymentMethod)
	}
	params := &stripe.CustomerParams{Name: stripe.String("B")}
	params.AddMetadata("plan", "")
	params.AddMetadata("seats", "3")
	params.AddExpand("invoice_settings.default_payment_method")
	params.AddExpand("subscriptions")
	changed, err := s.Client.Customers.Update(made.ID, params)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"user_id": "1", "seats": "3"}, changed.Metadata); diff != "" {
		t.Error(diff)
	}
	if changed.InvoiceSettings.DefaultPaymentMethod.Card.Last4 != "4242" {
		t.Errorf("expanded card %+v", changed.InvoiceSettings.DefaultPaymentMethod)
	}
	if changed.Address.Country != "DE" || changed.Email != "a@example.com" || changed.Subscriptions == nil {
		t.Errorf("what was not sent changed: %+v", changed)
	}
	cards := s.Client.Customers.ListPaymentMethods(&stripe.CustomerListPaymentMethodsParams{Customer: &made.ID})
	if !cards.Next() || cards.PaymentMethod().Customer.ID != made.ID {
		t.Errorf("no card: %v", cards.Err())
	}
	if _, err := s.Client.Customers.Del(made.ID, nil); err != nil {
		t.Fatal(err)
	}
	gone, err := s.Client.Customers.Get(made.ID, nil)
	if err != nil || !gone.Deleted {
		t.Errorf("deleted customer: %+v, %v", gone, err)
	}
	if _, err := s.Client.Customers.Update(made.ID, &stripe.CustomerParams{Name: stripe.String("C")}); err == nil {
		t.Error("a deleted customer was updated")
	}
	want := []string{
		"payment_method.attached", "customer.created", "customer.updated", "payment_method.detached",
		"customer.updated", "customer.deleted",
	}
	if diff := cmp.Diff(want, eventTypes(t, s)); diff != "" {
		t.Error(diff)
	}
}

// eventTypes lists the types of all events, oldest first.
func eventTypes(t *testing.T, s *sandboxtest.Sandbox) []string {
	t.Helper()
	var out []string
	list := s.Client.Events.List(&stripe.EventListParams{})
	for list.Next() {
		out = append([]string{string(list.Event().Type)}, out...)
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return out
}

func TestPreviousAttributes(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	made, err := s.Client.Customers.New(&stripe.CustomerParams{Name: stripe.String("A")})
	if err != nil {
		t.Fatal(err)
	}
	params := &stripe.CustomerParams{Name: stripe.String("B")}
	params.AddMetadata("k", "v")
	if _, err := s.Client.Customers.Update(made.ID, params); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Customers.Update(made.ID, params); err != nil { // Nothing changes, so nothing is announced.
		t.Fatal(err)
	}
	list := s.Client.Events.List(&stripe.EventListParams{Type: stripe.String("customer.updated")})
	if !list.Next() {
		t.Fatal(list.Err())
	}
	event := list.Event()
	want := map[string]any{"name": "A", "metadata": map[string]any{"k": nil}}
	if diff := cmp.Diff(want, event.Data.PreviousAttributes); diff != "" {
		t.Error(diff)
	}
	if event.Request == nil || event.Request.ID == "" || event.Request.IdempotencyKey == "" {
		t.Errorf("request %+v", event.Request)
	}
	if list.Next() {
		t.Error("an update that changed nothing was announced")
	}
}

func TestListsPageBothWays(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	var ids []string // Newest first.
	for i := range 7 {
		email := "even@example.com"
		if i%2 == 1 {
			email = "odd@example.com"
		}
		c, err := s.Client.Customers.New(&stripe.CustomerParams{Email: &email})
		if err != nil {
			t.Fatal(err)
		}
		ids = append([]string{c.ID}, ids...)
	}
	page := func(query string) ([]string, bool) {
		got := send(t, s, "GET", "/v1/customers?"+query, "")
		var out []string
		for _, item := range got.body["data"].([]any) {
			out = append(out, item.(map[string]any)["id"].(string))
		}
		return out, got.body["has_more"].(bool)
	}
	for _, c := range []struct {
		query string
		want  []string
		more  bool
	}{
		{"limit=3", ids[:3], true},
		{"limit=3&starting_after=" + ids[2], ids[3:6], true},
		{"limit=3&starting_after=" + ids[5], ids[6:], false},
		{"limit=3&ending_before=" + ids[4], ids[1:4], true},
		{"limit=3&ending_before=" + ids[2], ids[:2], false},
		{"limit=1000", ids, false},
		{"limit=0", ids[:1], true},
		{"email=odd@example.com", []string{ids[1], ids[3], ids[5]}, false},
		{"created[gt]=99999999999", nil, false},
		{"created[lte]=99999999999&limit=2", ids[:2], true},
	} {
		got, more := page(c.query)
		if diff := cmp.Diff(c.want, got); diff != "" || more != c.more {
			t.Errorf("%s: more %v, %s", c.query, more, diff)
		}
	}
	params := &stripe.CustomerListParams{}
	params.Limit = stripe.Int64(2)
	all := s.Client.Customers.List(params)
	n := 0
	for all.Next() {
		n++
	}
	if n != len(ids) || all.Err() != nil {
		t.Errorf("auto-paging found %d: %v", n, all.Err())
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	for _, c := range []struct{ name, email, plan string }{
		{"Ada Lovelace", "ada@example.com", "pro"},
		{"Alan Turing", "alan@example.com", "free"},
		{"Grace Hopper", "grace@example.com", "pro"},
	} {
		params := &stripe.CustomerParams{Name: stripe.String(c.name), Email: stripe.String(c.email)}
		params.AddMetadata("plan", c.plan)
		if _, err := s.Client.Customers.New(params); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int{
		`email:"ada@example.com"`: 1, `name~"LAN"`: 1, `metadata["plan"]:"pro"`: 2,
		`metadata["plan"]:"pro" AND -name~"ada"`: 1, `name~"Alan" OR name~"Grace"`: 2, `created>0`: 3, `-created>0`: 0,
		`metadata['plan']:'free'`: 1,
	} {
		list := s.Client.Customers.Search(&stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: query}})
		n := 0
		for list.Next() {
			n++
		}
		if n != want || list.Err() != nil {
			t.Errorf("%s found %d, want %d: %v", query, n, want, list.Err())
		}
	}
	for _, query := range []string{`name~"a" AND name~"b" OR name~"c"`, `shoe_size:"9"`, `name`, ``} {
		if got := send(t, s, "GET", "/v1/customers/search?query="+url.QueryEscape(query), ""); got.status != 400 {
			t.Errorf("%s: %d", query, got.status)
		}
	}
}

func TestCardsAttachAndDetach(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	c, err := s.Client.Customers.New(&stripe.CustomerParams{})
	if err != nil {
		t.Fatal(err)
	}
	attach := func(id string) (*stripe.PaymentMethod, error) {
		return s.Client.PaymentMethods.Attach(id, &stripe.PaymentMethodAttachParams{Customer: &c.ID})
	}
	_, err = attach("pm_card_visa_chargeDeclined")
	var declined *stripe.Error
	if !errors.As(err, &declined) || declined.HTTPStatusCode != 402 || declined.Code != "card_declined" ||
		declined.Type != stripe.ErrorTypeCard || declined.DeclineCode == "" {
		t.Errorf("a declining card: %v", err)
	}
	if _, err := attach("pm_card_chargeCustomerFail"); err != nil {
		t.Errorf("the dunning card: %v", err)
	}
	pm, err := attach("pm_card_visa")
	if err != nil || !strings.HasPrefix(pm.ID, "pm_1") || pm.Card.Last4 != "4242" {
		t.Fatalf("%+v, %v", pm, err)
	}
	if _, err := s.Client.PaymentMethods.Detach(pm.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := attach(pm.ID); err == nil {
		t.Error("a detached card was attached again")
	}
	typed, err := s.Client.PaymentMethods.New(&stripe.PaymentMethodParams{
		Type: stripe.String("card"),
		Card: &stripe.PaymentMethodCardParams{
			Number: stripe.String("4242424242424242"), ExpMonth: stripe.Int64(12),
			ExpYear: stripe.Int64(2050), CVC: stripe.String("123"),
		},
	})
	if err != nil || typed.Card.ExpYear != 2050 {
		t.Errorf("%+v, %v", typed, err)
	}
	real := send(t, s, "POST", "/v1/payment_methods",
		"type=card&card[number]=4539578763621486&card[exp_month]=1&card[exp_year]=2050")
	if e := real.err(t); real.status != 402 || !strings.Contains(e["message"].(string), "non test card") {
		t.Errorf("a number outside the table: %v", e)
	}
}
