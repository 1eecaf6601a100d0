package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
)

func form(action string) string { return `form[action="/app/settings/` + action + `"]` }

func TestSettingsProfileAndPreferences(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		settings := b.get("/app/settings")
		require.Equal(t, http.StatusOK, settings.status)
		a := b.submit(settings, form("profile"), url.Values{"name": {"Countess Ada"}})
		require.Equal(t, "/app/settings", a.location)
		after := b.get("/app/settings")
		assert.Contains(t, string(after.body), "Your profile is saved.")
		assert.Equal(t, "Countess Ada", after.doc().Find(form("profile")+` input[name="name"]`).AttrOr("value", ""))
		found, err := s.DB.SearchSubscribers(t.Context(), models.SubscriberSearch{Query: "countess"})
		require.NoError(t, err)
		assert.Len(t, found.Rows, 1, "an admin finds the new name at once")
		assert.NotContains(t, string(b.get("/app/settings").body), "Your profile is saved.", "a notice is shown once")

		a = b.submit(after, form("profile"), url.Values{"name": {""}})
		assert.Equal(t, http.StatusUnprocessableEntity, a.status)
		assert.Contains(t, a.text(), "Enter your name")

		a = b.submit(after, form("preferences"), url.Values{"locale": {"de-DE"}, "zone": {"Europe/Berlin"}})
		require.Equal(t, "/app/settings", a.location)
		chosen := b.get("/app/settings").doc().Find(form("preferences") + ` option[selected]`)
		assert.Equal(t, 2, chosen.Length())
		assert.Equal(t, "de-DE", chosen.First().AttrOr("value", ""))
		a = b.submit(after, form("preferences"), url.Values{"locale": {"xx"}, "zone": {"Mars/Olympus"}})
		assert.Equal(t, http.StatusUnprocessableEntity, a.status)
		assert.Contains(t, a.text(), "Choose one of the time zones")
	})
}

func TestSettingsPasswordAndSessions(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		here := s.signedUp(t, "ada")
		there := s.browser(t)
		require.Equal(t, "/app", there.login("ada@example.com", "correct horse battery").location)
		third := s.browser(t)
		require.Equal(t, "/app", third.login("ada@example.com", "correct horse battery").location)
		settings := here.get("/app/settings")
		assert.Contains(t, settings.text(), "This browser")
		revoke := settings.doc().Find(`form[action^="/app/settings/sessions/"]`)
		require.Equal(t, 2, revoke.Length())

		eve := s.signedUp(t, "eve")
		stolen := eve.post(revoke.First().AttrOr("action", ""), url.Values{"_csrf": {eve.token()}})
		assert.Equal(t, http.StatusNotFound, stolen.status, "nobody ends the sessions of others")
		a := here.submit(settings, `form[action="`+revoke.First().AttrOr("action", "")+`"]`, nil)
		require.Equal(t, "/app/settings", a.location)
		signedIn := 0
		for _, other := range []*browser{there, third} {
			if other.get("/app").status == http.StatusOK {
				signedIn++
			}
		}
		assert.Equal(t, 1, signedIn)

		a = here.submit(settings, form("password"), url.Values{"current": {"wrong"}, "password": {"a phrase I will remember"}})
		assert.Contains(t, a.text(), "not your current password")
		a = here.submit(settings, form("password"),
			url.Values{"current": {"correct horse battery"}, "password": {"a phrase I will remember"}})
		require.Equal(t, "/app/settings", a.location)
		assert.Equal(t, http.StatusOK, here.get("/app").status)
		for _, other := range []*browser{there, third} {
			assert.Equal(t, http.StatusSeeOther, other.get("/app").status)
		}
	})
}

func TestSettingsAPIKeys(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		assert.Contains(t, b.get("/app/settings").text(), "does not include the API")
		refused := b.post("/app/settings/api-keys", url.Values{"_csrf": {b.token()}, "name": {"nightly"}})
		assert.Equal(t, http.StatusPaymentRequired, refused.status)

		b.subscribe("pro_v1_month")
		made := b.submit(b.get("/app/settings"), form("api-keys"), url.Values{"name": {"nightly"}})
		require.Equal(t, http.StatusOK, made.status, made.text())
		secret := made.doc().Find("#new-key").Text()
		require.Regexp(t, `^tg_[0-9a-f]{32}$`, secret)
		assert.NotContains(t, string(b.get("/app/settings").body), secret, "shown once")

		program := s.browser(t)
		ask := func() int {
			r := program.request(http.MethodGet, "/api/me/entitlements", nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			return program.do(r).status
		}
		assert.Equal(t, http.StatusOK, ask())
		settings := b.get("/app/settings")
		gone := b.submit(settings, `form[action^="/app/settings/api-keys/"]`, nil)
		require.Equal(t, "/app/settings", gone.location)
		assert.Equal(t, http.StatusUnauthorized, ask())

		nameless := b.submit(settings, form("api-keys"), url.Values{"name": {" "}})
		assert.Equal(t, http.StatusUnprocessableEntity, nameless.status)
		assert.Contains(t, nameless.text(), "Say what the key is for")
	})
}

func TestVerificationIsSentAgainFromSettings(t *testing.T) {
	t.Parallel()
	s := newSQLiteSite(t)
	b := s.signedUp(t, "ada")
	a := b.submit(b.get("/app/settings"), `form[action="/verify-email"]`, nil)
	assert.Equal(t, http.StatusTooManyRequests, a.status, "the first was sent a moment ago")
	assert.Contains(t, a.text(), "a minute")
}
