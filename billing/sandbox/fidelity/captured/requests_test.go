package captured

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// agent ends the User-Agent of the application's own calls, as billing/gateway makes them. Tests call by the official
// client as well, on purpose also wrongly, and those calls are not the application's.
const agent = "tollgate-gateway"

// fewestShapes is less than what the application's gateway asks for by itself: with fewer, something was not captured.
const fewestShapes = 20

// request is a call of the API as it came, its query and body in the notation of forms.
type request struct{ Agent, Method, Path, Form string }

// Every request that the application made in any test is one that Stripe's own stand-in accepts: no unknown or
// misspelt parameter, no value outside its choices, nothing required left out.
func TestRequestsOfTheApplicationAreAccepted(t *testing.T) {
	t.Parallel()
	total, shapes := 0, map[string]request{}
	eachCapture(t, func(c capture) {
		if c.Request != nil && strings.HasSuffix(c.Request.Agent, " "+agent) {
			total++
			shapes[c.Request.shape()] = *c.Request
		}
	})
	judge := newValidator(t)
	refused := 0
	for shape, r := range shapes {
		if err := judge.accepts(r); err != nil {
			refused++
			t.Errorf("%s\n\t%v", shape, err)
		}
	}
	if len(shapes) < fewestShapes {
		t.Errorf("only %d shapes of requests were captured", len(shapes))
	}
	verdict := "all accepted"
	if refused > 0 {
		verdict = fmt.Sprintf("%d shapes refused", refused)
	}
	table.Report(t, "requests", fmt.Sprintf("%d requests in %d shapes, %s", total, len(shapes), verdict))
	spoil(t, judge, shapes)
}

// What came after stripe-mock's document is accepted as far as the types of the exact version list it, and no further.
func TestLaterParametersAreThoseOfTheTypes(t *testing.T) {
	t.Parallel()
	judge := newValidator(t)
	for form, accepted := range map[string]bool{
		"mode=payment&adaptive_pricing[enabled]=true": true,
		"mode=payment&adaptive_pricing[enable]=true":  false,
		"mode=payment&adaptive_prices[enabled]=true":  false,
	} {
		err := judge.accepts(request{Method: http.MethodPost, Path: "/v1/checkout/sessions", Form: form})
		if (err == nil) != accepted {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// spoil breaks requests that were accepted.
func spoil(t *testing.T, judge *validator, shapes map[string]request) {
	t.Helper()
	for _, broken := range []struct{ what, path, from, to string }{
		{"mode of a checkout session, misspelt as mdoe", "/v1/checkout/sessions", "mode=", "mdoe="},
		{"mode of a checkout session, not one of its choices", "/v1/checkout/sessions", "mode=subscription", "mode=subscribe"},
		{"currency of a price, left out", "/v1/prices", "currency=", "nickname="},
		{"the path of a portal session, misspelt", "/v1/billing_portal/sessions", "", ""},
	} {
		found := false
		for _, r := range shapes {
			if r.Method != http.MethodPost || r.Path != broken.path || found || judge.accepts(r) != nil {
				continue
			}
			found = true
			bad := r
			bad.Form = strings.Replace(r.Form, broken.from, broken.to, 1)
			if broken.from == "" {
				bad.Path += "s"
			}
			table.Control(t, "requests", broken.what, func() error { return judge.accepts(bad) })
		}
		if !found {
			t.Errorf("no request of %s was captured that could be broken: %s", broken.path, broken.what)
		}
	}
}

// shape is what makes a request another one than those before: the operation, the names of its parameters, and the
// values that are choices. Ids, texts, numbers and metadata are not.
func (r request) shape() string {
	pairs := strings.Split(r.Form, "&")
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		name = regexp.MustCompile(`\[\d*\]`).ReplaceAllString(name, "[]")
		if i := strings.Index(name, "metadata["); i >= 0 {
			name, value = name[:i]+"metadata[]", ""
		}
		if !regexp.MustCompile(`^[a-z_]{2,30}$`).MatchString(value) {
			value = ""
		}
		seen[name+"="+value] = true
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	segments := strings.Split(r.Path, "/")
	for i, segment := range segments {
		if !regexp.MustCompile(`^(v1|[a-z_]+)$`).MatchString(segment) {
			segments[i] = "{}"
		}
	}
	return r.Method + " " + strings.Join(segments, "/") + " " + strings.Join(names, " ")
}

// validator is stripe-mock, with the parameters that came after its document.
type validator struct{ mock http.Handler }

func newValidator(t *testing.T) *validator {
	t.Helper()
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := addParameters(doc); err != nil {
		t.Fatal(err)
	}
	stub, err := server.NewStubServer(fixtures, doc, false, false)
	if err != nil {
		t.Fatal(err)
	}
	return &validator{mock: http.HandlerFunc(stub.HandleRequest)}
}

// accepts sends a request to stripe-mock and returns its refusal.
func (v *validator) accepts(r request) error {
	target, body := "https://api.stripe.com"+r.Path, io.Reader(http.NoBody)
	if r.Method == http.MethodPost {
		body = strings.NewReader(r.Form)
	} else {
		target += "?" + r.Form
	}
	req := httptest.NewRequest(r.Method, target, body)
	req.Header.Set("Authorization", "Bearer sk_test_123")
	if r.Method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	rec := httptest.NewRecorder()
	v.mock.ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		return errors.Join(fmt.Errorf("status %d", rec.Code), errors.New(strings.TrimSpace(rec.Body.String())))
	}
	return nil
}
