package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/handlers"
)

// guarded are the headers that no answer may go without.
func guarded(t *testing.T, a answer, what string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "", "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=()",
		"X-Request-Id": "",
	} {
		got := a.header.Get(name)
		assert.NotEmpty(t, got, "%s: %s", what, name)
		assert.Contains(t, got, want, "%s: %s", what, name)
	}
	assert.NotContains(t, a.header.Get("Content-Security-Policy"), "unsafe", what)
}

// concrete fills a path's parameters with what nobody has.
func concrete(path string) string {
	return strings.NewReplacer(":id", "nobody_1", ":token", "0123456789abcdef").Replace(path)
}

// visit is how a row of the map must answer a GET of somebody of a kind.
type visit struct {
	status   int
	location string
}

// wanted says what the map promises. who is visitor, user, pretender (an address in ADMIN_EMAILS that
// is not confirmed) or admin.
func wanted(r handlers.Row, who string) visit {
	ok := visit{status: http.StatusOK}
	login := visit{http.StatusSeeOther, "/login?next=" + url.QueryEscape(r.Path)}
	if r.Path == "/app" {
		login.location = "/login" // which leads there anyway
	}
	switch {
	case r.Who == "guest" && who != "visitor":
		return visit{http.StatusSeeOther, "/app"}
	case r.Who == "member" && who == "visitor":
		return login
	case r.Who == "program" && who == "visitor":
		return visit{status: http.StatusUnauthorized}
	case r.Who == "admin" && who != "admin":
		return visit{status: http.StatusNotFound}
	case r.Feature != "":
		return visit{status: http.StatusPaymentRequired}
	case r.Path == "/login/code": // nobody here has shown a first factor
		return visit{http.StatusSeeOther, "/login"}
	case r.Path == "/app/billing/checkout": // wants a price
		return visit{status: http.StatusBadRequest}
	case r.Path == "/app/billing/change": // nobody here has a plan to change
		return visit{http.StatusSeeOther, "/pricing"}
	case r.Path == "/app/billing/cancel":
		return visit{http.StatusSeeOther, "/app/billing"}
	case r.Path == "/app/billing/card": // the way to Stripe, from a mail
		return visit{http.StatusSeeOther, portalPage}
	}
	return ok
}

// portalPage stands for a page of Stripe's portal, whose address is another one each time.
const portalPage = "the portal"

func (s *site) whereTo(location string) string {
	if strings.HasPrefix(location, s.Config.StripeAPIBase+"/_stripe/p/") {
		return portalPage
	}
	return location
}

// TestEveryPageAnswersAsItsRowSays reads the map of the site, so a page added to it is tested too.
func TestEveryPageAnswersAsItsRowSays(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		pretender := s.signedUp(t, "admin")
		browsers := map[string]*browser{"visitor": s.browser(t), "user": s.signedUp(t, "ada"), "pretender": pretender}
		walk := func(who string, b *browser) {
			for _, r := range handlers.Routes() {
				if r.Method != http.MethodGet || strings.Contains(r.Path, ":") {
					continue
				}
				got, want := b.get(r.Path), wanted(r, who)
				what := who + " at " + r.Path
				assert.Equal(t, want.status, got.status, what)
				assert.Equal(t, want.location, s.whereTo(got.location), what)
				guarded(t, got, what)
				head := b.do(b.request(http.MethodHead, r.Path, nil))
				assert.Equal(t, want, visit{head.status, s.whereTo(head.location)}, "HEAD: %s", what)
				assert.Empty(t, head.body, "HEAD: %s", what)
				if who != "visitor" && r.Who != "machine" {
					assert.Equal(t, "no-store", got.header.Get("Cache-Control"), what)
				}
			}
		}
		for who, b := range browsers {
			walk(who, b)
		}
		link := s.mailedLink(t, "admin@example.com", "/verify-email/")
		require.Equal(t, http.StatusOK, pretender.submit(pretender.get(link), `form[action="`+link+`"]`, nil).status)
		walk("admin", pretender)
	})
}

// TestEveryPaidRouteNamesThePlanThatHasIt asks for each feature on the free plan.
func TestEveryPaidRouteNamesThePlanThatHasIt(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		asked := 0
		for _, r := range handlers.Routes() {
			if r.Feature == "" {
				continue
			}
			asked++
			a := b.get(concrete(r.Path))
			if r.Method == http.MethodPost {
				a = b.post(concrete(r.Path), url.Values{"_csrf": {b.token()}})
			}
			require.Equal(t, http.StatusPaymentRequired, a.status, r.Path)
			guarded(t, a, r.Path)
			if strings.HasPrefix(r.Path, "/api/") {
				assert.Equal(t, "plan_required", a.json()["error"].(map[string]any)["code"], r.Path)
				continue
			}
			key := a.doc().Find(`form[action="/app/billing/checkout"] input[name="price"]`).AttrOr("value", "")
			sold, _, onSale := s.Catalog.OnSale(key)
			assert.True(t, onSale, "%s: a button that buys %q", r.Path, key)
			assert.Contains(t, a.text(), sold.Name, r.Path)
		}
		assert.NotZero(t, asked)
	})
}

// TestWhoHasNotPaidIsToldToPay has the plan that includes it, and an invoice that is not paid.
func TestWhoHasNotPaidIsToldToPay(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		require.Equal(t, http.StatusOK, b.get("/api/projects").status)
		// It is unpaid at Stripe, too: a refusal asks there, and what was only written here would be mended.
		require.NoError(t, s.stripe().SetDunning(t.Context(), sandbox.Dunning{Days: []int64{1}, End: "unpaid"}))
		s.chargeTo("pm_card_chargeCustomerFail")
		require.NoError(t, s.stripe().Advance(t.Context(), 16*24*time.Hour))
		b.caughtUp()
		a := b.get("/api/projects")
		require.Equal(t, http.StatusPaymentRequired, a.status)
		require.Equal(t, "access_limited", a.json()["error"].(map[string]any)["code"])
		require.Equal(t, http.StatusOK, b.get("/app/projects/export.csv").status, "what is theirs they may take along")
		refused := b.post("/app/projects", url.Values{"_csrf": {b.token()}, "name": {"Bridge"}})
		require.Equal(t, http.StatusPaymentRequired, refused.status)
		require.Contains(t, refused.text(), "overdue")
	})
}

// TestNothingChangesWithoutTheBrowsersOwnToken posts to every route for browsers as another site could.
func TestNothingChangesWithoutTheBrowsersOwnToken(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b, other, visitor := s.signedUp(t, "ada"), s.signedUp(t, "grace"), s.browser(t)
		token, foreign := b.token(), other.token()
		asked := 0
		for _, r := range handlers.Routes() {
			if r.Method == http.MethodGet || r.Who == "machine" {
				continue
			}
			asked++
			path := concrete(r.Path)
			for name, form := range map[string]url.Values{
				"none": {}, "empty": {"_csrf": {""}}, "made up": {"_csrf": {strings.Repeat("a", 44)}}, "another's": {"_csrf": {foreign}},
			} {
				a := b.post(path, form)
				assert.Equal(t, http.StatusForbidden, a.status, "%s with a token that is %s", r.Path, name)
				guarded(t, a, r.Path)
			}
			assert.Equal(t, http.StatusForbidden, visitor.post(path, nil).status, "%s by a visitor", r.Path)
			for _, from := range []string{"cross-site", "same-site"} {
				request := b.request(http.MethodPost, path, strings.NewReader(url.Values{"_csrf": {token}}.Encode()))
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				request.Header.Set("Sec-Fetch-Site", from)
				request.Header.Set("Origin", "https://evil.example")
				assert.Equal(t, http.StatusForbidden, b.do(request).status, "%s from a page that is %s", r.Path, from)
			}
		}
		assert.Greater(t, asked, 10)
		assert.Equal(t, http.StatusOK, b.get("/app").status, "nothing of it signed anybody out")
	})
}

// TestAdminRoutesAreNowhereForOthers sends what an admin's form would, with a good token.
func TestAdminRoutesAreNowhereForOthers(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		user, pretender := s.signedUp(t, "ada"), s.signedUp(t, "admin")
		nowhere := user.get("/admin/there/is/no/such/page")
		for _, r := range handlers.Routes() {
			if r.Who != "admin" {
				continue
			}
			for who, b := range map[string]*browser{"a user": user, "a pretender": pretender} {
				a := b.get(concrete(r.Path))
				if r.Method == http.MethodPost {
					a = b.post(concrete(r.Path), url.Values{"_csrf": {b.token()}})
				}
				assert.Equal(t, http.StatusNotFound, a.status, "%s at %s", who, r.Path)
				assert.Equal(t, nowhere.doc().Find("h1").Text(), a.doc().Find("h1").Text(), "%s at %s", who, r.Path)
				guarded(t, a, r.Path)
			}
		}
	})
}

// TestHeadOfAnAsset asks about the style sheet that the first page links to.
func TestHeadOfAnAsset(t *testing.T) {
	t.Parallel()
	b := newSQLiteSite(t).browser(t)
	sheet := b.get("/").doc().Find(`link[rel="stylesheet"]`).First().AttrOr("href", "")
	require.NotEmpty(t, sheet)
	head := b.do(b.request(http.MethodHead, sheet, nil))
	assert.Equal(t, http.StatusOK, head.status)
	assert.Empty(t, head.body)
}

// TestErrorsAreGuardedAndTellNothing provokes one answer of each kind.
func TestErrorsAreGuardedAndTellNothing(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		long := b.request(http.MethodPost, "/app/projects", strings.NewReader(strings.Repeat("x", 2<<20)))
		for what, tc := range map[string]struct {
			got    answer
			status int
		}{
			"no page":        {b.get("/nothing"), http.StatusNotFound},
			"no asset":       {b.get("/static/nothing.css"), http.StatusNotFound},
			"no program":     {b.get("/api/nothing"), http.StatusNotFound},
			"another method": {b.post("/pricing", url.Values{"_csrf": {b.token()}}), http.StatusMethodNotAllowed},
			"too large":      {b.do(long), http.StatusRequestEntityTooLarge},
			"not paid":       {b.get("/app/projects/export.csv"), http.StatusPaymentRequired},
		} {
			assert.Equal(t, tc.status, tc.got.status, what)
			guarded(t, tc.got, what)
		}
		table := "projects"
		require.NoError(t, s.DB.Write(t.Context()).Migrator().RenameTable(table, "gone"))
		broken := b.get("/app/projects")
		require.NoError(t, s.DB.Write(t.Context()).Migrator().RenameTable("gone", table))
		require.Equal(t, http.StatusInternalServerError, broken.status)
		guarded(t, broken, "broken")
		require.NotContains(t, strings.ToLower(string(broken.body)), "no such table")
		require.NotContains(t, string(broken.body), "SQLSTATE")
		require.Contains(t, broken.text(), broken.header.Get("X-Request-Id"))
	})
}
