package sandbox

import (
	"context"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81/webhook"
)

// While a secret is being rolled, a receiver that knows either of the two verifies the signature.
func TestRolledSecretsSignTogether(t *testing.T) {
	t.Parallel()
	wall := &fakeWall{at: time.Now()}
	s := engine(t, wall, agendaSteps())
	err := s.Do(context.Background(), func(tx *Tx) error {
		endpoint := tx.Skeleton("webhook_endpoint")
		endpoint["_secret"] = "whsec_old"
		if err := tx.Insert(endpoint); err != nil {
			return err
		}
		fresh, err := tx.rollSecret(endpoint.ID(), time.Hour)
		if err != nil {
			return err
		}
		endpoint, err = tx.Get("webhook_endpoint", endpoint.ID())
		if err != nil {
			return err
		}
		body := []byte(`{"id":"evt_1"}`)
		header := signature(wall.at, body, liveSecrets(endpoint, wall.at))
		for _, secret := range []string{"whsec_old", fresh} {
			if err := webhook.ValidatePayload(body, header, secret); err != nil {
				t.Errorf("%s: %v", secret, err)
			}
		}
		if n := len(liveSecrets(endpoint, wall.at.Add(2*time.Hour))); n != 1 {
			t.Errorf("%d secrets after the grace period", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
