package handlers_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81/webhook"
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

func TestWebhookRouteIsForMachines(t *testing.T) {
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

func TestWebhookBodiesAreBounded(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		require.Equal(t, http.StatusOK, s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_big", 300<<10)).status)
		require.Equal(t, http.StatusRequestEntityTooLarge,
			s.deliver(t, "/webhooks/stripe", eventBody(t, "evt_huge", 2<<20)).status)
	})
}
