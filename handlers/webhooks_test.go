package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81/webhook"
	"golang.org/x/sync/errgroup"
)

// deliver posts a signed event as Stripe does: no cookies, no token.
func (s *site) deliver(t *testing.T, path string, body []byte) answer {
	t.Helper()
	b := s.browser(t)
	r := b.request(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: body, Secret: s.Config.StripeWebhookSecrets[0], Timestamp: time.Now(),
	}).Header)
	return b.do(r)
}

func eventBody(t *testing.T, id string, padding int) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": id, "object": "event", "type": "customer.subscription.updated", "created": time.Now().Unix(),
		"data": map[string]any{"object": map[string]any{
			"id": "sub_1", "object": "subscription", "customer": "cus_1", "description": strings.Repeat("x", padding),
		}},
	})
	require.NoError(t, err)
	return body
}

func TestW01W08_TheWebhookRouteIsForMachines(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		body := eventBody(t, "evt_1", 0)
		for _, path := range []string{"/webhooks/stripe", "/webhooks/stripe/"} {
			got := s.deliver(t, path, body)
			require.Equal(t, http.StatusOK, got.status, "%s: %s", path, got.body)
			require.Empty(t, got.header.Get("Set-Cookie"))
		}
		unsigned := s.browser(t).do(s.browser(t).request(http.MethodPost, "/webhooks/stripe", bytes.NewReader(body)))
		require.Equal(t, http.StatusBadRequest, unsigned.status)
		require.NotContains(t, string(unsigned.body), "evt_1", "nothing of the body is echoed")
		require.NotContains(t, string(unsigned.body), "whsec_")
		require.Equal(t, http.StatusMethodNotAllowed, s.browser(t).get("/webhooks/stripe").status)
	})
}

func TestW10_WebhookBodiesAreBounded(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		require.Equal(t, http.StatusOK, s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_big", 300<<10)).status)
		require.Equal(t, http.StatusRequestEntityTooLarge,
			s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_huge", 2<<20)).status)
		for name, length := range map[string]int64{"announced": 20 << 20, "of unannounced length": -1} {
			b := s.browser(t)
			r := b.request(http.MethodPost, "/webhooks/stripe", io.LimitReader(endless{}, 20<<20))
			r.ContentLength = length
			response, err := b.client.Do(r)
			if err != nil {
				continue // it was cut off before all of it was sent
			}
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode, name)
		}
		var events int64
		require.NoError(t, s.DB.Read(t.Context()).Table("webhook_events").Count(&events).Error)
		require.EqualValues(t, 1, events)
	})
}

// endless is a body of the letter x.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestW09_ABurstFromOneAddressIsTakenWhole is the first of a month, when Stripe renews everybody at once.
func TestW09_ABurstFromOneAddressIsTakenWhole(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		const burst = 500
		bodies := make([][]byte, burst)
		for i := range bodies {
			bodies[i] = eventBody(t, fmt.Sprintf("evt_%d", i), 0)
		}
		var group errgroup.Group
		group.SetLimit(32)
		for _, body := range bodies {
			group.Go(func() error {
				if got := s.deliver(t, "/webhooks/stripe", body); got.status != http.StatusOK {
					return fmt.Errorf("status %d: %s", got.status, got.body)
				}
				return nil
			})
		}
		require.NoError(t, group.Wait())
		var events int64
		require.NoError(t, s.DB.Read(t.Context()).Table("webhook_events").Where("event_id LIKE 'evt_%'").Count(&events).Error)
		require.EqualValues(t, burst, events)
	})
}
