package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/handlers"
	"example.com/tollgate/models"
)

// age makes every proof as old as it may not be.
func (s *site) age(t *testing.T) {
	t.Helper()
	require.NoError(t, s.DB.Write(t.Context()).Model(&models.Session{}).Where("1 = 1").
		Update("confirmed_at", time.Now().UTC().Add(-15*time.Minute)).Error)
}

// TestDangerousActionsAskWhoIsThere sends every form that the map marks, with a proof that is too old.
func TestDangerousActionsAskWhoIsThere(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		s.age(t)
		asked := 0
		for _, r := range handlers.Routes() {
			if !r.Confirmed {
				continue
			}
			asked++
			a := b.post(concrete(r.Path), url.Values{"_csrf": {b.token()}, "name": {"Bridge"}})
			assert.Equal(t, http.StatusForbidden, a.status, r.Path)
			assert.Contains(t, a.text(), "Confirm it is you", r.Path)
			guarded(t, a, r.Path)
			form := a.doc().Find(`form[action="` + concrete(r.Path) + `"]`)
			assert.Equal(t, "Bridge", form.Find(`input[name="name"]`).AttrOr("value", ""), r.Path)
		}
		assert.GreaterOrEqual(t, asked, 5)
	})
}

func TestAFormSurvivesBeingAsked(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		settings := b.get("/app/settings")
		s.age(t)
		here := `form[action="/app/settings/api-keys"]`
		asked := b.submit(settings, form("api-keys"), url.Values{"name": {`Nightly "<b>"`}})
		require.Equal(t, http.StatusForbidden, asked.status)
		wrong := b.submit(asked, here, url.Values{"_confirm": {"not the password"}})
		require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
		assert.Contains(t, wrong.text(), "nothing has been done yet")
		assert.NotContains(t, string(wrong.body), "not the password")
		at, err := url.Parse(s.url)
		require.NoError(t, err)
		copied := s.browser(t)
		copied.client.Jar.SetCookies(at, b.client.Jar.Cookies(at))
		made := b.submit(wrong, here, url.Values{"_confirm": {"correct horse battery"}})
		require.Equal(t, http.StatusOK, made.status)
		assert.NotEmpty(t, made.doc().Find("#new-key").Text())
		assert.Contains(t, made.text(), `Nightly "<b>"`, "what was typed before came along")
		second := b.submit(settings, form("api-keys"), url.Values{"name": {"Weekly"}})
		assert.Equal(t, http.StatusOK, second.status, "not asked again, in a tab that was open before")
		assert.Equal(t, http.StatusSeeOther, copied.get("/app").status, "a copy of the cookie from before is worth nothing")

		// Somebody without a password is sent a link, which is a proof as well.
		require.NoError(t, s.DB.Write(t.Context()).Model(&models.User{}).Where("1 = 1").Update("password_hash", "").Error)
		s.age(t)
		asked = b.submit(settings, form("api-keys"), url.Values{"name": {"Monthly"}})
		require.Equal(t, http.StatusForbidden, asked.status)
		sent := b.submit(asked, `form[action="/login/link"]`, nil)
		assert.Contains(t, sent.text(), "Look in your mailbox")
		link := s.mailedLink(t, "ada@example.com", "/login/link/")
		require.Equal(t, http.StatusSeeOther, b.submit(b.get(link), `form[action="`+link+`"]`, nil).status)
		third := b.submit(b.get("/app/settings"), form("api-keys"), url.Values{"name": {"Monthly"}})
		assert.Equal(t, http.StatusOK, third.status)
	})
}
