package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// A 500 before the work is remembered under its key, and says that a retry is in vain. Whoever takes a new key gets on.
func TestInjected500IsRemembered(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 500})
	for i := range 3 {
		got := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k")
		if e := got.err(t); got.status != 500 || e["type"] != "api_error" || got.header.Get("Stripe-Should-Retry") != "false" ||
			(got.header.Get("Idempotent-Replayed") == "true") != (i > 0) {
			t.Errorf("try %d: %d %v %v", i, got.status, e, got.header)
		}
	}
	if n := count(t, s, "/v1/customers") + count(t, s, "/v1/events"); n != 0 {
		t.Errorf("%d objects and events of a request that failed", n)
	}
	if got := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k2"); got.status != 200 {
		t.Errorf("under a new key: %d %v", got.status, got.body)
	}
	// Without a key there is nothing to remember, and a retry is worth it.
	s.AddFault(sandbox.Fault{Match: "GET /v1/account", Status: 500})
	if got := send(t, s, "GET", "/v1/account", ""); got.status != 500 || got.header.Get("Stripe-Should-Retry") != "true" {
		t.Errorf("without a key: %d %v", got.status, got.header)
	}
}

// What never began to execute may be sent again under its key; the header says whether it is worth it.
func TestWhatFaultsLeaveUnderAKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault      sandbox.Fault
		retry      string
		code       string
		remembered bool
	}{
		{sandbox.Fault{Status: 400}, "false", "", false},
		{sandbox.Fault{Status: 402}, "false", "card_declined", true},
		{sandbox.Fault{Status: 409, Code: "lock_timeout"}, "true", "lock_timeout", false},
		{sandbox.Fault{Status: 429}, "false", "rate_limit", false},
		{sandbox.Fault{Status: 429, Code: "lock_timeout"}, "true", "lock_timeout", false},
		{sandbox.Fault{Status: 500}, "false", "", true},
		{sandbox.Fault{Status: 502}, "true", "", false},
		{sandbox.Fault{Status: 503}, "true", "", false},
		{sandbox.Fault{Status: 504}, "true", "", false},
	} {
		t.Run(fmt.Sprint(test.fault.Status, test.fault.Code), func(t *testing.T) {
			t.Parallel()
			s := sandboxtest.New(t)
			s.AddFault(test.fault)
			first := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k")
			code, _ := first.err(t)["code"].(string)
			if first.status != test.fault.Status || code != test.code || first.header.Get("Stripe-Should-Retry") != test.retry {
				t.Errorf("%d %s, retry %s", first.status, code, first.header.Get("Stripe-Should-Retry"))
			}
			again := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k")
			want := http.StatusOK
			if test.remembered {
				want = test.fault.Status
			}
			if again.status != want {
				t.Errorf("again under the key: %d", again.status)
			}
		})
	}
}

// The official client follows the header: it tries again after a lock, and finds a remembered failure not worth it.
func TestTheOfficialClientRetriesAsTold(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(s.URL()), MaxNetworkRetries: stripe.Int64(2), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	backend.(*stripe.BackendImplementation).SetNetworkRetriesSleep(false)
	s.Client.Customers.B = backend
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 429, Code: "lock_timeout", Times: 2})
	if _, err := s.Client.Customers.New(&stripe.CustomerParams{}); err != nil {
		t.Errorf("after two locks: %v", err)
	}
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 500, Times: 2})
	var failed *stripe.Error
	if _, err := s.Client.Customers.New(&stripe.CustomerParams{}); !errors.As(err, &failed) || failed.HTTPStatusCode != 500 {
		t.Errorf("a remembered failure: %v", err)
	}
	if faults := s.Faults(); len(faults) != 1 || faults[0].Times != 1 {
		t.Errorf("a remembered failure was tried again: %+v", faults)
	}
}

// A truncated answer and a cut connection are answers that got lost: the work is done once, whatever the client does.
func TestTruncatedAndCutAnswers(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Truncate: true})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/customers", strings.NewReader("name=A"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(s.SecretKey(), "")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Idempotency-Key", "k")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	half, err := io.ReadAll(res.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(half)) != res.ContentLength/2 || res.StatusCode != 200 {
		t.Errorf("%d: %d of %d bytes, %v", res.StatusCode, len(half), res.ContentLength, err)
	}
	got := send(t, s, "POST", "/v1/customers", "name=A", "Idempotency-Key", "k")
	if got.header.Get("Idempotent-Replayed") != "true" || count(t, s, "/v1/customers") != 1 {
		t.Errorf("after the truncated answer: %v", got.header)
	}
	for _, after := range []bool{false, true} {
		before := count(t, s, "/v1/customers")
		// GET-like transports resend what has a key by themselves, so this one has none.
		s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Cut: true, AfterCommit: after})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/customers", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(s.SecretKey(), "")
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			t.Error("the cut connection answered")
		}
		if made := count(t, s, "/v1/customers") - before; (made == 1) != after {
			t.Errorf("cut, after the work: %t: %d customers", after, made)
		}
	}
}

func TestFaultsChooseTheirRequests(t *testing.T) {
	t.Parallel()
	for match, want := range map[string]string{
		"":                              "GET /v1/customers, GET /v1/customers/cus_1, POST /v1/customers, POST /v1/invoices/in_1/pay",
		"POST":                          "POST /v1/customers, POST /v1/invoices/in_1/pay",
		"post /v1/customers":            "POST /v1/customers",
		"/v1/customers":                 "GET /v1/customers, POST /v1/customers",
		"GET /v1/customers/*":           "GET /v1/customers/cus_1",
		"* /v1/invoices/*/pay":          "POST /v1/invoices/in_1/pay",
		"*/pay":                         "POST /v1/invoices/in_1/pay",
		"POST /v1/invoices/*/finalize":  "",
		"POST /v1/*ces/in_1*1*/pay":     "",
		"GET /v1/cust*omers/cus*cus_1*": "",
	} {
		var hit []string
		for _, request := range []string{
			"GET /v1/customers", "GET /v1/customers/cus_1", "POST /v1/customers", "POST /v1/invoices/in_1/pay",
		} {
			method, path, _ := strings.Cut(request, " ")
			if sandbox.Matches(sandbox.Fault{Match: match}, method, path) {
				hit = append(hit, request)
			}
		}
		if got := strings.Join(hit, ", "); got != want {
			t.Errorf("%q hits %s; want %s", match, got, want)
		}
	}
}

func TestTheControlInterface(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	sim := func(method, path, body string) answer { return send(t, s, method, "/_sim/"+path, body) }
	for body, says := range map[string]string{
		`{"status": 200}`:                `must be 400 to 599`,
		`{"status": 500, "times": -2}`:   `must be -1`,
		`{"cut": true, "status": 500}`:   `one of status, cut and truncate`,
		`{"latency_ms": 60001}`:          `0 to 60000`,
		`{"match": "POST /v1/invoices"}`: `does nothing`,
		`{"statsu": 500}`:                `unknown field`,
		`[]`:                             `read the body`,
	} {
		got := sim("POST", "faults", body)
		if text, _ := got.body["error"].(string); got.status != 400 || !strings.Contains(text, says) {
			t.Errorf("%s: %d %v", body, got.status, got.body)
		}
	}
	if got := sim("POST", "faults", `{"match": "GET /v1/balance", "status": 503, "times": 2}`); got.status != 200 {
		t.Fatal(got.body)
	}
	if got := sim("GET", "faults", ""); len(got.body["faults"].([]any)) != 1 {
		t.Errorf("%v", got.body)
	}
	if got := sim("DELETE", "faults", ""); len(got.body["faults"].([]any)) != 0 {
		t.Errorf("%v", got.body)
	}
	before := s.Now()
	if got := sim("POST", "clock", `{"by": "744h"}`); got.status != 200 || s.Now().Sub(before) < 744*time.Hour {
		t.Errorf("%v", got.body)
	}
	if got := sim("POST", "clock", `{"to": 1}`); got.status != 400 {
		t.Errorf("back in time: %v", got.body)
	}
	if got := sim("POST", "mode", `{"mode": "field"}`); got.status != 200 || s.Mode() != sandbox.Field {
		t.Errorf("%v", got.body)
	}
	if got := sim("POST", "idle", ""); got.status != 200 {
		t.Errorf("%v", got.body)
	}
	if got := sim("POST", "resend", `{"event": "evt_none"}`); got.status != 400 {
		t.Errorf("%v", got.body)
	}
	if got := sim("GET", "nonsense", ""); got.status != 404 {
		t.Errorf("%d", got.status)
	}
	customer(t, s, "A")
	if got := sim("POST", "reset", ""); got.status != 200 || count(t, s, "/v1/customers") != 0 || s.Mode() != sandbox.Causal {
		t.Errorf("%v", got.body)
	}
}
