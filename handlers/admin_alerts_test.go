package handlers_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
)

func TestTheAdminReadsAndClosesAlerts(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		assert.Contains(t, b.get("/admin/alerts").text(), "Nothing needs you")
		assert.NotContains(t, b.get("/admin").text(), "open alert")
		s.signedUp(t, "ada")
		account := s.accountOf(t, "ada@example.com")
		// Only a person closes alerts of these two kinds: the program's own jobs are at work meanwhile.
		require.NoError(t, s.Billing.Raise(t.Context(), billing.Alert{
			Kind: billing.AlertRefund, Key: "re_1", Subject: "$79.00 to <b>ada</b>", AccountID: account.ID,
		}))
		require.NoError(t, s.Billing.Raise(t.Context(), billing.Alert{
			Kind: billing.AlertRestored, Subject: "12 of 40 customers", Detail: "page 2",
		}))

		overview := b.get("/admin")
		assert.Contains(t, overview.text(), "2 open alerts")
		page := b.get("/admin/alerts")
		require.Equal(t, http.StatusOK, page.status, page.text())
		for _, want := range []string{"$79.00 to <b>ada</b>", "A refund came back", "12 of 40 customers", "page 2", "What to do:"} {
			assert.Contains(t, page.text(), want)
		}
		assert.Equal(t, 1, page.doc().Find(`main a[href="/admin/subscribers/`+account.PublicID+`"]`).Length(), "leads to the object")
		first := page.doc().Find("main li h2").First().Text()
		assert.Equal(t, "The database was restored from a backup", first, "the latest first")
		mail := b.get("/mailbox?q=admin%40example.com").text()
		assert.Contains(t, mail, "alert: A refund came back")

		closed := b.submit(page, `form[action$="/resolve"]`, nil)
		require.Equal(t, "/admin/alerts", closed.location)
		left := b.get("/admin/alerts")
		assert.Equal(t, 1, left.doc().Find(`form[action$="/resolve"]`).Length())
		past := b.get("/admin/alerts?show=resolved")
		assert.Contains(t, past.text(), "12 of 40 customers")
		assert.Contains(t, past.text(), "Resolved by admin@example.com")
		assert.Contains(t, past.text(), "1–1 of 1 alerts")
		again := b.submit(page, `form[action$="/resolve"]`, nil)
		assert.Equal(t, http.StatusSeeOther, again.status, "two admins may press it")
		for _, query := range []string{"show=%00&page=-1", "page=99999", "show=resolved&page=7"} {
			assert.Equal(t, http.StatusOK, b.get("/admin/alerts?"+query).status, query)
		}
	})
}
