package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// alert is the newest alert of a kind.
func (w *world) alert(kind string) models.Alert {
	w.t.Helper()
	var row models.Alert
	require.NoError(w.t, w.db.Read(w.ctx()).Where("kind = ?", kind).Order("id DESC").Take(&row).Error)
	return row
}

// clock is a wall clock that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestAnAlertIsOpenOnceAndMailedOnceADay(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
		w.Wall = c.now
		drift := billing.Alert{Kind: billing.AlertDrift, Subject: "2 subscriptions differed", Detail: "sub_1, sub_2"}
		mails := func() int64 { return w.count("mails", "kind = 'alert' AND to_address = 'admin@example.com'") }
		for range 3 {
			require.NoError(t, w.Raise(w.ctx(), drift))
		}
		require.EqualValues(t, 1, w.count("alerts", "resolved_at IS NULL AND count = 3"))
		require.EqualValues(t, 1, mails(), "one mail when it opens")

		c.at = c.at.Add(23 * time.Hour)
		require.NoError(t, w.Raise(w.ctx(), drift))
		require.EqualValues(t, 1, mails())
		c.at = c.at.Add(time.Hour)
		drift.Detail = "sub_3"
		require.NoError(t, w.Raise(w.ctx(), drift))
		require.EqualValues(t, 2, mails(), "another one a day later, while it lasts")
		row := w.alert(billing.AlertDrift)
		require.Equal(t, "sub_3", row.Detail, "the latest is shown")
		require.EqualValues(t, 5, row.Count)
		require.Equal(t, 24*time.Hour, row.LastAt.Sub(row.FirstAt))

		require.NoError(t, w.Raise(w.ctx(), billing.Alert{Kind: billing.AlertDrift, Key: "other", Subject: "x"}))
		require.EqualValues(t, 3, mails(), "another key is another alert")
		require.NoError(t, w.Resolve(w.ctx(), billing.AlertDrift, ""))
		require.NoError(t, w.Resolve(w.ctx(), billing.AlertDrift, ""), "twice is no error")
		require.EqualValues(t, 1, w.count("alerts", "resolved_at IS NULL"))
		require.NoError(t, w.Raise(w.ctx(), drift))
		require.EqualValues(t, 3, w.count("alerts", "true"), "what comes again opens a new one")
		require.EqualValues(t, 4, mails())
	})
}

func TestAnAlertRaisedByManyAtOnceIsOne(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		var group errgroup.Group
		for range 20 {
			group.Go(func() error { return w.Raise(w.ctx(), billing.Alert{Kind: billing.AlertKey, Subject: "401"}) })
		}
		require.NoError(t, group.Wait())
		require.EqualValues(t, 1, w.count("alerts", "count = 20"))
		require.EqualValues(t, 1, w.count("mails", "kind = 'alert'"))
	})
}

func TestAnAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		require.ErrorContains(t, w.Raise(w.ctx(), billing.Alert{Kind: "nonsense"}), "no such kind")
		long := strings.Repeat("é", 400) + "\x00"
		require.NoError(t, w.Raise(w.ctx(), billing.Alert{Kind: billing.AlertSweep, Subject: "12 of 40 customers", Detail: long}))
		var mail models.Mail
		require.NoError(t, w.db.Read(w.ctx()).Where("kind = 'alert'").Take(&mail).Error)
		for _, part := range []string{mail.HTML, mail.Text} {
			for _, words := range []string{"12 of 40 customers", "nothing was changed", "tollgate doctor", "http://localhost:8080/admin/alerts"} {
				require.Contains(t, part, words)
			}
		}
		require.Equal(t, "Tollgate alert: The comparison with Stripe was stopped", mail.Subject)

		id := w.alert(billing.AlertSweep).PublicID
		require.NoError(t, w.ResolveAlert(w.ctx(), id, "admin@example.com"))
		require.Equal(t, "admin@example.com", w.alert(billing.AlertSweep).ResolvedBy)
		require.ErrorContains(t, w.ResolveAlert(w.ctx(), "alert_none", "admin@example.com"), "not_found")
	})
}

func TestEveryKindOfAlertIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, row := range billing.AlertKinds() {
		require.False(t, seen[row.Kind], row.Kind)
		seen[row.Kind] = true
		require.NotEmpty(t, row.Title, row.Kind)
		require.True(t, strings.HasSuffix(row.Means, "."), row.Kind)
		require.True(t, strings.HasSuffix(row.Do, "."), row.Kind)
	}
}
