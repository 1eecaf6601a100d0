package middleware_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func TestEveryAnswerIsLockedDown(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.browser(t)
	for path, status := range map[string]int{
		"/": 200, "/nowhere": 404, "/panic": 500, "/admin": 404, "/app": 303, "/api/thing": 401, "/reset-password/abc": 200,
	} {
		a := br.get(path)
		assert.Equal(t, status, a.StatusCode, path)
		csp := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
			"form-action 'self' https://checkout.stripe.com https://billing.stripe.com http://127.0.0.1:12111",
		} {
			assert.Contains(t, csp, want, path)
		}
		assert.NotContains(t, csp, "unsafe")
		assert.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "same-origin", a.Header.Get("Cross-Origin-Opener-Policy"), path)
		assert.Len(t, a.Header.Get("X-Request-Id"), 32, path)
		assert.Empty(t, a.Header.Get("Strict-Transport-Security"), path)
		assert.Empty(t, a.Header.Get("Access-Control-Allow-Origin"), path)
		assert.Empty(t, a.Header.Get("Server"), path)
		if status != 200 {
			assert.Equal(t, "no-store", a.Header.Get("Cache-Control"), path)
		}
	}
	assert.Equal(t, "no-referrer", br.get("/reset-password/abc").Header.Get("Referrer-Policy"))
	assert.Contains(t, br.get("/framed").Header.Get("Content-Security-Policy"), "frame-ancestors 'self'")

	secure := setup(t, modelstest.SQLite(t), func(o *middleware.Options) { o.Config.AppURL = "https://app.tollgate.test" })
	assert.Contains(t, secure.browser(t).get("/nowhere").Header.Get("Strict-Transport-Security"), "max-age=31536000")
}

func TestPanicLeavesNoTraceOutside(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	a := b.browser(t).get("/panic")
	assert.Equal(t, "internal", a.body)
	assert.Equal(t, 200, b.browser(t).get("/").StatusCode)
}

func TestRequestIDIsOurs(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.browser(t)
	br.header.Set("X-Request-Id", "forged\tid")
	assert.NotContains(t, br.get("/").Header.Get("X-Request-Id"), "forged")
}

func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.signedIn(t, "ada@example.com")
	br.get("/reset-password/5ec2e7705ec2e7705ec2e7705ec2e770?code=hunter2")
	br.get("/app")
	text := b.log.String()
	assert.Contains(t, text, "route=/reset-password/:token")
	assert.Contains(t, text, "user=user_")
	for _, secret := range []string{"5ec2e770", "hunter2", "battery", "ada@example.com", "tollgate=", "tg_"} {
		assert.NotContains(t, text, secret)
	}
}

func TestVisitorsWithoutFormsGetNoCookie(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	a := b.browser(t).get("/")
	assert.Empty(t, a.Header.Values("Set-Cookie"))
	assert.Equal(t, "[]", a.body)
	assert.NotEmpty(t, b.browser(t).get("/form").Header.Values("Set-Cookie"))
}

func TestFormsNeedTheirToken(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		visitor, user := b.browser(t), b.signedIn(t, "ada@example.com")
		for name, br := range map[string]browser{"visitor": visitor, "user": user} {
			assert.Equal(t, "Ada", br.submit("/form", "name", "Ada").body, name)
			assert.Equal(t, 403, br.send(http.MethodPost, "/form", url.Values{"name": {"x"}}).StatusCode, name)
			assert.Equal(t, 403, br.send(http.MethodPost, "/form?_csrf="+br.get("/form").body, url.Values{}).StatusCode,
				"a token in the address would end up in logs")
		}
		theirs := visitor.get("/form").body
		assert.Equal(t, 403, user.send(http.MethodPost, "/form", url.Values{"_csrf": {theirs}}).StatusCode)

		// The classical hole of double-submitted cookies: an attacker plants a pair of their own.
		victim := b.browser(t)
		victim.header.Set("Cookie", "_csrf=abc; tollgate-form=abc")
		assert.Equal(t, 403, victim.send(http.MethodPost, "/form", url.Values{"_csrf": {"abc"}}).StatusCode)
	})
}

func TestOtherSitesAreRefusedEvenWithToken(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.signedIn(t, "ada@example.com")
	token := br.get("/form").body
	for header, value := range map[string]string{
		"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test", "Sec-Fetch-site": "same-site",
	} {
		other := br
		other.header = http.Header{http.CanonicalHeaderKey(header): {value}}
		assert.Equal(t, 403, other.send(http.MethodPost, "/form", url.Values{"_csrf": {token}}).StatusCode, value)
		assert.Equal(t, 200, other.get("/").StatusCode, "following a link from there is fine")
	}
}

func TestExpiredSessionIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.signedIn(t, "ada@example.com")
	token := br.get("/form").body
	b.clock.Advance(61 * 24 * 60 * 60 * 1e9)
	a := br.send(http.MethodPost, "/form", url.Values{"_csrf": {token}})
	assert.Equal(t, "session_expired", a.body)
}

func TestMethodsThatARouteLacks(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.browser(t)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPost, http.MethodTrace} {
		assert.Equal(t, 405, br.send(method, "/", nil).StatusCode, method)
	}
	assert.Equal(t, 404, br.send(http.MethodPost, "/nowhere", url.Values{}).StatusCode)
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.browser(t)
	assert.Equal(t, 413, br.submit("/form", "name", strings.Repeat("x", 65<<10)).StatusCode)
	post := func(path, kind string, length int, chunked bool) int {
		var body strings.Reader
		body.Reset("name=" + strings.Repeat("x", length))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, &body)
		require.NoError(t, err)
		r.Header.Set("Content-Type", kind)
		if chunked {
			r.ContentLength = -1
		}
		response, err := br.client.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		return response.StatusCode
	}
	assert.Equal(t, 413, post("/form", "application/x-www-form-urlencoded", 65<<10, true), "without a length")
	assert.Equal(t, 200, post("/webhooks/stripe", "application/json", 512<<10, false))
	assert.Equal(t, 413, post("/webhooks/stripe", "application/json", 1<<20, false))
	assert.Equal(t, 413, post("/webhooks/stripe", "application/json", 1<<20, true))
}

func TestGuards(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		visitor, user, root := b.browser(t), b.signedIn(t, "ada@example.com"), b.signedIn(t, "root@example.com")
		a := visitor.get("/app?tab=1")
		assert.Equal(t, 303, a.StatusCode)
		assert.Equal(t, "/login?next=%2Fapp%3Ftab%3D1", a.Header.Get("Location"))
		assert.Equal(t, 200, user.get("/app").StatusCode)
		assert.Equal(t, "no-store", user.get("/app").Header.Get("Cache-Control"))
		assert.Equal(t, "/app", user.get("/login").Header.Get("Location"))
		assert.Equal(t, "/x", user.get("/login?next=/x").Header.Get("Location"))
		assert.Equal(t, "/app", user.get("/login?next=//evil.test").Header.Get("Location"))

		script := b.browser(t)
		script.header.Set("Hx-Request", "true")
		assert.Equal(t, "/login", script.get("/app").Header.Get("HX-Redirect"))

		for name, br := range map[string]browser{"visitor": visitor, "user": user, "unverified admin": root} {
			assert.Equal(t, 404, br.get("/admin").StatusCode, name)
		}
		require.NoError(t, db.Write(t.Context()).Model(&models.User{}).Where("email = ?", "root@example.com").
			Update("email_verified_at", b.clock.Now()).Error)
		assert.Equal(t, 200, root.get("/admin").StatusCode)
	})
}

func TestProgramsComeWithKeys(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com")
		var account models.Account
		require.NoError(t, db.Read(t.Context()).Take(&account).Error)
		_, secret, err := b.auth.CreateAPIKey(t.Context(), &auth.Identity{User: user, Account: account}, "test")
		require.NoError(t, err)

		program := b.browser(t)
		assert.Equal(t, "unauthorized", program.get("/api/thing").body)
		program.header.Set("Authorization", "Bearer "+secret)
		assert.Equal(t, "ada@example.com", program.get("/api/thing").body)
		assert.Equal(t, 200, program.send(http.MethodPost, "/api/thing", nil).StatusCode, "a key needs no form token")
		assert.Equal(t, 303, program.get("/app").StatusCode, "a key opens no pages")

		// A browser's session under /api is a browser's: it needs its token. With a wrong key beside
		// the cookie it is nobody's.
		browser := b.signedIn(t, "bob@example.com")
		assert.Equal(t, "bob@example.com", browser.get("/api/thing").body)
		assert.Equal(t, 403, browser.send(http.MethodPost, "/api/thing", nil).StatusCode)
		browser.header.Set("X-Csrf-Token", browser.get("/form").body)
		assert.Equal(t, 200, browser.send(http.MethodPost, "/api/thing", nil).StatusCode)
		browser.header.Set("Authorization", "Bearer tg_00000000000000000000000000000000")
		assert.Equal(t, 401, browser.get("/api/thing").StatusCode)
	})
}

func TestGarbageCookiesBreakNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	for _, value := range []string{"x", strings.Repeat("A", 6000), "a|b|c", "%00"} {
		br := b.browser(t)
		br.header.Set("Cookie", "tollgate="+value+"; tollgate-form="+value)
		assert.Equal(t, 200, br.get("/").StatusCode)
		assert.Equal(t, 303, br.get("/app").StatusCode)
		assert.Equal(t, 200, br.get("/form").StatusCode)
	}
}

func TestNextPathStaysHere(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "app", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test", "/\t/evil.test",
		"/%2F/evil.test", "/%5Cevil.test", "javascript:alert(1)", "/\r\nSet-Cookie: x=1", "/\u2028", "http:/evil",
		"/" + strings.Repeat("x", 3000), "@evil.test", "/%zz",
	} {
		assert.Equal(t, "/app", middleware.NextPath(bad), "%q", bad)
	}
	for _, good := range []string{"/", "/app/billing/checkout?price=pro_v1_year", "/app/projects?page=2#list", "/a%20b"} {
		assert.Equal(t, good, middleware.NextPath(good))
	}
}
