package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
)

// mailedLink finds the path in the newest mail to an address that begins with prefix, in the mailbox
// as a developer would.
func (s *site) mailedLink(t *testing.T, to, prefix string) string {
	t.Helper()
	reader := s.browser(t)
	list := reader.get("/mailbox?q=" + url.QueryEscape(to))
	require.Equal(t, http.StatusOK, list.status)
	links := list.doc().Find(`main a[href^="/mailbox/"]`)
	for i := range links.Length() {
		mail := reader.get(links.Eq(i).AttrOr("href", "") + "?part=text")
		require.Equal(t, http.StatusOK, mail.status)
		found := regexp.MustCompile(regexp.QuoteMeta(s.url) + `(` + regexp.QuoteMeta(prefix) + `[0-9a-f]{32})`).
			FindStringSubmatch(string(mail.body))
		if found != nil {
			return found[1]
		}
	}
	require.Fail(t, "no mail", "to %s with a link to %s", to, prefix)
	return ""
}

func signupValues(name, email, password string) url.Values {
	return url.Values{"name": {name}, "email": {email}, "password": {password}}
}

const signupForm = `form[action="/signup"]`

func TestSignUpToVerifiedAddress(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		home := b.get("/app")
		require.Equal(t, http.StatusOK, home.status, home.text())
		assert.Contains(t, b.get("/app/settings").text(), "Not confirmed")

		link := s.mailedLink(t, "ada@example.com", "/verify-email/")
		mailReader := s.browser(t) // the mail may be opened somewhere else
		asked := mailReader.get(link)
		assert.Equal(t, http.StatusOK, asked.status)
		assert.Contains(t, asked.text(), "ada@example.com")
		assert.Equal(t, "no-referrer", asked.header.Get("Referrer-Policy"))
		assert.Contains(t, b.get("/app/settings").text(), "Not confirmed", "opening the link uses nothing up")

		done := mailReader.submit(asked, `form[action="`+link+`"]`, nil)
		assert.Equal(t, http.StatusOK, done.status)
		assert.NotContains(t, b.get("/app/settings").text(), "Not confirmed")
		assert.Equal(t, http.StatusGone, mailReader.get(link).status)
		assert.Equal(t, http.StatusSeeOther, mailReader.get("/app").status, "the link signs nobody in")
	})
}

func TestSignUpLeadsOn(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	b := s.browser(t)
	order := "/app/billing/checkout?price=pro_v1_year"
	page := b.get("/signup?next=" + url.QueryEscape(order))
	assert.Contains(t, page.text(), "Pro plan")
	a := b.submit(page, signupForm, signupValues("Ada", "ada@example.com", "correct horse battery"))
	assert.Equal(t, order, a.location)

	elsewhere := s.browser(t)
	page = elsewhere.get("/signup?next=" + url.QueryEscape("//evil.test/"))
	a = elsewhere.submit(page, signupForm, url.Values{
		"name": {"Eve"}, "email": {"eve@example.com"}, "password": {"correct horse battery"}, "next": {"https://evil.test"},
	})
	assert.Equal(t, "/app", a.location)
}

func TestSignUpKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	b := s.browser(t)
	a := b.submit(b.get("/signup"), signupForm, signupValues("Ada <Lovelace>", "not an address", "password"))
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	doc := a.doc()
	assert.Equal(t, "Ada <Lovelace>", doc.Find(`input[name="name"]`).AttrOr("value", ""))
	assert.Equal(t, "not an address", doc.Find(`input[name="email"]`).AttrOr("value", ""))
	assert.Empty(t, doc.Find(`input[name="password"]`).AttrOr("value", ""))
	assert.Contains(t, a.text(), "Enter an e-mail address")
	assert.Contains(t, a.text(), "attackers try first")
	a = b.submit(a, signupForm, signupValues("Ada", "ada@example.com", "short"))
	assert.Contains(t, a.text(), "at least 8 characters")
}

func TestSignUpTakesOnlyItsOwnFields(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	b := s.browser(t)
	form := signupValues("Mallory", "mallory@example.com", "correct horse battery")
	for name, value := range map[string]string{
		"id": "1", "role": "admin", "plan": "pro", "is_admin": "1", "email_verified": "1", "email_verified_at": "2020-01-01",
		"stripe_customer_id": "cus_1", "account_id": "1", "disabled_at": "2020-01-01",
	} {
		form.Set(name, value)
	}
	require.Equal(t, http.StatusSeeOther, b.submit(b.get("/signup"), signupForm, form).status)
	var user models.User
	require.NoError(t, s.DB.Read(t.Context()).Take(&user, "email = ?", "mallory@example.com").Error)
	assert.Nil(t, user.EmailVerifiedAt)
	assert.Nil(t, user.DisabledAt)
	assert.Equal(t, "free", b.get("/api/me/entitlements").json()["plan"])
}

func TestSignUpWithTakenAddress(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada")
		b := s.browser(t)
		a := b.submit(b.get("/signup"), signupForm, signupValues("Eve", "Ada@example.com", "another good phrase"))
		assert.Equal(t, http.StatusUnprocessableEntity, a.status)
		assert.Contains(t, a.text(), "already an account")
		assert.Equal(t, http.StatusSeeOther, b.get("/app").status)

		forgetful := s.browser(t)
		a = forgetful.submit(forgetful.get("/signup"), signupForm,
			signupValues("Ada", "ada@example.com", "correct horse battery"))
		assert.Equal(t, "/app", a.location, "with the right password it signs in")
		var users int64
		require.NoError(t, s.DB.Read(t.Context()).Model(&models.User{}).Count(&users).Error)
		assert.Equal(t, int64(1), users)
	})
}
