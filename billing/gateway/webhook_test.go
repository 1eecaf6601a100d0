package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81/webhook"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
)

const updated = `{"id":"evt_1","type":"customer.subscription.updated","created":1,"data":{"object":{"id":"sub_1","customer":"cus_1"}}}`

// verify signs a body with one secret and has it verified by a gateway that knows others.
func verify(body, secret string, known ...string) (billing.Event, error) {
	now := time.Now()
	header := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: []byte(body), Secret: secret, Timestamp: now,
	}).Header
	g := gateway.New(gateway.Options{SecretKey: "sk_test_1", WebhookSecrets: known, MaxRPS: 1})
	return g.VerifyEvent([]byte(body), header, now)
}

// TestW07P11_EverySecretVerifies is a rotation: Stripe signs with the old secret and the new one for a day.
func TestW07P11_EverySecretVerifies(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"whsec_new", "whsec_old"} {
		event, err := verify(updated, secret, "whsec_new", "whsec_old")
		require.NoError(t, err, secret)
		require.Equal(t, "cus_1", event.Customer)
	}
	sign := func(secret string) string {
		return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
			Payload: []byte(updated), Secret: secret, Timestamp: time.Now(),
		}).Header
	}
	_, late, _ := strings.Cut(sign("whsec_new"), ",")
	both := sign("whsec_old") + "," + late
	for _, known := range [][]string{{"whsec_new"}, {"whsec_old"}, {"whsec_new", "whsec_old"}} {
		g := gateway.New(gateway.Options{SecretKey: "sk_test_1", WebhookSecrets: known, MaxRPS: 1})
		_, err := g.VerifyEvent([]byte(updated), both, time.Now())
		require.NoError(t, err, known)
	}
	_, err := verify(updated, "whsec_old", "whsec_new")
	require.ErrorIs(t, err, billing.ErrSignature, "once the old one is taken out")
}

// TestW02_AnEmptySecretVerifiesNothing holds though the library would accept what is signed with it.
func TestW02_AnEmptySecretVerifiesNothing(t *testing.T) {
	t.Parallel()
	for name, known := range map[string][]string{"none": nil, "one": {""}, "two": {"", ""}} {
		_, err := verify(updated, "", known...)
		require.ErrorIs(t, err, billing.ErrNoSecret, name)
	}
	_, err := verify(updated, "", "whsec_new", "")
	require.ErrorIs(t, err, billing.ErrSignature)
}

// TestTheCustomerIsFoundWhereverItStands has the shapes in which Stripe names one.
func TestTheCustomerIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"an id":     `{"object":{"id":"pm_1","customer":"cus_1"}}`,
		"an object": `{"object":{"id":"pm_1","customer":{"id":"cus_1","object":"customer"}}}`,
		"detached":  `{"object":{"id":"pm_1","customer":null},"previous_attributes":{"customer":"cus_1"}}`,
	} {
		event, err := verify(`{"id":"evt_1","type":"payment_method.detached","data":`+data+`}`, "whsec", "whsec")
		require.NoError(t, err, name)
		require.Equal(t, "cus_1", event.Customer, name)
	}
	event, err := verify(`{"id":"evt_1","type":"checkout.session.expired","data":{"object":{"id":"cs_1"}}}`, "whsec", "whsec")
	require.NoError(t, err)
	require.Empty(t, event.Customer, "nobody's")
}
