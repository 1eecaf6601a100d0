package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
)

const forgotForm = `form[action="/forgot-password"]`

func (b *browser) forgot(email string) answer {
	b.t.Helper()
	return b.submit(b.get("/forgot-password"), forgotForm, url.Values{"email": {email}})
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		before := s.signedUp(t, "ada")
		b := s.browser(t)
		known, unknown := b.forgot("ada@example.com"), b.forgot("nobody@example.com")
		assert.Equal(t, http.StatusOK, known.status)
		assert.Equal(t, known.status, unknown.status)
		assert.Equal(t, known.text(), unknown.text())

		link := s.mailedLink(t, "ada@example.com", "/reset-password/")
		page := b.get(link)
		require.Equal(t, http.StatusOK, page.status)
		assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
		assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
		form := `form[action="` + link + `"]`
		a := b.submit(page, form, url.Values{"password": {"password"}})
		assert.Equal(t, http.StatusUnprocessableEntity, a.status)
		a = b.submit(a, form, url.Values{"password": {"a phrase I will remember"}})
		require.Equal(t, http.StatusSeeOther, a.status, a.text())
		assert.Equal(t, http.StatusSeeOther, b.get("/app").status, "it signs nobody in")
		assert.Contains(t, string(b.get(a.location).body), "Sign in with it")

		assert.Equal(t, http.StatusSeeOther, before.get("/app").status, "sessions from before end")
		assert.Equal(t, http.StatusGone, b.get(link).status)
		assert.Equal(t, http.StatusUnprocessableEntity, b.login("ada@example.com", "correct horse battery").status)
		assert.Equal(t, "/app", b.login("ada@example.com", "a phrase I will remember").location)
	})
}

func TestMailedLinksIgnoreTheHostOfTheRequest(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	s.signedUp(t, "ada")
	b := s.browser(t)
	token := b.get("/forgot-password").doc().Find(forgotForm+` input[name="_csrf"]`).AttrOr("value", "")
	form := url.Values{"email": {"ada@example.com"}, "_csrf": {token}}
	r := b.request(http.MethodPost, "/forgot-password", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	for _, cookie := range b.client.Jar.Cookies(at) {
		r.AddCookie(cookie) // the client itself keeps cookies by the Host that it sends
	}
	r.Host = "evil.test"
	r.Header.Set("X-Forwarded-Host", "evil.test")
	r.Header.Set("X-Forwarded-Proto", "https")
	require.Equal(t, http.StatusOK, b.do(r).status)
	var mail models.Mail
	require.NoError(t, s.DB.Read(t.Context()).Take(&mail, "kind = ?", "reset_password").Error)
	assert.NotContains(t, mail.HTML+mail.Text, "evil.test")
	assert.NotEmpty(t, s.mailedLink(t, "ada@example.com", "/reset-password/"))
}

func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.browser(t)
		for _, token := range []string{"x", strings.Repeat("0", 32), "%00", "%ff", "'%20OR%201=1", strings.Repeat("a", 3000)} {
			for _, path := range []string{"/reset-password/", "/verify-email/"} {
				a := b.get(path + token)
				assert.Equal(t, http.StatusGone, a.status, path+token)
				assert.Contains(t, a.text(), "no longer works")
			}
		}
	})
}
