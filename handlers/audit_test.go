package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/handlers"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// unlogged are the forms that the audit log leaves out: they change nothing that concerns safety or money, or
// nobody is known to have sent them.
func unlogged() []string {
	return []string{
		"/login/link", "/forgot-password", "/verify-email", // ask for a mail
		"/app/projects", "/app/projects/:id", "/app/projects/:id/delete", // the product's own
		"/app/accounts/:id/switch", "/app/settings/preferences", "/app/settings/two-step", // change nothing yet
	}
}

// TestEveryFormIsInTheAuditLogOrSaysWhyNot reads the map of the site, so that a form added to it is decided about.
func TestEveryFormIsInTheAuditLogOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	for _, r := range handlers.Routes() {
		if r.Method == http.MethodGet || r.Who == "machine" {
			continue
		}
		left := false
		for _, path := range unlogged() {
			left = left || path == r.Path
		}
		assert.Equal(t, left, r.Action == "", r.Path)
		if r.Action != "" {
			assert.NotEqual(t, r.Action, views.ActionWords(r.Action), "%s has no words", r.Action)
		}
		for _, field := range r.Shown {
			assert.Contains(t, []string{"email", "role", "name", "price", "amount"}, field, "%s shows what may be a secret", r.Path)
		}
	}
}

// TestTheAuditLogSaysWhoDidWhat lives a little and reads it, as the owner, an admin of the account, a member,
// somebody else, and who runs the product.
func TestTheAuditLogSaysWhoDidWhat(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		owner := s.signedUp(t, "owner")
		s.verified(t, "owner")
		boss, hand := owner.colleague("boss", models.RoleAdmin), owner.colleague("hand", models.RoleMember)
		renamed := owner.submit(owner.get("/app/team"), `form[action="/app/team/name"]`, url.Values{"name": {"=1+1"}})
		require.Equal(t, http.StatusSeeOther, renamed.status)
		owner.submit(owner.get("/app/team"), `form[action="/app/team/name"]`, url.Values{"name": {" "}}) // refused, so not done
		changed := owner.submit(owner.get("/app/settings"), `form[action="/app/settings/password"]`, url.Values{
			"current": {"correct horse battery"}, "password": {"a secret of the owner"},
		})
		require.Equal(t, http.StatusSeeOther, changed.status)
		owner.subscribe("starter_v1_month")

		page := owner.get("/app/activity").text()
		for _, said := range []string{
			"Signed up", "Invited somebody", "boss@example.com, admin", "Joined the account", "Renamed the account", "Changed the password",
			"Went to pay for a plan", "starter_v1_month", "127.0.0.1",
		} {
			assert.Contains(t, page, said)
		}
		assert.Equal(t, 1, strings.Count(page, "Renamed the account"))
		assert.Contains(t, boss.get("/app/activity").text(), "Changed the password")
		assert.Equal(t, http.StatusForbidden, hand.get("/app/activity").status)
		assert.Equal(t, http.StatusForbidden, hand.get("/app/activity/export.csv").status)

		export := owner.get("/app/activity/export.csv")
		require.Equal(t, http.StatusOK, export.status)
		assert.Contains(t, string(export.body), ",'=1+1,", "a spreadsheet computes nothing")
		for _, secret := range []string{"correct horse battery", "a secret of the owner"} {
			assert.NotContains(t, string(export.body), secret)
		}
		other := s.signedUp(t, "other")
		assert.NotContains(t, other.get("/app/activity").text(), "owner")
		assert.NotContains(t, string(other.get("/app/activity/export.csv").body), "boss")

		root := s.signedUp(t, "admin")
		s.verified(t, "admin")
		assert.Contains(t, root.get("/admin/activity").text(), "Renamed the account")
		found := root.get("/admin/activity?q=BOSS@example.com").text()
		assert.Contains(t, found, "Joined the account")
		assert.NotContains(t, found, "Renamed the account")
		assert.Contains(t, root.get("/admin/activity?q=nobody@example.com").text(), "Nothing matches")
		assert.NotContains(t, string(root.get("/admin/activity/export.csv?q=boss@example.com").body), "Renamed")
	})
}

// TestTheAuditLogHasSignInsAndNotAttempts: a wrong password signs nobody in.
func TestTheAuditLogHasSignInsAndNotAttempts(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada")
		b := s.browser(t)
		require.Equal(t, http.StatusUnprocessableEntity, b.login("ada@example.com", "wrong password").status)
		entries := func() (n int64) {
			require.NoError(t, s.DB.Read(t.Context()).Model(&models.AuditEntry{}).Where("action = 'signed_in'").Count(&n).Error)
			return n
		}
		assert.Zero(t, entries())
		require.Equal(t, http.StatusSeeOther, b.login("ada@example.com", "correct horse battery").status)
		assert.EqualValues(t, 1, entries())
	})
}

// TestTheAuditLogCannotBeRewritten asks the database itself.
func TestTheAuditLogCannotBeRewritten(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.signedUp(t, "ada")
		entries := func() (n int64) {
			require.NoError(t, s.DB.Read(t.Context()).Model(&models.AuditEntry{}).Where("action = 'signed_up'").Count(&n).Error)
			return n
		}
		require.EqualValues(t, 1, entries())
		require.ErrorContains(t, s.DB.Write(t.Context()).Exec("UPDATE audit_entries SET action = 'nothing'").Error, "append-only")
		require.ErrorContains(t, s.DB.Write(t.Context()).Exec("DELETE FROM audit_entries").Error, "kept for a year")
		require.EqualValues(t, 1, entries())
	})
}
