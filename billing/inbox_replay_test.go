package billing_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
)

// lastTry makes a customer's next failure its last.
func (w *world) lastTry(customer string) {
	w.t.Helper()
	require.NoError(w.t, w.db.Write(w.ctx()).Exec(
		"UPDATE customer_sync SET attempts = 81, next_at = ? WHERE stripe_id = ?", time.Now().UTC(), customer).Error)
}

func TestW18_AnEventOfNobodyWaitsThenDiesWithOneAlert(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		for i := range 5 {
			body := event(fmt.Sprintf("evt_%d", i), "customer.subscription.updated", "cus_dashboard", nil)
			require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		}
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 5, w.count("webhook_events", "state = 'pending' AND attempts = 1"), "it may yet become somebody's")
		w.lastTry("cus_dashboard")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 5, w.count("webhook_events", "state = 'dead'"))
		w.signals()
		require.Equal(t, "5 events, 1 customers", w.alert(billing.AlertDeadLetters).Subject)
		require.EqualValues(t, 1, w.count("alerts", "true"))
		require.EqualValues(t, 1, w.count("mails", "kind = 'alert'"), "one alert, not one mail per event")
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 0, w.count("customer_sync", "attempts > 82"), "nobody tries any more")
	})
}

func TestW18_AnEventThatCameBeforeItsCustomerIsAppliedWhenItAppears(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.stripe.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: 500, AfterCommit: true, Times: -1})
		require.NoError(t, w.RunOps(w.ctx()))
		w.stripe.MustIdle()
		w.stripe.ClearFaults()
		list := w.stripe.Client.Customers.List(nil)
		require.True(t, list.Next())
		customer := list.Customer().ID
		body := event("evt_early", "customer.subscription.updated", customer, nil)
		require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_early' AND state = 'pending'"))
		require.Equal(t, customer, w.customerOf(account))
		w.settle()
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_early' AND state = 'done'"))
	})
}

func TestW20_AHandlerThatFailsTwiceEndsOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		facts := w.count("facts", "true")
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/*", Status: 500, Times: 6}) // the client tries each three times
		body := event("evt_twice", "customer.subscription.updated", customer, nil)
		for range 2 {
			require.NoError(t, w.Receive(w.ctx(), body, signed(body)), "Stripe delivers again in between")
			require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE customer_sync SET next_at = ?", time.Now().UTC()).Error)
			require.NoError(t, w.SyncDue(w.ctx()))
			require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_twice' AND state = 'pending'"))
		}
		require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE customer_sync SET next_at = ?", time.Now().UTC()).Error)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_twice' AND state = 'done' AND attempts = 3 AND deliveries = 2"))
		require.Equal(t, facts, w.count("facts", "true"))
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason)
	})
}

func TestW21_AnEventThatAlwaysFailsDiesAloneAndIsReplayed(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		_, broken := w.subscriber("ada")
		_, other := w.subscriber("ben")
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/" + broken, Status: http.StatusBadRequest, Times: -1})
		for _, customer := range []string{broken, other} {
			body := event("evt_"+customer, "customer.updated", customer, func(e map[string]any) {
				e["data"].(map[string]any)["object"] = map[string]any{"id": customer, "object": "customer"}
			})
			require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		}
		w.lastTry(broken)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = ? AND state = 'done'", "evt_"+other), "others go on")
		var row models.WebhookEvent
		require.NoError(t, w.db.Read(w.ctx()).Where("state = 'dead'").Take(&row).Error)
		require.Equal(t, "evt_"+broken, row.EventID)
		require.Contains(t, row.LastError, "400", "the admin sees why")
		require.True(t, w.openAlert(billing.AlertDeadLetters))

		w.stripe.ClearFaults()
		require.NoError(t, w.ReplayEvent(w.ctx(), row.EventID), "by Stripe's id, too")
		w.settle()
		w.signals()
		require.Zero(t, w.pending())
		require.False(t, w.openAlert(billing.AlertDeadLetters))
	})
}

func TestALaterSyncCoversWhatWasGivenUpOn(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		body := event("evt_dead", "customer.subscription.updated", customer, nil)
		require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		w.stripe.AddFault(sandbox.Fault{Match: "GET /v1/customers/*", Status: http.StatusBadRequest})
		w.lastTry(customer)
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("webhook_events", "state = 'dead'"))
		require.NoError(t, w.SyncAccount(w.ctx(), account.ID))
		require.Zero(t, w.pending(), "what it was about has been read")
	})
}

func TestReplayOfManyByFilter(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Now().Add(-4 * time.Minute).Truncate(time.Microsecond)}
		w.Wall = c.now
		for i := range 450 {
			if i == 400 {
				c.at = c.at.Add(2 * time.Minute)
			}
			body := event(fmt.Sprintf("evt_%d", i), "customer.subscription.updated", fmt.Sprintf("cus_%d", i%3), nil)
			require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		}
		require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE webhook_events SET state = 'dead' WHERE customer <> 'cus_0'").Error)
		require.NoError(t, w.db.Write(w.ctx()).Exec("UPDATE webhook_events SET state = 'done' WHERE customer = 'cus_0'").Error)
		unknown := event("evt_x", "radar.early_fraud_warning.created", "cus_1", nil)
		foreign := event("evt_y", "customer.updated", "cus_1", func(e map[string]any) { e["livemode"] = true })
		for _, body := range [][]byte{unknown, foreign} {
			require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		}
		for name, tc := range map[string]struct {
			filter models.EventFilter
			want   billing.Replay
		}{
			"all dead":      {models.EventFilter{State: models.EventDead}, billing.Replay{Events: 300, Customers: 2}},
			"of a customer": {models.EventFilter{Query: "cus_1"}, billing.Replay{Events: 151, Customers: 1}},
			"of a type":     {models.EventFilter{Type: "radar.early_fraud_warning.created"}, billing.Replay{Events: 1, Customers: 1}},
			"since":         {models.EventFilter{Type: "customer.subscription.updated", Since: c.at.Add(-time.Second)}, billing.Replay{Events: 50, Customers: 3}},
			"until":         {models.EventFilter{Type: "customer.subscription.updated", Until: c.at}, billing.Replay{Events: 400, Customers: 3}},
			"between":       {models.EventFilter{Since: c.at.Add(time.Hour), Until: c.at.Add(2 * time.Hour)}, billing.Replay{}},
			"of nobody":     {models.EventFilter{Query: "cus_9"}, billing.Replay{}},
			"foreign":       {models.EventFilter{Query: "evt_y"}, billing.Replay{}},
		} {
			found, err := w.CountReplay(w.ctx(), tc.filter)
			require.NoError(t, err, name)
			require.Equal(t, tc.want, found, name)
		}
		before := w.syncRow("cus_1").DirtySeq
		n, err := w.ReplayEvents(w.ctx(), models.EventFilter{State: models.EventDead})
		require.NoError(t, err)
		require.EqualValues(t, 300, n)
		require.EqualValues(t, 300, w.count("webhook_events", "state = 'pending' AND customer <> 'cus_0'"))
		require.Greater(t, w.syncRow("cus_1").DirtySeq, before)
		require.Zero(t, w.count("webhook_events", `state = 'pending' AND dirty_seq >
			(SELECT dirty_seq FROM customer_sync c WHERE c.stripe_id = webhook_events.customer)`))
		require.ErrorContains(t, w.ReplayEvent(w.ctx(), "evt_y"), "not_found")
	})
}

func TestG06_PayloadsAreTrimmedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		c := &clock{at: time.Now()}
		w.Wall = c.now
		now := c.at
		for i := range 3 {
			body := event(fmt.Sprintf("evt_%d", i), "customer.subscription.updated", "cus_1", nil)
			require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, c.at)), i)
			c.at = now.Add(time.Duration(i+1) * time.Minute)
		}
		c.at = now.Add(30*24*time.Hour + 90*time.Second)
		require.NoError(t, w.TrimPayloads(w.ctx()))
		require.EqualValues(t, 2, w.count("webhook_events", "trimmed_at IS NOT NULL AND payload = ?", []byte{}))
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_2' AND trimmed_at IS NULL AND payload <> ?", []byte{}))
		at := c.at
		c.at = c.at.Add(time.Hour)
		require.NoError(t, w.TrimPayloads(w.ctx()))
		require.NoError(t, w.TrimPayloads(w.ctx()))
		require.EqualValues(t, 3, w.count("webhook_events", "trimmed_at IS NOT NULL"), "the rows stay")
		require.EqualValues(t, 2, w.count("webhook_events", "trimmed_at = ?", at.UTC().Truncate(time.Microsecond)), "and none twice")
		require.NoError(t, w.ReplayEvent(w.ctx(), "evt_0"), "which needs no payload")
	})
}
