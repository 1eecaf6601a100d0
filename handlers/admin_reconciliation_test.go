package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/models"
)

const pathReconciliation = "/admin/reconciliation"

// firstSweep waits for the sweep that begins with the program.
func (s *site) firstSweep(t *testing.T) {
	t.Helper()
	eventually(t, "the first sweep", func() bool {
		runs, err := s.DB.ListRuns(t.Context(), s.Billing.Connection, models.ReconcileSweep, 1)
		return err == nil && len(runs) == 1 && runs[0].State == models.RunDone
	})
}

// TestW22_AnAdminComparesWithStripe has a row here that is not what Stripe says, and finds it mended.
func TestW22_AnAdminComparesWithStripe(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.firstSweep(t) // before there is anybody whom it could meet half-way
		user, admin := s.payer(t, "ada", "pro_v1_month"), s.admin(t)
		assert.Equal(t, http.StatusNotFound, user.get(pathReconciliation).status)
		for _, path := range []string{pathReconciliation, pathReconciliation + "/run_1/apply"} {
			assert.Equal(t, http.StatusNotFound, user.post(path, url.Values{"_csrf": {user.token()}}).status, path)
		}
		page := admin.get(pathReconciliation)
		require.Equal(t, http.StatusOK, page.status)
		assert.Contains(t, page.text(), "Nothing has differed")

		// No late webhook is to mend it.
		require.NoError(t, s.EmbeddedStripe().(*sandbox.Sandbox).Idle(t.Context()))
		eventually(t, "nothing is due", func() bool {
			var due int64
			err := s.DB.Read(t.Context()).Model(&models.CustomerSync{}).Where("dirty_seq > synced_seq").Count(&due).Error
			return err == nil && due == 0
		})
		sub := s.subscriptionOf(t, "ada@example.com")
		require.NoError(t, s.DB.Write(t.Context()).Model(&sub).Update("cancel_at_period_end", true).Error)
		done := admin.submit(page, `form[action="`+pathReconciliation+`"]`, nil)
		require.Equal(t, http.StatusSeeOther, done.status)
		page = admin.get(pathReconciliation)
		assert.Contains(t, page.text(), "Compared with Stripe just now")
		assert.Contains(t, page.text(), "cancel at period end: true → false")
		link := "/admin/subscribers/" + s.accountOf(t, "ada@example.com").PublicID
		assert.Equal(t, 1, page.doc().Find(`a[href="`+link+`"]`).Length())
		eventually(t, "it is mended", func() bool { return !s.subscriptionOf(t, "ada@example.com").CancelAtPeriodEnd })
		eventually(t, "and said to be", func() bool {
			return admin.get(pathReconciliation).doc().Find(`td .badge:contains("Mended")`).Length() > 0
		})

		metrics := string(s.browser(t).get("/metrics").body)
		assert.Contains(t, metrics, "tollgate_reconcile_drift 1\n")
		assert.Contains(t, metrics, "tollgate_reconcile_unhealed 0\n")
		assert.Contains(t, metrics, `tollgate_reconcile_last_success_timestamp_seconds{kind="sweep"}`)
	})
}

// TestF10_AnAdminDecidesAboutAStoppedSweep reads why it was stopped, and applies it only with the box ticked.
func TestF10_AnAdminDecidesAboutAStoppedSweep(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		admin := s.admin(t)
		s.firstSweep(t)
		run := models.ReconcileRun{
			PublicID: "run_stopped", StripeAccount: s.Billing.Connection.StripeAccount, Kind: models.ReconcileSweep,
			Livemode: s.Billing.Connection.Livemode, Origin: billing.OriginSchedule, State: models.RunStopped,
			Reason: billing.ReasonTooMany, Losing: 24, Paying: 318, StartedAt: time.Now().UTC(),
		}
		require.NoError(t, s.DB.Write(t.Context()).Create(&run).Error)
		page := admin.get(pathReconciliation)
		assert.Contains(t, page.text(), "24 of 318 paying customers would lose access at once")
		apply := pathReconciliation + "/run_stopped/apply"
		refused := admin.post(apply, url.Values{"_csrf": {admin.token()}})
		assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
		assert.Contains(t, refused.text(), "Tick the box first")
		done := admin.submit(page, `form[action="`+apply+`"]`, url.Values{"sure": {"yes"}})
		require.Equal(t, http.StatusSeeOther, done.status)
		eventually(t, "it is applied", func() bool {
			page = admin.get(pathReconciliation)
			return page.doc().Find(`form[action="`+apply+`"]`).Length() == 0
		})
		assert.Contains(t, page.text(), "Applied by admin@example.com")
		again := admin.post(apply, url.Values{"_csrf": {admin.token()}, "sure": {"yes"}})
		assert.Equal(t, http.StatusConflict, again.status)
	})
}

// TestW22_ARefusalAsksStripe has somebody pay without a word of it reaching us, and then use what they paid for.
func TestW22_ARefusalAsksStripe(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		user := s.signedUp(t, "ada")
		customer, err := s.Billing.EnsureCustomer(t.Context(), s.accountOf(t, "ada@example.com").ID)
		require.NoError(t, err)
		sync := func() models.CustomerSync {
			var row models.CustomerSync
			require.NoError(t, s.DB.Read(t.Context()).Where("stripe_id = ?", customer).Take(&row).Error)
			return row
		}
		idle := func() bool { return sync().SyncedSeq == sync().DirtySeq }
		eventually(t, "nothing is due", idle)
		long := time.Now().UTC().Add(-time.Hour)
		require.NoError(t, s.DB.Write(t.Context()).Model(&models.CustomerSync{}).Where("stripe_id = ?", customer).
			Update("last_ok_at", long).Error)
		before := sync().DirtySeq
		require.Equal(t, http.StatusPaymentRequired, user.get("/app/projects/export.csv").status)
		require.Equal(t, before+1, sync().DirtySeq)
		eventually(t, "it is fetched", func() bool { return idle() && sync().LastOKAt.After(long) })
		for range 3 {
			require.Equal(t, http.StatusPaymentRequired, user.get("/app/projects/export.csv").status)
		}
		require.Equal(t, before+1, sync().DirtySeq, "once a minute is enough")
	})
}
