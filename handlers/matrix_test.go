package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/handlers"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// verified makes an address count as proven.
func (s *site) verified(t *testing.T, name string) {
	t.Helper()
	set := s.DB.Write(t.Context()).Model(&models.User{}).Where("email = ?", name+"@example.com").Update("email_verified_at", time.Now().UTC())
	require.NoError(t, set.Error)
	require.EqualValues(t, 1, set.RowsAffected)
}

// colleague signs somebody up and makes them a member of a browser's account, in a role.
func (b *browser) colleague(name string, role models.Role) *browser {
	b.t.Helper()
	sent := b.submit(b.get("/app/team"), `form[action="/app/team/invitations"]`, url.Values{
		"email": {name + "@example.com"}, "role": {string(role)},
	})
	require.Equal(b.t, "/app/team", sent.location, sent.text())
	link := b.mailedLink(b.t, name+"@example.com", "/invitations/")
	guest := b.signedUp(b.t, name)
	in := guest.submit(guest.get(link), `form[action="`+link+`"]`, nil)
	require.Equal(b.t, "/app/team", in.location, in.text())
	return guest
}

// belongings are the ids of what an account has, by the beginning of the path that names one.
func (b *browser) belongings(name string) map[string]string {
	b.t.Helper()
	ctx := b.t.Context()
	require.Equal(b.t, http.StatusSeeOther, b.post("/app/projects", url.Values{"_csrf": {b.token()}, "name": {"Bridge"}}).status)
	sent := b.post("/app/team/invitations", url.Values{"_csrf": {b.token()}, "email": {"nobody@example.com"}, "role": {"member"}})
	require.Equal(b.t, http.StatusSeeOther, sent.status, sent.text())
	var user models.User
	require.NoError(b.t, b.DB.Read(ctx).Where("email = ?", name+"@example.com").Take(&user).Error)
	var account models.Account
	require.NoError(b.t, b.DB.Read(ctx).Where("created_by = ?", user.ID).Take(&account).Error)
	key := models.APIKey{
		PublicID: models.NewPublicID("key"), AccountID: account.ID, UserID: user.ID, Name: "nightly", KeyHash: models.NewToken(),
		CreatedAt: time.Now().UTC(),
	}
	require.NoError(b.t, b.DB.Write(ctx).Create(&key).Error)
	only := func(table string, where string, args ...any) string {
		var ids []string
		require.NoError(b.t, b.DB.Read(ctx).Table(table).Where(where, args...).Pluck("public_id", &ids).Error)
		require.Len(b.t, ids, 1, table)
		return ids[0]
	}
	return map[string]string{
		"/app/projects/":          only("projects", "account_id = ?", account.ID),
		"/app/team/invitations/":  only("invitations", "account_id = ? AND accepted_at IS NULL", account.ID),
		"/app/team/members/":      user.PublicID,
		"/app/accounts/":          account.PublicID,
		"/app/settings/sessions/": only("sessions", "user_id = ?", user.ID),
		"/app/settings/api-keys/": key.PublicID,
		"/app/billing/change/":    "op_of_nobody", // an offer exists only while Stripe is asked
	}
}

// idIn puts the id that a path takes into it.
func idIn(t *testing.T, path string, ids map[string]string) string {
	t.Helper()
	before, _, _ := strings.Cut(path, ":id")
	id, known := ids[before]
	require.True(t, known, "%s takes an id: say in belongings what it is of", path)
	return strings.Replace(path, ":id", id, 1)
}

// forRoles are the routes that a role opens, those that end something for whoever asks at the end.
func forRoles() []handlers.Row {
	var rows []handlers.Row
	for _, r := range handlers.Routes() {
		if (r.Who == "member" || r.Who == "program") && !strings.Contains(r.Path, ":token") {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b handlers.Row) int { return rank(a) - rank(b) })
	return rows
}

func rank(r handlers.Row) int {
	return slices.Index([]string{"/app/accounts", "/app/team/leave"}, r.Path)
}

func (b *browser) ask(r handlers.Row, path, token string) answer {
	b.t.Helper()
	if r.Method == http.MethodGet {
		return b.get(path)
	}
	return b.post(path, url.Values{"_csrf": {token}, "role": {"member"}})
}

// refusedByRole reports whether an answer says that the role does not include it.
func refusedByRole(a answer) bool {
	words := views.Message("role_forbidden", nil)
	return a.status == http.StatusForbidden && (strings.Contains(a.text(), words) || strings.Contains(string(a.body), words))
}

// TestZ03_EachRoleOpensWhatTheTableSaysAndNothingElse asks for every route of an account in every role, and for
// everything of one account as the owner of another. A route that names no permission fails it.
func TestZ03_EachRoleOpensWhatTheTableSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		owner := s.signedUp(t, "owner")
		s.verified(t, "owner")
		ids := owner.belongings("owner")
		people := map[models.Role]*browser{
			models.RoleAdmin: owner.colleague("boss", models.RoleAdmin), models.RoleBilling: owner.colleague("payer", models.RoleBilling),
			models.RoleMember: owner.colleague("hand", models.RoleMember), models.RoleOwner: owner,
		}
		other, visitor := s.signedUp(t, "other"), s.browser(t)
		known := map[auth.Permission]bool{}
		for _, grant := range auth.Permissions() {
			known[grant.Permission] = true
		}
		foreign := other.token()
		for _, r := range forRoles() {
			require.True(t, known[r.Permission], "%s %s names no permission of the table", r.Method, r.Path)
			a := visitor.ask(r, concrete(r.Path), "")
			assert.Contains(t, []int{http.StatusSeeOther, http.StatusUnauthorized, http.StatusForbidden}, a.status, "%s by a visitor", r.Path)
			if strings.Contains(r.Path, ":id") {
				a := other.ask(r, idIn(t, r.Path, ids), foreign)
				assert.Contains(t, []int{http.StatusNotFound, http.StatusPaymentRequired}, a.status, "%s of another account: %s", r.Path, a.text())
			}
		}
		for role, b := range people {
			token := b.token()
			for _, r := range forRoles() {
				a := b.ask(r, concrete(r.Path), token)
				assert.Equal(t, !auth.May(role, r.Permission), refusedByRole(a), "%s %s as %s: %d %s", r.Method, r.Path, role, a.status, a.text())
			}
		}
	})
}

// TestZ03_AnAppAdminIsNobodyInAnAccount: who runs the product sees subscribers by the admin's pages, and has no role in
// their accounts.
func TestZ03_AnAppAdminIsNobodyInAnAccount(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		owner := s.signedUp(t, "owner")
		s.verified(t, "owner")
		ids := owner.belongings("owner")
		admin := s.signedUp(t, "admin")
		s.verified(t, "admin")
		require.Equal(t, http.StatusOK, admin.get("/admin").status)
		token := admin.token()
		for _, r := range forRoles() {
			if strings.Contains(r.Path, ":id") {
				a := admin.ask(r, idIn(t, r.Path, ids), token)
				assert.Contains(t, []int{http.StatusNotFound, http.StatusPaymentRequired}, a.status, "%s: %s", r.Path, a.text())
			}
		}
	})
}
