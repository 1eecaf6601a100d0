package billing_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81/webhook"
	"golang.org/x/sync/errgroup"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
)

// event makes the body of an event about a customer's subscription.
func event(id, kind, customer string, change func(map[string]any)) []byte {
	e := map[string]any{
		"id": id, "object": "event", "type": kind, "created": time.Now().Unix(), "livemode": false,
		"api_version": "2025-02-24.acacia",
		"data":        map[string]any{"object": map[string]any{"id": "sub_1", "object": "subscription", "customer": customer}},
	}
	if change != nil {
		change(e)
	}
	body, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return body
}

// sign makes the header that Stripe would send.
func sign(body []byte, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: body, Secret: secret, Timestamp: at,
	}).Header
}

func TestW01W03_ReceiveVerifiesTheSignatureAndItsTime(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		body := event("evt_1", "customer.subscription.updated", "cus_1", nil)
		now := time.Now()
		good := sign(body, sandboxtest.Secret, now)
		refused := map[string]struct {
			body   []byte
			header string
		}{
			"no header":             {body, ""},
			"malformed time":        {body, "t=yesterday,v1=aa"},
			"no signature":          {body, fmt.Sprintf("t=%d", now.Unix())},
			"signature not hex":     {body, fmt.Sprintf("t=%d,v1=zz", now.Unix())},
			"another secret":        {body, sign(body, "whsec_somebody_else", now)},
			"empty secret":          {body, sign(body, "", now)},
			"body changed":          {append([]byte(" "), body...), good},
			"six minutes old":       {body, sign(body, sandboxtest.Secret, now.Add(-301*time.Second))},
			"six minutes ahead":     {body, sign(body, sandboxtest.Secret, now.Add(301*time.Second))},
			"years ahead":           {body, sign(body, sandboxtest.Secret, now.AddDate(10, 0, 0))},
			"an old scheme only":    {body, fmt.Sprintf("t=%d,v0=%064d", now.Unix(), 0)},
			"signed, but no event":  {[]byte("hello"), sign([]byte("hello"), sandboxtest.Secret, now)},
			"signed, but has no id": {[]byte("{}"), sign([]byte("{}"), sandboxtest.Secret, now)},
		}
		for name, tc := range refused {
			require.ErrorContains(t, w.Receive(w.ctx(), tc.body, tc.header), "webhook_signature", name)
		}
		require.Zero(t, w.count("webhook_events", "true"), "nothing refused is kept")
		require.NoError(t, w.Receive(w.ctx(), body, good))
		require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, now.Add(-298*time.Second))))
		require.EqualValues(t, 1, w.count("webhook_events", "true"))
	})
}

func TestW05_AnEventIsKeptOnceHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		body := event("evt_1", "customer.subscription.updated", "cus_1", nil)
		var group errgroup.Group
		for i := range 50 {
			group.Go(func() error {
				return w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, time.Now().Add(-time.Duration(i)*time.Second)))
			})
		}
		require.NoError(t, group.Wait())
		require.EqualValues(t, 1, w.count("webhook_events", "event_id = 'evt_1'"))
		require.EqualValues(t, 1, w.count("customer_sync", "stripe_id = 'cus_1' AND dirty_seq = 1"),
			"fifty deliveries of one event make one sync due")
	})
}

func TestManyEventsTogetherEachKeepTheirPlace(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		var group errgroup.Group
		for i := range 200 {
			group.Go(func() error {
				body := event(fmt.Sprintf("evt_%d", i), "customer.subscription.updated", fmt.Sprintf("cus_%d", i%20), nil)
				return w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, time.Now()))
			})
		}
		require.NoError(t, group.Wait())
		require.EqualValues(t, 200, w.count("webhook_events", "state = 'pending' AND dirty_seq > 0"))
		require.EqualValues(t, 20, w.count("customer_sync", "true"))
		require.Zero(t, w.count("webhook_events", "dirty_seq > (SELECT dirty_seq FROM customer_sync c WHERE c.stripe_id = webhook_events.customer)"),
			"no event lies beyond what its customer owes")
	})
}

func TestW12_EventsOfOtherAccountsModesAndTypesAreIgnored(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		ignored := map[string][]byte{
			"live":      event("evt_live", "customer.subscription.updated", "cus_1", func(e map[string]any) { e["livemode"] = true }),
			"connected": event("evt_acct", "customer.subscription.updated", "cus_1", func(e map[string]any) { e["account"] = "acct_other" }),
			"unknown":   event("evt_type", "radar.early_fraud_warning.created", "cus_1", nil),
		}
		for name, body := range ignored {
			require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, time.Now())), name)
		}
		require.EqualValues(t, 3, w.count("webhook_events", "state = ?", models.EventIgnored))
		require.Zero(t, w.count("customer_sync", "true"))
	})
}

func TestW11_AnEventOfAnotherAPIVersionWorks(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		customer, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		for i, version := range []any{"2025-03-31.basil", nil, "2020-08-27"} {
			body := event(fmt.Sprintf("evt_v%d", i), "customer.subscription.updated", customer, func(e map[string]any) {
				e["api_version"] = version
				e["data"].(map[string]any)["object"].(map[string]any)["status"] = "canceled"
			})
			require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, time.Now())))
		}
		w.settle()
		require.Equal(t, billing.ReasonTrialing, w.access(account).Reason, "what the payload claims is not believed")
		require.Zero(t, w.count("webhook_events", "state = ?", models.EventPending))
	})
}

func TestEventForACustomerNotYetOursWaits(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		body := event("evt_early", "customer.subscription.updated", "cus_early", nil)
		require.NoError(t, w.Receive(w.ctx(), body, sign(body, sandboxtest.Secret, time.Now())))
		require.NoError(t, w.SyncDue(w.ctx()))
		require.EqualValues(t, 1, w.count("webhook_events", "state = 'pending' AND attempts = 1 AND last_error <> ''"))
		require.EqualValues(t, 1, w.count("customer_sync", "attempts = 1 AND lease_token = '' AND dirty_seq > synced_seq"))
	})
}

func TestReplayMakesAnEventPendingAgain(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account := w.account("ada")
		w.buy(account, "pro_v1_month", "pm_card_visa")
		w.settle()
		var row models.WebhookEvent
		require.NoError(t, w.db.Read(w.ctx()).Where("type = 'customer.subscription.created'").Take(&row).Error)
		require.Equal(t, models.EventDone, row.State)
		facts, mails := w.count("facts", "true"), w.count("mails", "true")

		require.NoError(t, w.ReplayEvent(w.ctx(), row.PublicID))
		require.EqualValues(t, 1, w.count("webhook_events", "state = 'pending'"))
		w.settle()
		require.Zero(t, w.count("webhook_events", "state = 'pending'"))
		require.Equal(t, facts, w.count("facts", "true"), "a replay finds nothing new")
		require.Equal(t, mails, w.count("mails", "true"), "and tells nobody")
		require.ErrorContains(t, w.ReplayEvent(w.ctx(), "wh_none"), "not_found")
	})
}
