package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALinkSignsInByMail(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada")
		b := s.browser(t)
		// The second button of the form for signing in sends the form as it is to another address.
		login := b.get("/login?next=%2Fapp%2Fprojects")
		assert.Equal(t, "/login/link", login.doc().Find(loginForm+" button[formaction]").AttrOr("formaction", ""))
		asked := b.post("/login/link", url.Values{
			"_csrf": {b.get("/login").doc().Find(`input[name="_csrf"]`).AttrOr("value", "")},
			"email": {"ada@example.com"}, "password": {"half typ"}, "next": {"/app/projects"},
		})
		require.Equal(t, http.StatusOK, asked.status)
		assert.Contains(t, asked.text(), "Look in your mailbox")

		link := s.mailedLink(t, "ada@example.com", "/login/link/")
		page := b.get(link + "?next=%2Fapp%2Fprojects")
		require.Equal(t, http.StatusOK, page.status)
		assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
		assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
		assert.Equal(t, http.StatusSeeOther, b.get("/app").status, "looking signs nobody in")
		in := b.submit(page, `form[action="`+link+`"]`, nil)
		assert.Equal(t, "/app/projects", in.location)
		home := b.get("/app/settings")
		require.Equal(t, http.StatusOK, home.status)
		assert.Contains(t, string(home.body), "your address is confirmed")
		assert.Contains(t, home.text(), "You have no password", "who chose it had not proven the address")
		assert.Equal(t, http.StatusGone, s.browser(t).get(link).status, "it works once")
		assert.Equal(t, http.StatusUnprocessableEntity, s.browser(t).login("ada@example.com", "correct horse battery").status)
	})
}

// TestA07_AskingForALinkTellsNobodyWhoIsHere compares what a user's address and a stranger's are answered.
func TestA07_AskingForALinkTellsNobodyWhoIsHere(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada")
		noise := regexp.MustCompile(`value="[A-Za-z0-9_-]{50,}"|[0-9a-f]{32}|(ada|bob)@example\.com`)
		ask := func(email string) (int, string) {
			b := s.browser(t)
			a := b.submit(b.get("/login/link"), `form[action="/login/link"]`, url.Values{"email": {email}})
			return a.status, noise.ReplaceAllString(string(a.body), "")
		}
		knownStatus, known := ask("ada@example.com")
		unknownStatus, unknown := ask("bob@example.com")
		assert.Equal(t, http.StatusOK, knownStatus)
		assert.Equal(t, knownStatus, unknownStatus)
		assert.Equal(t, known, unknown)
	})
}
