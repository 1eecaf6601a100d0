package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
)

const (
	twoStep  = "/app/settings/two-step"
	codeForm = `form[action="/login/code"]`
)

// confirmed is a browser that has signed up and confirmed its address.
func (s *site) confirmed(t *testing.T, name string) *browser {
	t.Helper()
	b := s.signedUp(t, name)
	link := s.mailedLink(t, name+"@example.com", "/verify-email/")
	require.Equal(t, http.StatusOK, b.submit(b.get(link), `form[action="`+link+`"]`, nil).status)
	return b
}

// appCode is what an authenticator app shows. Whatever was used before counts as long ago.
func (b *browser) appCode(secret string) string {
	b.t.Helper()
	require.NoError(b.t, b.DB.Write(b.t.Context()).Model(&models.TOTP{}).Where("1 = 1").Update("used_step", 0).Error)
	shown, err := totp.GenerateCode(secret, time.Now())
	require.NoError(b.t, err)
	return shown
}

// enrol turns the second step on and gives the app's secret and the recovery codes.
func (b *browser) enrol() (secret string, codes []string) {
	b.t.Helper()
	start := b.submit(b.get(twoStep), `form[action="`+twoStep+`"]`, nil)
	require.Equal(b.t, twoStep, start.location, start.text())
	page := b.get(twoStep)
	assert.True(b.t, strings.HasPrefix(page.doc().Find("main img").AttrOr("src", ""), "data:image/png;base64,iVBOR"))
	secret = strings.ReplaceAll(page.doc().Find("#secret").Text(), " ", "")
	wrong := b.submit(page, `form[action="`+twoStep+`/confirm"]`, url.Values{"code": {"not one"}})
	require.Equal(b.t, http.StatusUnprocessableEntity, wrong.status)
	require.Contains(b.t, wrong.text(), "That code is not right")
	require.Equal(b.t, secret, strings.ReplaceAll(wrong.doc().Find("#secret").Text(), " ", ""), "a typing error loses nothing")
	on := b.submit(page, `form[action="`+twoStep+`/confirm"]`, url.Values{"code": {b.appCode(secret)}})
	require.Equal(b.t, http.StatusOK, on.status, on.text())
	codes = strings.Fields(on.doc().Find("#recovery-codes").Text())
	require.Len(b.t, codes, 10)
	return secret, codes
}

func TestSigningInTakesTwoSteps(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		home := s.confirmed(t, "ada")
		secret, codes := home.enrol()
		assert.NotContains(t, string(home.get(twoStep).body), codes[0], "shown once")
		assert.Contains(t, home.get(twoStep).text(), "10 recovery codes left")

		b := s.browser(t)
		half := b.submit(b.get("/login?next=%2Fapp%2Fprojects"), loginForm,
			url.Values{"email": {"ada@example.com"}, "password": {"correct horse battery"}})
		require.Equal(t, "/login/code?next=%2Fapp%2Fprojects", half.location)
		for _, closed := range []string{"/app", "/app/settings", "/app/projects"} {
			assert.Equal(t, http.StatusSeeOther, b.get(closed).status, closed)
		}
		assert.Equal(t, http.StatusUnauthorized, b.get("/api/me/entitlements").status)
		page := b.get(half.location)
		require.Equal(t, http.StatusOK, page.status)
		wrong := b.submit(page, codeForm, url.Values{"code": {"abc"}})
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
		assert.Contains(t, wrong.text(), "That code is not right")
		in := b.submit(wrong, codeForm, url.Values{"code": {b.appCode(secret)}})
		require.Equal(t, "/app/projects", in.location, in.text())
		assert.Equal(t, http.StatusOK, b.get("/app").status)

		again := b.submit(b.get("/app"), `form[action="/logout"]`, nil)
		require.Equal(t, "/", again.location)
		require.Equal(t, "/login/code", b.login("ada@example.com", "correct horse battery").location)
		recovery := b.get("/login/code?recovery=1")
		in = b.submit(recovery, codeForm, url.Values{"code": {codes[0]}})
		require.Equal(t, "/app", in.location, in.text())
		assert.Contains(t, b.get(twoStep).text(), "9 recovery codes left")
		over := b.submit(recovery, codeForm, url.Values{"code": {codes[1]}, "_csrf": {b.token()}})
		assert.Equal(t, "/app", over.location, "who is signed in is asked for nothing")
	})
}

// TestNoWayInForgetsTheSecondStep signs up again with the right password, and comes by a link.
func TestNoWayInForgetsTheSecondStep(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		home := s.confirmed(t, "ada")
		secret, _ := home.enrol()
		b := s.browser(t)
		a := b.submit(b.get("/signup"), `form[action="/signup"]`, signupValues("ada", "ada@example.com", "correct horse battery"))
		require.Equal(t, "/login/code", a.location)
		assert.Equal(t, http.StatusSeeOther, b.get("/app").status)

		b = s.browser(t)
		b.submit(b.get("/login/link"), `form[action="/login/link"]`, url.Values{"email": {"ada@example.com"}})
		link := s.mailedLink(t, "ada@example.com", "/login/link/")
		a = b.submit(b.get(link), `form[action="`+link+`"]`, nil)
		require.Equal(t, "/login/code", a.location)
		assert.Equal(t, http.StatusSeeOther, b.get("/app").status)
		a = b.submit(b.get(a.location), codeForm, url.Values{"code": {b.appCode(secret)}})
		require.Equal(t, "/app", a.location)

		late := s.browser(t)
		require.Equal(t, "/login/code", late.login("ada@example.com", "correct horse battery").location)
		page := late.get("/login/code")
		require.NoError(t, s.DB.Write(t.Context()).Model(&models.Token{}).Where("kind = ?", "half_signed_in").
			Update("expires_at", time.Now().UTC()).Error)
		a = late.submit(page, codeForm, url.Values{"code": {late.appCode(secret)}})
		assert.Equal(t, http.StatusUnauthorized, a.status)
		assert.Contains(t, a.text(), "Please sign in again")
		assert.Equal(t, "/login", late.get("/login/code").location)
	})
}

// TestA06_WrongCodesAreRefusedOnTheForm keeps trying with the right password.
func TestA06_WrongCodesAreRefusedOnTheForm(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		home := s.confirmed(t, "ada")
		secret, codes := home.enrol()
		b := s.browser(t)
		require.Equal(t, "/login/code", b.login("ada@example.com", "correct horse battery").location)
		page := b.get("/login/code")
		require.NoError(t, s.DB.Write(t.Context()).Model(&models.TOTP{}).Where("1 = 1").
			Updates(map[string]any{"tries": 10, "tries_since": time.Now().UTC().Add(-50 * time.Minute)}).Error)
		a := b.submit(page, codeForm, url.Values{"code": {b.appCode(secret)}})
		assert.Equal(t, http.StatusTooManyRequests, a.status)
		assert.NotEmpty(t, a.header.Get("Retry-After"))
		assert.Regexp(t, `Try again in (9|10) minutes, or use a recovery code`, a.text())
		assert.Equal(t, "/app", b.submit(a, codeForm, url.Values{"code": {codes[0]}}).location)
	})
}

func TestTurningTheSecondStepOff(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.confirmed(t, "ada")
		_, codes := b.enrol()
		renewed := b.submit(b.get(twoStep), `form[action="`+twoStep+`/codes"]`, nil)
		require.Equal(t, http.StatusOK, renewed.status)
		assert.NotContains(t, renewed.text(), codes[0])
		off := b.submit(b.get(twoStep), `form[action="`+twoStep+`/end"]`, nil)
		require.Equal(t, twoStep, off.location)
		assert.Contains(t, string(b.get(twoStep).body), "Two-step sign-in is off.")
		assert.Equal(t, "/app", s.browser(t).login("ada@example.com", "correct horse battery").location)

		unproven := s.signedUp(t, "eve")
		assert.Contains(t, unproven.get(twoStep).text(), "Confirm your e-mail address first")
		refused := unproven.post(twoStep, url.Values{"_csrf": {unproven.token()}})
		assert.Equal(t, http.StatusConflict, refused.status)
	})
}
