package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models/modelstest"
)

const loginForm = `form[action="/login"]`

func newSQLiteSite(t *testing.T) *site {
	t.Helper()
	return newSite(t, modelstest.SQLiteURL(t))
}

func (b *browser) login(email, password string) answer {
	b.t.Helper()
	return b.submit(b.get("/login"), loginForm, url.Values{"email": {email}, "password": {password}})
}

func TestLoginAndLogout(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada")
		b := s.browser(t)
		asked := b.get("/app/projects?page=2")
		require.Equal(t, "/login?next=%2Fapp%2Fprojects%3Fpage%3D2", asked.location)
		a := b.submit(b.get(asked.location), loginForm,
			url.Values{"email": {"ada@example.com"}, "password": {"correct horse battery"}})
		assert.Equal(t, http.StatusSeeOther, a.status)
		assert.Equal(t, "/app/projects?page=2", a.location)

		at, err := url.Parse(s.url)
		require.NoError(t, err)
		copied := s.browser(t)
		copied.client.Jar.SetCookies(at, b.client.Jar.Cookies(at))
		require.Equal(t, http.StatusOK, copied.get("/app").status)
		out := b.submit(b.get("/app"), `form[action="/logout"]`, nil)
		assert.Equal(t, "/", out.location)
		assert.Equal(t, http.StatusSeeOther, b.get("/app").status)
		assert.Equal(t, http.StatusSeeOther, copied.get("/app").status, "a copy of the cookie is worth nothing")
		assert.Equal(t, http.StatusMethodNotAllowed, b.get("/logout").status, "a link cannot sign anybody out")
	})
}

func TestLoginTellsNobodyWhoIsHere(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	s.signedUp(t, "ada")
	// What differs from one answer to the next whoever asks.
	noise := regexp.MustCompile(`value="[A-Za-z0-9_-]{50,}"|[0-9a-f]{32}|(ada|bob)@example\.com`)
	look := func(email string) (int, string) {
		a := s.browser(t).login(email, "not the password")
		return a.status, noise.ReplaceAllString(string(a.body), "")
	}
	knownStatus, known := look("ada@example.com")
	unknownStatus, unknown := look("bob@example.com")
	assert.Equal(t, http.StatusUnprocessableEntity, knownStatus)
	assert.Equal(t, knownStatus, unknownStatus)
	assert.Equal(t, known, unknown)
	assert.Contains(t, known, "do not match")
}

func TestLoginWithoutTokenOrFromElsewhere(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	s.signedUp(t, "ada")
	b := s.browser(t)
	form := url.Values{"email": {"ada@example.com"}, "password": {"correct horse battery"}}
	assert.Equal(t, http.StatusForbidden, b.post("/login", form).status)
	form.Set("_csrf", "made-up")
	assert.Equal(t, http.StatusForbidden, b.post("/login", form).status)
}

func TestLoginIsLimited(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	s.signedUp(t, "ada")
	b := s.browser(t)
	var last answer
	for range 14 {
		last = b.login("ada@example.com", "not the password")
	}
	assert.Equal(t, http.StatusTooManyRequests, last.status)
	assert.NotEmpty(t, last.header.Get("Retry-After"))
	assert.Contains(t, last.text(), "tried too often")
}

func TestPagesForVisitorsSetNoCookies(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	for _, path := range []string{"/", "/pricing", "/terms", "/privacy", "/nowhere"} {
		assert.Empty(t, s.browser(t).get(path).header.Values("Set-Cookie"), path)
	}
}
