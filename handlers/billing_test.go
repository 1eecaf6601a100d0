package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models/modelstest"
)

func TestBuyingShowsThePlanOnReturn(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		require.Contains(t, b.get("/app/billing").text(), "Free")
		b.subscribe("pro_v1_year")
		page := b.get("/app/billing").text()
		require.Contains(t, page, "Pro")
		require.Contains(t, page, "$790")
		require.Contains(t, page, "4242")

		pricing := b.get("/pricing?interval=year")
		require.Contains(t, pricing.text(), "Switch")
		require.NotContains(t, pricing.text(), "free for 14 days", "the trial is used")
	})
}

func TestReturnPageBelievesNobody(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		payer, stranger := s.signedUp(t, "ada"), s.signedUp(t, "grace")
		away := payer.submit(payer.get("/app/billing/checkout?price=pro_v1_month"), `form[action="/app/billing/checkout"]`, nil)
		session := away.location[strings.LastIndex(away.location, "/")+1:]
		s.pay(away.location, "pm_card_visa")

		waiting := stranger.get("/app/billing/return?session_id=" + session)
		require.Equal(t, http.StatusOK, waiting.status)
		require.Equal(t, "free", stranger.get("/api/me/entitlements").json()["plan"])

		visitor := s.browser(t).get("/app/billing/return?session_id=" + session)
		require.Equal(t, http.StatusSeeOther, visitor.status)
		require.True(t, strings.HasPrefix(visitor.location, "/login"), visitor.location)
	})
}

func TestF07_ReturnPageSaysSoWhenStripeIsSlow(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		away := b.submit(b.get("/app/billing/checkout?price=pro_v1_month"), `form[action="/app/billing/checkout"]`, nil)
		stripe := s.EmbeddedStripe().(*sandbox.Sandbox)
		stripe.AddFault(sandbox.Fault{Match: "GET /v1/*", LatencyMS: 4000, Times: -1})
		s.pay(away.location, "pm_card_visa")
		began := time.Now()
		page := b.get("/app/billing/return")
		require.Less(t, time.Since(began), 8*time.Second)
		require.Equal(t, http.StatusOK, page.status)
		refresh := page.doc().Find(`meta[http-equiv="refresh"]`).AttrOr("content", "")
		require.Contains(t, refresh, "/app/billing/return?try=1", "it refreshes itself, without JavaScript")
		stripe.ClearFaults()
		require.Equal(t, "/app/billing", b.get("/app/billing/return?try=1").location)
	})
}

func TestCheckoutRefusesWhatIsNotForSale(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		token := b.token()
		for _, price := range []string{"", "free", "price_123", "pro_v9_month", "pro"} {
			got := b.post("/app/billing/checkout", url.Values{"_csrf": {token}, "price": {price}, "amount": {"1"}})
			require.Equal(t, http.StatusBadRequest, got.status, price)
			require.Equal(t, http.StatusBadRequest, b.get("/app/billing/checkout?price="+url.QueryEscape(price)).status)
		}
	})
}

// TestCheckoutIsForOneself posts every field a stranger might try.
func TestCheckoutIsForOneself(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		victim, b := s.signedUp(t, "ada"), s.signedUp(t, "mallory")
		victim.subscribe("pro_v1_month")
		for _, path := range []string{"/app/billing/checkout", "/app/billing/portal"} {
			got := b.post(path, url.Values{
				"_csrf": {b.token()}, "price": {"starter_v1_month"}, "customer": {"cus_1"}, "account_id": {"1"},
				"user_id": {"1"}, "trial_period_days": {"999"}, "plan": {"pro"},
			})
			require.Equal(t, http.StatusSeeOther, got.status, "%s: %s", path, got.text())
		}
		require.Equal(t, "free", b.get("/api/me/entitlements").json()["plan"])
		require.Equal(t, "pro", victim.get("/api/me/entitlements").json()["plan"])
	})
}

func TestPortalOpensForTheAccountsCustomer(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("starter_v1_month")
		for name, form := range map[string]url.Values{
			"front page": {}, "card": {"flow": {"payment_method_update"}},
		} {
			form.Set("_csrf", b.token())
			got := b.post("/app/billing/portal", form)
			require.Equal(t, http.StatusSeeOther, got.status, "%s: %s", name, got.text())
			require.True(t, strings.HasPrefix(got.location, s.Config.StripeAPIBase+"/_stripe/p/"), got.location)
			page := s.browser(t).get(got.location)
			if page.status == http.StatusSeeOther {
				page = s.browser(t).get(s.Config.StripeAPIBase + page.location)
			}
			require.Equal(t, http.StatusOK, page.status, name)
		}
		require.Equal(t, http.StatusBadRequest, b.post("/app/billing/portal", url.Values{
			"_csrf": {b.token()}, "flow": {"anything"},
		}).status)
	})
}

// TestF06_StripeDownLeavesThePagesUp: what we know ourselves needs nobody else, and who wants to pay is told.
func TestF06_StripeDownLeavesThePagesUp(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		stripe := s.EmbeddedStripe().(*sandbox.Sandbox)
		payer := s.signedUp(t, "grace")
		payer.subscribe("pro_v1_month")
		stripe.AddFault(sandbox.Fault{Match: "/v1/*", Cut: true, Times: -1})
		b := s.signedUp(t, "ada")
		for _, path := range []string{"/app", "/app/billing", "/app/projects", "/app/settings", "/pricing"} {
			require.Equal(t, http.StatusOK, b.get(path).status, path)
			require.Equal(t, http.StatusOK, payer.get(path).status, path)
		}
		require.Equal(t, http.StatusPaymentRequired, b.get("/app/projects/export.csv").status)
		require.Equal(t, http.StatusOK, payer.get("/app/projects/export.csv").status, "who has paid has what they paid for")
		require.Equal(t, http.StatusSeeOther, b.post("/logout", url.Values{"_csrf": {b.token()}}).status)
		require.Equal(t, http.StatusSeeOther, b.submit(b.get("/login"), `form[action="/login"]`, url.Values{
			"email": {"ada@example.com"}, "password": {"correct horse battery"},
		}).status)
		for name, got := range map[string]answer{
			"checkout": b.submit(b.get("/app/billing/checkout?price=pro_v1_month"), `form[action="/app/billing/checkout"]`, nil),
			"portal":   payer.post("/app/billing/portal", url.Values{"_csrf": {payer.token()}}),
		} {
			require.Equal(t, http.StatusServiceUnavailable, got.status, name)
			require.Contains(t, got.text(), "try again", name)
			require.NotContains(t, string(got.body), "cus_", name)
			require.NotEmpty(t, got.header.Get("Retry-After"), name)
		}
		stripe.ClearFaults()
		b.subscribe("pro_v1_month")
	})
}

// TestF15_APortalThatIsNotSetUpHasAPage with words of ours, and a line in the log with Stripe's and the request's number.
func TestF15_APortalThatIsNotSetUpHasAPage(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &journal{}
			s := newLoggedSite(t, newURL(t), log)
			b := s.signedUp(t, "ada")
			b.subscribe("pro_v1_month")
			s.stripe().AddFault(sandbox.Fault{
				Match: "POST /v1/billing_portal/sessions", Status: http.StatusBadRequest, Times: -1,
				Message: "No configuration provided for cus_of_ada.",
			})
			got := b.post("/app/billing/portal", url.Values{"_csrf": {b.token()}})
			require.Equal(t, http.StatusServiceUnavailable, got.status)
			for _, private := range []string{"No configuration", "cus_", "req_", "Stripe said"} {
				require.NotContains(t, string(got.body), private)
			}
			id := got.header.Get("X-Request-Id")
			require.Contains(t, string(got.body), id)
			require.Equal(t, 1, log.lines("request failed", id, "No configuration", "req_"), "whom to ask about what, at Stripe too")
		})
	}
}

// TestM10_NobodyIsExemptBecauseAFormSaysSo posts what the form of the order does not have.
func TestM10_NobodyIsExemptBecauseAFormSaysSo(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		order := b.get("/app/billing/checkout?price=pro_v1_month")
		away := b.submit(order, `form[action="/app/billing/checkout"]`, url.Values{
			"tax_exempt": {"exempt"}, "customer_tax_exempt": {"exempt"}, "automatic_tax": {"false"}, "discounts": {"free"},
		})
		require.Equal(t, http.StatusSeeOther, away.status, away.text())
		s.pay(away.location, "pm_card_visa")
		sub := s.subscription()
		customer, err := sandboxtest.Client(s.stripe()).Customers.Get(sub.Customer.ID, nil)
		require.NoError(t, err)
		require.EqualValues(t, "none", customer.TaxExempt)
		require.Empty(t, sub.Discounts)
	})
}

// TestF07_StripeTakesHalfAMinute for every answer, which nobody here waits for.
func TestF07_StripeTakesHalfAMinute(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		order, portal := b.get("/app/billing/checkout?price=pro_v1_month"), url.Values{"_csrf": {b.token()}}
		s.EmbeddedStripe().(*sandbox.Sandbox).AddFault(sandbox.Fault{Match: "/v1/*", LatencyMS: 30_000, Times: -1})
		within := func(limit time.Duration, ask func() answer, want int) {
			began := time.Now()
			got := ask()
			require.Equal(t, want, got.status, got.text())
			require.Less(t, time.Since(began), limit, got.path)
		}
		within(10*time.Second, func() answer { return b.submit(order, `form[action="/app/billing/checkout"]`, nil) },
			http.StatusServiceUnavailable)
		within(10*time.Second, func() answer { return b.post("/app/billing/portal", portal) }, http.StatusServiceUnavailable)
		within(time.Second, func() answer { return b.get("/healthz") }, http.StatusOK)
		within(time.Second, func() answer { return b.get("/readyz") }, http.StatusOK)
		within(2*time.Second, func() answer { return b.get("/app/billing") }, http.StatusOK)
		within(2*time.Second, func() answer { return s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_1", 0)) }, http.StatusOK)
		s.EmbeddedStripe().(*sandbox.Sandbox).ClearFaults()
	})
}
