package handlers_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/handlers"
	"example.com/tollgate/models"
)

// stripeAPI asks the sandbox as somebody at Stripe would. An empty form reads.
func (s *site) stripeAPI(path string, form url.Values) map[string]any {
	s.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.Config.StripeAPIBase+path, strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(s.Config.StripeSecretKey, "")
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, response.StatusCode, string(body))
	var out map[string]any
	require.NoError(s.t, json.Unmarshal(body, &out))
	return out
}

func (s *site) forward(d time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.EmbeddedStripe().(*sandbox.Sandbox).Advance(s.t.Context(), d))
}

// payer is somebody who has signed up and pays, without a trial before.
func (s *site) payer(t *testing.T, name, lookupKey string) *browser {
	t.Helper()
	b := s.signedUp(t, name)
	account := s.accountOf(t, name+"@example.com")
	at := s.Billing.Connection
	require.NoError(t, s.DB.Write(t.Context()).Create(&models.Trial{
		AccountID: account.ID, StripeAccount: at.StripeAccount, Livemode: at.Livemode, StartedAt: time.Now().UTC(),
		UserID: account.CreatedBy, SubscriptionID: "sub_of_long_ago",
	}).Error)
	b.subscribe(lookupKey)
	return b
}

func (s *site) subscriptionOf(t *testing.T, email string) models.Subscription {
	t.Helper()
	var sub models.Subscription
	account := s.accountOf(t, email)
	require.NoError(t, s.DB.Read(t.Context()).Order("id DESC").
		Where("customer_id IN (SELECT id FROM customers WHERE account_id = ?)", account.ID).Take(&sub).Error)
	return sub
}

// usesCard makes another card the one that is charged.
func (s *site) usesCard(t *testing.T, email, card string) {
	t.Helper()
	customer := customerID(t, s, s.accountOf(t, email))
	method := s.stripeAPI("/v1/payment_methods/"+card+"/attach", url.Values{"customer": {customer}})["id"].(string)
	s.stripeAPI("/v1/subscriptions/"+s.subscriptionOf(t, email).StripeID, url.Values{"default_payment_method": {method}})
}

// chooses goes from the choice of plans to the page that repeats it.
func (b *browser) chooses(lookupKey string) answer {
	b.t.Helper()
	plans := b.get("/app/billing/change")
	require.Equal(b.t, http.StatusOK, plans.status, plans.text())
	away := b.submit(plans, `form[action="/app/billing/change"]:has(input[value="`+lookupKey+`"])`, nil)
	require.Equal(b.t, http.StatusSeeOther, away.status, away.text())
	require.True(b.t, strings.HasPrefix(away.location, "/app/billing/change/change_"), away.location)
	offer := b.get(away.location)
	require.Equal(b.t, http.StatusOK, offer.status, offer.text())
	offer.path = away.location
	return offer
}

// confirms sends the confirmation of an offer, and follows to what came of it.
func (b *browser) confirms(offer answer) answer {
	b.t.Helper()
	away := b.submit(offer, `form[action="`+offer.path+`"]`, nil)
	require.Equal(b.t, http.StatusSeeOther, away.status, away.text())
	end := b.get(away.location)
	end.location, end.path = away.location, away.location
	return end
}

func TestAnUpgradeCostsWhatThePageSaid(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		s.forward(10 * 24 * time.Hour)
		assert.NotZero(t, b.get("/app/billing").doc().Find(`a[href="/app/billing/change"]`).Length())
		offer := b.chooses("pro_v1_month")
		due := offer.doc().Find("#due").Text()
		require.Regexp(t, `^\$[34]\d\.\d\d$`, due)
		for _, want := range []string{
			"Starter", "Pro", "Unused time", "-$", "Visa ending in 4242 is charged", "Next payment on", "$79.00",
			"API access", "Unlimited projects instead of 25 projects", "Pay " + due + " and switch",
		} {
			assert.Contains(t, offer.text(), want)
		}
		done := b.confirms(offer)
		assert.Equal(t, "/app/billing", done.location)
		assert.Contains(t, string(done.body), "Your plan is changed.")
		assert.Contains(t, done.text(), "$79 a month")
		assert.Contains(t, done.text(), due, "the bill is what was shown")
		again := b.post(offer.path, url.Values{"_csrf": {b.token()}})
		assert.Equal(t, "/app/billing", again.location, "a second click finds it done")
		assert.Equal(t, "/app/billing", b.get(offer.path).location)
		var invoices int64
		require.NoError(t, s.DB.Read(t.Context()).Model(&models.Invoice{}).Count(&invoices).Error)
		assert.EqualValues(t, 2, invoices)
	})
}

func TestF13_ADeclinedUpgradeSaysSoAndLeadsToTheCard(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		s.usesCard(t, "ada@example.com", "pm_card_chargeCustomerFail")
		refused := b.confirms(b.chooses("pro_v1_month"))
		assert.Equal(t, http.StatusOK, refused.status)
		for _, want := range []string{"The card was declined", "Nothing was charged", "still on Starter", "Change the card"} {
			assert.Contains(t, refused.text(), want)
		}
		assert.Equal(t, "starter", b.get("/api/me/entitlements").json()["plan"])
		s.usesCard(t, "ada@example.com", "pm_card_visa")
		retry := b.submit(refused, `form[action="/app/billing/change"]`, nil)
		offer := b.get(retry.location)
		offer.path = retry.location
		assert.Equal(t, "/app/billing", b.confirms(offer).location)
		assert.Equal(t, "pro", b.get("/api/me/entitlements").json()["plan"])
	})
}

func TestF14_AnUpgradeThatTheBankAsksAbout(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		s.usesCard(t, "ada@example.com", "pm_card_authenticationRequired")
		offer := b.chooses("pro_v1_month")
		asked := b.confirms(offer)
		require.Equal(t, offer.path, asked.location)
		for _, want := range []string{"Your bank wants to know it is you", "Nothing has been charged", "stay on Starter"} {
			assert.Contains(t, asked.text(), want)
		}
		link := asked.doc().Find(`main a.btn-primary`).AttrOr("href", "")
		require.True(t, strings.HasPrefix(link, s.Config.StripeAPIBase+"/"), link)
		require.Equal(t, http.StatusOK, s.browser(t).get(link).status)
		billing := b.get("/app/billing")
		assert.Contains(t, billing.text(), "Your switch to Pro waits for your bank")
		assert.Equal(t, link, billing.doc().Find(`main .alert a.btn-primary`).AttrOr("href", ""))
		assert.Equal(t, "starter", b.get("/api/me/entitlements").json()["plan"])

		sub := s.stripeAPI("/v1/subscriptions/"+s.subscriptionOf(t, "ada@example.com").StripeID, nil)
		invoice := s.stripeAPI("/v1/invoices/"+sub["latest_invoice"].(string), nil)
		bank := s.Config.StripeAPIBase + "/_stripe/3ds/" + invoice["payment_intent"].(string)
		holder := s.browser(t)
		token := holder.get(bank).doc().Find(`input[name="_csrf"]`).AttrOr("value", "")
		confirmed := holder.post(bank, url.Values{"_csrf": {token}, "outcome": {"complete"}})
		require.Equal(t, http.StatusSeeOther, confirmed.status)
		assert.Equal(t, "/app/billing", b.get(offer.path).location, "asking again finds it confirmed")
		done := b.get("/app/billing")
		assert.Contains(t, done.text(), "$79 a month")
		assert.NotContains(t, done.text(), "waits for your bank")
	})
}

func TestF14_AnUpgradeThatTheBankIsNotAnswered(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		s.usesCard(t, "ada@example.com", "pm_card_authenticationRequired")
		offer := b.chooses("pro_v1_month")
		b.confirms(offer)
		s.forward(24 * time.Hour)
		lapsed := b.get(offer.path)
		assert.Contains(t, lapsed.text(), "The confirmation did not come")
		assert.NotZero(t, lapsed.doc().Find(`form[action="/app/billing/change"] input[value="pro_v1_month"]`).Length())
		assert.NotContains(t, b.get("/app/billing").text(), "waits for your bank")
	})
}

func TestADowngradeBelowWhatIsInUseIsExplained(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "pro_v1_month")
		account := s.accountOf(t, "ada@example.com")
		for n := range 27 {
			at := time.Now().UTC().Add(time.Duration(n) * time.Second)
			_, err := s.DB.CreateProject(t.Context(), account.ID, "Project "+strconv.Itoa(n), at, func(int64) bool { return true })
			require.NoError(t, err)
		}
		offer := b.chooses("starter_v1_month")
		end := s.subscriptionOf(t, "ada@example.com").CurrentPeriodEnd.Format("Jan 2, 2006")
		for _, want := range []string{
			"You have 27 projects, and Starter holds 25", "Nothing is deleted", "newest 2 projects become read-only",
			"No API access any more", "Switch on " + end, "Next payment on " + end, "$29.00",
		} {
			assert.Contains(t, offer.text(), want)
		}
		assert.Equal(t, "$0.00", offer.doc().Find("#due").Text())
		planned := b.confirms(offer)
		assert.Contains(t, string(planned.body), "The switch is planned.")
		assert.Contains(t, planned.text(), "Pro monthly until "+end+", then Starter for $29.00 a month.")
		assert.Contains(t, b.get("/app/billing/change").text(), "Planned for "+end)
		assert.Contains(t, b.get("/app/billing/cancel").text(), "The switch to Starter that is planned is off.")

		kept := b.submit(planned, `form[action="/app/billing/keep"]`, nil)
		assert.Equal(t, "/app/billing", kept.location)
		page := b.get("/app/billing")
		assert.Contains(t, string(page.body), "Your plan stays as it is.")
		assert.Contains(t, page.text(), "Renews on "+end+" for $79.00.")
		assert.Equal(t, "/app/billing", b.post("/app/billing/keep", url.Values{"_csrf": {b.token()}}).location, "a second click")
	})
}

func TestChangesThatAreNotToBeHad(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b, other := s.payer(t, "ada", "starter_v1_month"), s.signedUp(t, "mallory")
		offer := b.chooses("pro_v1_month")
		token := other.token()
		assert.Equal(t, http.StatusNotFound, other.get(offer.path).status, "a change of somebody else's")
		assert.Equal(t, http.StatusNotFound, other.post(offer.path, url.Values{"_csrf": {token}}).status)
		assert.Equal(t, http.StatusNotFound, b.get("/app/billing/change/change_nonsense").status)
		nobody := other.post("/app/billing/change", url.Values{"_csrf": {token}, "price": {"pro_v1_month"}})
		assert.Equal(t, "/pricing", nobody.location, "there is nothing to change")
		assert.Equal(t, "/app/billing", other.post("/app/billing/keep", url.Values{"_csrf": {token}}).location)
		mine := url.Values{"_csrf": {b.token()}, "price": {"free"}}
		assert.Equal(t, http.StatusBadRequest, b.post("/app/billing/change", mine).status)
		mine.Set("price", "starter_v1_month")
		assert.Equal(t, "/app/billing", b.post("/app/billing/change", mine).location, "it is the plan already")

		s.forward(time.Hour)
		late := b.confirms(offer)
		assert.Contains(t, late.text(), "This offer is too old")
		assert.Equal(t, "starter", b.get("/api/me/entitlements").json()["plan"])
		anew := b.submit(late, `form[action="/app/billing/change"]`, nil)
		assert.Contains(t, b.get(anew.location).text(), "Confirm the change")

		s.EmbeddedStripe().(*sandbox.Sandbox).AddFault(sandbox.Fault{Match: "/v1/*", Status: 503, Times: -1})
		mine.Set("price", "pro_v1_year")
		down := b.post("/app/billing/change", mine)
		assert.Equal(t, http.StatusServiceUnavailable, down.status)
		assert.Contains(t, down.text(), "Nothing was charged")
		assert.Contains(t, down.text(), "Change your plan", "the choice is still there")
		begun := b.submit(b.get(anew.location), `form[action="`+anew.location+`"]`, nil)
		assert.Equal(t, anew.location, begun.location)
		waiting := b.get(begun.location)
		assert.Contains(t, waiting.text(), "Your change is on its way")
		assert.Contains(t, waiting.doc().Find(`meta[http-equiv="refresh"]`).AttrOr("content", ""), anew.location)
	})
}

func TestWhoOwesIsToldToPayFirst(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		s.usesCard(t, "ada@example.com", "pm_card_chargeCustomerFail")
		s.forward(32 * 24 * time.Hour)
		b.get("/app/billing?from=portal") // which asks Stripe
		require.Equal(t, "past_due", s.subscriptionOf(t, "ada@example.com").Status)
		plans := b.get("/app/billing/change")
		assert.Contains(t, plans.text(), "A payment for your plan is due. Settle it first")
		assert.NotZero(t, plans.doc().Find(`main .alert form[action="/app/billing/portal"]`).Length())
		assert.Zero(t, plans.doc().Find(`form[action="/app/billing/change"]`).Length())
		refused := b.post("/app/billing/change", url.Values{"_csrf": {b.token()}, "price": {"pro_v1_month"}})
		assert.Equal(t, http.StatusConflict, refused.status)
		assert.Contains(t, refused.text(), "Settle it first")
	})
}

// TestTheNextPaymentIsWhenThePageSaid holds the date on the page to the one that Stripe keeps afterwards.
func TestTheNextPaymentIsWhenThePageSaid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, says string }{
		"a year instead of a month":     {"starter_v1_month", "starter_v1_year", "$290.00"},
		"more, and by the month":        {"starter_v1_year", "pro_v1_month", "Kept as credit for your next payments"},
		"more, by the same month":       {"starter_v1_month", "pro_v1_month", "Due now"},
		"more, and by the year as well": {"starter_v1_month", "pro_v1_year", "$790.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachSite(t, func(t *testing.T, s *site) {
				b := s.payer(t, "ada", tc.from)
				s.forward(3 * 24 * time.Hour)
				offer := b.chooses(tc.to)
				assert.Contains(t, offer.text(), tc.says)
				said, err := time.Parse(time.RFC3339, offer.doc().Find("dl time").AttrOr("datetime", ""))
				require.NoError(t, err)
				require.Equal(t, "/app/billing", b.confirms(offer).location)
				sub := s.subscriptionOf(t, "ada@example.com")
				assert.Equal(t, tc.to, sub.LookupKey)
				assert.WithinDuration(t, sub.CurrentPeriodEnd, said, time.Minute)
			})
		})
	}
}

func TestATrialChangesAtOnceAndCostsNothing(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		offer := b.chooses("starter_v1_year")
		assert.Equal(t, "$0.00", offer.doc().Find("#due").Text())
		end := s.subscriptionOf(t, "ada@example.com").TrialEnd.Format("Jan 2, 2006")
		assert.Contains(t, offer.text(), "First payment on "+end)
		assert.Contains(t, offer.text(), "Your trial goes on as before.")
		assert.Contains(t, b.confirms(offer).text(), "Your trial ends on "+end+". The first payment of $290.00 is taken then.")
		assert.Contains(t, b.get("/app/billing/cancel").text(), "Your trial lasts until "+end+", and nothing is charged.")
	})
}

// TestMonthsEndWhereStripeEndsThem counts from the last days of months.
func TestMonthsEndWhereStripeEndsThem(t *testing.T) {
	t.Parallel()
	for from, want := range map[string][2]string{
		"2026-01-31": {"2026-02-28", "2027-01-31"}, "2028-02-29": {"2028-03-29", "2029-02-28"}, "2026-12-15": {"2027-01-15", "2027-12-15"},
	} {
		start, err := time.Parse(time.DateOnly, from)
		require.NoError(t, err)
		assert.Equal(t, want[0], handlers.MonthsOn(start, 1).Format(time.DateOnly), from)
		assert.Equal(t, want[1], handlers.MonthsOn(start, 12).Format(time.DateOnly), from)
	}
}
