package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
)

// TestATeamFromTheInvitationToTheFarewell takes people through the pages.
func TestATeamFromTheInvitationToTheFarewell(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		owner := s.signedUp(t, "owner")
		refused := owner.submit(owner.get("/app/team"), `form[action="/app/team/invitations"]`, url.Values{"email": {"boss@example.com"}, "role": {"admin"}})
		require.Equal(t, http.StatusUnprocessableEntity, refused.status)
		assert.Contains(t, refused.text(), "Confirm your own e-mail address first")
		assert.Equal(t, "boss@example.com", refused.doc().Find("#invite-email").AttrOr("value", ""), "what was typed stays")
		assert.Equal(t, "admin", refused.doc().Find("#invite-role option[selected]").AttrOr("value", ""))
		s.verified(t, "owner")

		named := owner.submit(owner.get("/app/team"), `form[action="/app/team/name"]`, url.Values{"name": {"Example Works"}})
		require.Equal(t, "/app/team", named.location)
		nameless := owner.submit(owner.get("/app/team"), `form[action="/app/team/name"]`, url.Values{"name": {" "}})
		assert.Equal(t, http.StatusUnprocessableEntity, nameless.status)

		boss := owner.colleague("boss", models.RoleAdmin)
		page := boss.get("/app/team")
		assert.Contains(t, page.text(), "Example Works")
		assert.Contains(t, page.text(), "Welcome!")
		hand := boss.colleague("hand", models.RoleMember)
		assert.Zero(t, hand.get("/app/team").doc().Find(`form[action="/app/team/invitations"]`).Length())
		assert.Zero(t, hand.get("/app").doc().Find(`nav a[href="/app/billing"]`).Length())
		barred := hand.get("/app/billing")
		assert.Equal(t, http.StatusForbidden, barred.status)
		assert.Contains(t, barred.text(), "Ask its owner")
		assert.Zero(t, hand.get("/app/settings").doc().Find("#api-keys").Length())

		raise := owner.get("/app/team").doc().Find(`select[aria-label="Role of hand"], #members`).Length()
		require.NotZero(t, raise)
		var user models.User
		require.NoError(t, s.DB.Read(t.Context()).Where("email = 'hand@example.com'").Take(&user).Error)
		raised := owner.submit(owner.get("/app/team"), `form[action="/app/team/members/`+user.PublicID+`/role"]`, url.Values{"role": {"billing"}})
		require.Equal(t, "/app/team", raised.location, raised.text())
		assert.Equal(t, http.StatusOK, hand.get("/app/billing").status, "at the next click")

		gone := boss.submit(boss.get("/app/team"), `form[action="/app/team/members/`+user.PublicID+`/remove"]`, nil)
		require.Equal(t, "/app/team", gone.location, gone.text())
		home := hand.get("/app/team")
		require.Equal(t, http.StatusOK, home.status, "nobody is signed out by it")
		assert.NotContains(t, home.text(), "Example Works")

		left := boss.submit(boss.get("/app/team"), `form[action="/app/team/leave"]`, nil)
		assert.Equal(t, "/app/accounts", left.location)
		assert.NotContains(t, boss.get("/app/accounts").text(), "Example Works")
		stays := owner.post("/app/team/leave", url.Values{"_csrf": {owner.token()}})
		assert.Equal(t, http.StatusConflict, stays.status)
		assert.Contains(t, string(stays.body), "Make somebody else its owner first")
	})
}

// TestAnInvitationLeadsEverybodySomewhere opens the link as a visitor, as somebody else, and when it is used up.
func TestAnInvitationLeadsEverybodySomewhere(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		owner := s.signedUp(t, "owner")
		s.verified(t, "owner")
		sent := owner.submit(owner.get("/app/team"), `form[action="/app/team/invitations"]`, url.Values{"email": {"grace@example.com"}, "role": {"member"}})
		require.Equal(t, "/app/team", sent.location, sent.text())
		link := s.mailedLink(t, "grace@example.com", "/invitations/")
		visitor := s.browser(t)
		page := visitor.get(link)
		require.Equal(t, http.StatusOK, page.status)
		assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
		up := page.doc().Find(`a[href^="/signup?next="]`)
		require.Equal(t, 1, up.Length())
		in := visitor.submit(visitor.get(up.AttrOr("href", "")), `form[action="/signup"]`, url.Values{
			"name": {"grace"}, "email": {"grace@example.com"}, "password": {"correct horse battery"},
		})
		require.Equal(t, link, in.location, "and back to the invitation")
		assert.Contains(t, owner.get(link).text(), "for somebody else")
		foreign := owner.post(link, url.Values{"_csrf": {owner.token()}})
		assert.Equal(t, http.StatusForbidden, foreign.status)
		joined := visitor.submit(visitor.get(link), `form[action="`+link+`"]`, nil)
		require.Equal(t, "/app/team", joined.location)
		assert.Equal(t, http.StatusGone, visitor.get(link).status)
	})
}

// TestAFormOfOneAccountIsNotSentInAnother: one tab switches, and the form that another tab still shows is refused.
func TestAFormOfOneAccountIsNotSentInAnother(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		s.verified(t, "ada")
		stale := b.get("/app/projects")
		made := b.submit(b.get("/app/accounts"), `form[action="/app/accounts"]`, url.Values{"name": {"Second"}})
		require.Equal(t, "/app", made.location, made.text())
		refused := b.submit(stale, `form[action="/app/projects"]`, url.Values{"name": {"Bridge"}})
		assert.Equal(t, http.StatusForbidden, refused.status)
		assert.NotContains(t, b.get("/app/projects").text(), "Bridge")
		back := b.submit(b.get("/app/accounts"), `form[action$="/switch"]`, nil)
		require.Equal(t, "/app", back.location)
		assert.Equal(t, http.StatusSeeOther, b.submit(b.get("/app/projects"), `form[action="/app/projects"]`, url.Values{"name": {"Bridge"}}).status)
		assert.Contains(t, b.get("/app/projects").text(), "Bridge")
	})
}
