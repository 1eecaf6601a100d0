package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
)

// givenUp says that an event of a customer was received and given up on.
func (s *site) givenUp(t *testing.T, id, customer string, received time.Time) models.WebhookEvent {
	t.Helper()
	row := models.WebhookEvent{
		PublicID: models.NewPublicID("wh"), StripeAccount: s.Billing.Connection.StripeAccount, EventID: id,
		Type: "invoice.paid", Customer: customer, Payload: []byte(`{"id":"` + id + `"}`), State: models.EventDead,
		OccurredAt: received.UTC(), ReceivedAt: received.UTC(), Deliveries: 1, LastError: "status 400",
		DirtySeq: 1 << 40, // no sync that is under way covers it
	}
	require.NoError(t, s.DB.Write(t.Context()).Create(&row).Error)
	return row
}

func TestW21_TheAdminReplaysManyEventsAtOnce(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		s.signedUp(t, "ada")
		account := s.accountOf(t, "ada@example.com")
		eventually(t, "the customer is made", func() bool {
			var n int64
			require.NoError(t, s.DB.Read(t.Context()).Model(&models.Customer{}).Where("account_id = ?", account.ID).Count(&n).Error)
			return n == 1
		})
		customer := customerID(t, s, account)
		old := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
			s.givenUp(t, id, customer, old)
		}
		s.givenUp(t, "evt_4", customer, time.Now())
		s.givenUp(t, "evt_nobody", "", time.Now())

		assert.Zero(t, b.get("/admin/events").doc().Find(`main a[href^="/admin/events/replay"]`).Length(), "never everything")
		inbox := b.get("/admin/events?state=dead&since=2026-03-01&until=2026-03-01")
		assert.Contains(t, inbox.text(), "1–3 of 3 events")
		link := inbox.doc().Find(`main a[href^="/admin/events/replay"]`).AttrOr("href", "")
		ask := b.get(link)
		require.Equal(t, http.StatusOK, ask.status, ask.text())
		assert.Contains(t, ask.text(), "Events3Customers1")
		var untouched int64
		require.NoError(t, s.DB.Read(t.Context()).Model(&models.WebhookEvent{}).Where("state = 'dead'").Count(&untouched).Error)
		assert.EqualValues(t, 5, untouched, "asking changes nothing")

		done := b.submit(ask, `form[action="/admin/events/replay"]`, nil)
		require.Equal(t, "/admin/events?state=pending", done.location)
		eventually(t, "they are done", func() bool {
			var n int64
			require.NoError(t, s.DB.Read(t.Context()).Model(&models.WebhookEvent{}).
				Where("event_id LIKE 'evt_%' AND customer = ? AND type = 'invoice.paid' AND state = 'done'", customer).Count(&n).Error)
			return n == 3
		})
		assert.Contains(t, b.get("/admin/events/replay?q=evt_nobody").text(), "Nothing to replay")
		assert.Contains(t, b.get("/admin/events/replay").text(), "Nothing chosen")
		bare := b.post("/admin/events/replay", url.Values{"_csrf": {b.token()}})
		assert.Equal(t, http.StatusBadRequest, bare.status, "without a filter nothing is replayed")
		for _, query := range []string{"since=never&until=%00", "since=0001-01-01&until=9999-12-31", "state=%27&type=%00"} {
			assert.Equal(t, http.StatusOK, b.get("/admin/events?"+query).status, query)
		}
	})
}

func TestG06_TheAdminReadsThatAPayloadWasTrimmed(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.admin(t)
		row := s.givenUp(t, "evt_old", "cus_1", time.Now().Add(-31*24*time.Hour))
		assert.Contains(t, b.get("/admin/events/"+row.PublicID).text(), `"id": "evt_old"`)
		require.NoError(t, s.Billing.TrimPayloads(t.Context()))
		page := b.get("/admin/events/" + row.PublicID)
		require.Equal(t, http.StatusOK, page.status)
		assert.Contains(t, page.text(), "Trimmed on")
		assert.NotContains(t, page.text(), `"evt_old"`)
	})
}

func TestTheMetricsTellOfMoneyAndQueues(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.givenUp(t, "evt_1", "cus_1", time.Now())
		require.NoError(t, s.Billing.Signals(t.Context()))
		metrics := string(s.browser(t).get("/metrics").body)
		for _, line := range []string{
			`tollgate_alerts_open{kind="dead_letters"} 1`, `tollgate_alerts_open{kind="drift"} 0`,
			`tollgate_webhook_events{state="dead"} 1`, `tollgate_webhook_events{state="pending"} 0`,
			"tollgate_webhook_oldest_pending_seconds 0", `tollgate_mails{state="dead"} 0`,
			`tollgate_stripe_operations{state="pending"} 0`, `tollgate_payments_total{status="failed"} 0`,
			`tollgate_syncs_total{result="ok"} 0`, "tollgate_customers_due 0", "tollgate_customers_given_up 0",
		} {
			assert.Contains(t, metrics, line+"\n")
		}
	})
}
