package sandbox_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

func count(t *testing.T, s *sandboxtest.Sandbox, path string) int {
	t.Helper()
	return len(send(t, s, "GET", path, "").body["data"].([]any))
}

func TestIdempotentReplay(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	first := send(t, s, "POST", "/v1/customers", "name=A&metadata[a]=1&metadata[b]=2", "Idempotency-Key", "k1")
	again := send(t, s, "POST", "/v1/customers", "metadata[b]=2&metadata[a]=1&name=A", "Idempotency-Key", "k1")
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay headers: %v, %v", first.header, again.header)
	}
	if again.header.Get("Original-Request") != first.header.Get("Request-Id") ||
		again.header.Get("Request-Id") == first.header.Get("Request-Id") || again.header.Get("Idempotency-Key") != "k1" {
		t.Errorf("headers of the replay: %v", again.header)
	}
	if first.body["id"] != again.body["id"] || count(t, s, "/v1/customers") != 1 || count(t, s, "/v1/events") != 1 {
		t.Error("the repeated request had a second effect")
	}
	for name, got := range map[string]answer{
		"other parameters": send(t, s, "POST", "/v1/customers", "name=B", "Idempotency-Key", "k1"),
		"other path":       send(t, s, "POST", "/v1/products", "name=A", "Idempotency-Key", "k1"),
	} {
		e := got.err(t)
		if got.status != 400 || e["type"] != "idempotency_error" ||
			!strings.HasPrefix(e["message"].(string), "Keys for idempotent requests can only be used with the same") {
			t.Errorf("%s: %d %v", name, got.status, e)
		}
	}
}

// A request refused for its parameters may be corrected under the same key; a declined card is remembered.
func TestWhatIsRemembered(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	if got := send(t, s, "POST", "/v1/customers", "emial=a", "Idempotency-Key", "k"); got.status != 400 {
		t.Fatal(got.status)
	}
	if got := send(t, s, "POST", "/v1/customers", "email=a@example.com", "Idempotency-Key", "k"); got.status != 200 {
		t.Errorf("the corrected request: %d %v", got.status, got.body)
	}
	customer := send(t, s, "POST", "/v1/customers", "").body["id"].(string)
	for i := range 2 {
		got := send(t, s, "POST", "/v1/payment_methods/pm_card_visa_chargeDeclined/attach", "customer="+customer,
			"Idempotency-Key", "declined")
		if got.status != 402 || (got.header.Get("Idempotent-Replayed") == "true") != (i == 1) {
			t.Errorf("declined attempt %d: %d %v", i, got.status, got.header)
		}
	}
	if got := send(t, s, "POST", "/v1/customers", "", "Idempotency-Key", strings.Repeat("k", 256)); got.status != 400 {
		t.Errorf("a key of 256 characters: %d", got.status)
	}
}

func TestConcurrentRequestsWithOneKey(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", LatencyMS: 300})
	const n = 8
	answers := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { answers[i] = send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "same") })
	}
	wg.Wait()
	inUse := 0
	for _, a := range answers {
		switch a.status {
		case http.StatusOK:
		case http.StatusConflict:
			inUse++
			if e := a.err(t); e["code"] != "idempotency_key_in_use" || a.header.Get("Stripe-Should-Retry") != "true" {
				t.Errorf("%v %v", e, a.header)
			}
		default:
			t.Errorf("status %d %v", a.status, a.body)
		}
	}
	if inUse == 0 || inUse == n {
		t.Errorf("%d of %d met the key in use", inUse, n)
	}
	if got := count(t, s, "/v1/customers"); got != 1 {
		t.Errorf("%d customers", got)
	}
}

// The answer gets lost after the work was done: the retry with the same key must find the one object.
func TestLostAnswerAndRetry(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 500, AfterCommit: true})
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Cut: true, AfterCommit: true})
	params := &stripe.CustomerParams{Name: stripe.String("A")}
	params.SetIdempotencyKey("signup-1")
	_, err := s.Client.Customers.New(params)
	var failed *stripe.Error
	if !errors.As(err, &failed) || failed.HTTPStatusCode != 500 || failed.Type != stripe.ErrorTypeAPI {
		t.Fatalf("the injected failure: %v", err)
	}
	// Go's own transport sends a request that carries a key once more when the connection breaks.
	if _, err := s.Client.Customers.New(params); err != nil {
		t.Fatalf("the cut connection: %v", err)
	}
	made, err := s.Client.Customers.New(params)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "/v1/customers"); n != 1 || made.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d customers, %v", n, made.LastResponse.Header)
	}
	if n := count(t, s, "/v1/events"); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestFaultsBeforeTheWork(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	got := send(t, s, "POST", "/_sim/faults", `{"match":"POST /v1/cust*","status":429,"times":2}`)
	if got.status != 200 {
		t.Fatal(got.body)
	}
	for range 2 {
		got := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k")
		if e := got.err(t); got.status != 429 || e["code"] != "rate_limit" || e["type"] != "invalid_request_error" {
			t.Errorf("%d %v", got.status, e)
		}
	}
	if n := count(t, s, "/v1/customers"); n != 0 {
		t.Errorf("%d customers", n)
	}
	if got := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k"); got.status != 200 {
		t.Errorf("after the fault: %d", got.status)
	}
	s.AddFault(sandbox.Fault{Status: 429, Code: "lock_timeout", Times: -1})
	if e := send(t, s, "GET", "/v1/account", "").err(t); e["code"] != "lock_timeout" {
		t.Errorf("%v", e)
	}
	s.ClearFaults()
	if got := send(t, s, "GET", "/v1/account", ""); got.status != 200 {
		t.Errorf("after clearing: %d", got.status)
	}
}
