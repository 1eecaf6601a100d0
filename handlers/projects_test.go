package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

const createForm = `form[action="/app/projects"]`

func (b *browser) createProject(name string) answer {
	b.t.Helper()
	return b.submit(b.get("/app/projects"), createForm, url.Values{"name": {name}})
}

func TestProjectsAreKeptToTheLimit(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		for i := range 3 {
			require.Equal(t, http.StatusSeeOther, b.createProject(fmt.Sprintf("Project %d", i)).status)
		}
		full := b.post("/app/projects", url.Values{"_csrf": {b.token()}, "name": {"One too many"}})
		require.Equal(t, http.StatusPaymentRequired, full.status)
		require.Contains(t, full.text(), "Your plan holds 3 projects")
		require.Contains(t, full.text(), "Starter")

		b.subscribe("starter_v1_month")
		require.Equal(t, http.StatusSeeOther, b.createProject("One too many").status)
		require.Contains(t, b.get("/app/projects").text(), "One too many")
	})
}

func TestTheLastPlaceIsGivenOnce(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		token := b.token()
		var group errgroup.Group
		for i := range 12 {
			group.Go(func() error {
				b.post("/app/projects", url.Values{"_csrf": {token}, "name": {fmt.Sprintf("Race %d", i)}})
				return nil
			})
		}
		require.NoError(t, group.Wait())
		usage := b.get("/api/me/entitlements").json()["usage"].(map[string]any)
		require.EqualValues(t, 3, usage["projects"])
	})
}

func TestARefusedProjectKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		require.Equal(t, http.StatusSeeOther, b.createProject("Bridge").status)
		for typed, says := range map[string]string{
			"Bridge": "already have a project", "   ": "Give the project a name", strings.Repeat("x", 81): "too long",
		} {
			got := b.createProject(typed)
			require.Equal(t, http.StatusUnprocessableEntity, got.status, typed)
			require.Contains(t, got.text(), says)
			kept := got.doc().Find(createForm+` input[name="name"]`).AttrOr("value", "")
			require.Equal(t, strings.TrimSpace(typed), kept)
		}
	})
}

func TestProjectsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		owner, other := s.signedUp(t, "ada"), s.signedUp(t, "grace")
		owner.createProject("Secret")
		action := owner.get("/app/projects").doc().Find(`form[action$="/delete"]`).AttrOr("action", "")
		require.NotEmpty(t, action)
		require.Equal(t, http.StatusNotFound, other.post(action, url.Values{"_csrf": {other.token()}}).status)
		rename := strings.TrimSuffix(action, "/delete")
		require.Equal(t, http.StatusNotFound,
			other.post(rename, url.Values{"_csrf": {other.token()}, "name": {"Mine"}}).status)
		require.Contains(t, owner.get("/app/projects").text(), "Secret")
		require.Equal(t, http.StatusSeeOther, owner.post(action, url.Values{"_csrf": {owner.token()}}).status)
		require.NotContains(t, owner.get("/app/projects").text(), "Secret")
	})
}

func TestExportIsAPaidFeature(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.createProject("=HYPERLINK(\"http://example.com\")")
		refused := b.get("/app/projects/export.csv")
		require.Equal(t, http.StatusPaymentRequired, refused.status)
		require.Contains(t, refused.text(), "CSV export")
		require.Contains(t, refused.text(), "Starter")
		buys := refused.doc().Find(`form[action="/app/billing/checkout"] input[name="price"]`).AttrOr("value", "")
		require.Equal(t, "starter_v1_month", buys, "one button buys the plan that has it")

		b.subscribe("starter_v1_month")
		csv := b.get("/app/projects/export.csv")
		require.Equal(t, http.StatusOK, csv.status)
		require.Equal(t, "text/csv; charset=utf-8", csv.header.Get("Content-Type"))
		require.Contains(t, string(csv.body), `"'=HYPERLINK(`, "a spreadsheet must not run a name")
	})
}

// TestWhatIsBeyondASmallerPlanIsKeptReadOnly has five projects on a plan for three.
func TestWhatIsBeyondASmallerPlanIsKeptReadOnly(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.payer(t, "ada", "starter_v1_month")
		for n := range 5 {
			require.Equal(t, http.StatusSeeOther, b.createProject(fmt.Sprintf("Project %d", n)).status)
		}
		require.Zero(t, b.get("/app/projects").doc().Find("main li .badge-warning").Length())
		account := s.accountOf(t, "ada@example.com")
		require.NoError(t, s.Billing.EndNow(t.Context(), account.ID, ""))
		page := b.get("/app/projects")
		rename := func(name string) answer {
			row := page.doc().Find(`main li:contains("` + name + `")`)
			id := strings.TrimPrefix(row.AttrOr("id", ""), "project-")
			return b.post("/app/projects/"+id, url.Values{"_csrf": {b.token()}, "name": {name + ", new"}})
		}
		for n := range 5 {
			name := fmt.Sprintf("Project %d", n)
			row := page.doc().Find(`main li:contains("` + name + `")`)
			renamed := rename(name)
			if n < 3 {
				require.Equal(t, http.StatusSeeOther, renamed.status, name)
				require.Zero(t, row.Find(".badge-warning").Length(), name)
				continue
			}
			require.Equal(t, "Read-only", row.Find(".badge-warning").Text(), name)
			require.Equal(t, http.StatusPaymentRequired, renamed.status, name)
			require.Contains(t, renamed.text(), "more than your plan holds")
		}
		gone := page.doc().Find(`main li:contains("Project 0") form[action$="/delete"]`).AttrOr("action", "")
		require.Equal(t, http.StatusSeeOther, b.post(gone, url.Values{"_csrf": {b.token()}}).status)
		require.Equal(t, http.StatusSeeOther, rename("Project 3").status, "there is room for it now")
		require.Equal(t, http.StatusPaymentRequired, rename("Project 4").status)
	})
}
