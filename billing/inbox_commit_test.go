package billing_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// signed is the header of an event that Stripe sends now.
func signed(body []byte) string { return sign(body, sandboxtest.Secret, time.Now()) }

// TestW02_WithoutASecretStripeIsAskedToComeBack holds even for what is signed with nothing.
func TestW02_WithoutASecretStripeIsAskedToComeBack(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		body := event("evt_1", "customer.subscription.updated", "cus_1", nil)
		err := w.Receive(w.ctx(), body, sign(body, "", time.Now()))
		require.ErrorContains(t, err, "unavailable: webhook_secret_missing")
		require.Zero(t, w.count("webhook_events", "true"))
	}, func(o *billing.Options) {
		o.Stripe = gateway.New(gateway.Options{SecretKey: "sk_test_1", WebhookSecrets: []string{""}, MaxRPS: 1})
	})
}

// hold keeps every writer of events waiting until release is called.
func (w *world) hold() (release func()) {
	w.t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- w.db.Tx(w.ctx(), func(tx *gorm.DB) error {
			if w.db.Dialect == models.Postgres {
				if err := tx.Exec("LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE").Error; err != nil {
					return err
				}
			}
			close(held)
			<-free
			return nil
		})
	}()
	<-held
	return func() {
		close(free)
		require.NoError(w.t, <-done)
	}
}

// TestOneThatCannotBeStoredTakesNoOtherWithIt puts it in one commit with nine good ones.
func TestOneThatCannotBeStoredTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		bad := "evt_bad\x00" // Postgres keeps no such text
		if w.db.Dialect == models.SQLite {
			bad = "evt_bad"
			require.NoError(t, w.db.Write(w.ctx()).Exec(`CREATE TRIGGER bad BEFORE INSERT ON webhook_events
WHEN new.event_id = 'evt_bad' BEGIN SELECT RAISE(ABORT, 'bad'); END`).Error)
		}
		release := w.hold()
		ids := []string{"evt_first"}
		for i := range 9 {
			ids = append(ids, fmt.Sprintf("evt_%d", i))
		}
		outcomes := map[string]chan error{}
		for _, id := range append(ids, bad) {
			outcome := make(chan error, 1)
			outcomes[id] = outcome
			go func() {
				body := event(id, "customer.subscription.updated", "cus_1", nil)
				outcome <- w.Receive(w.ctx(), body, signed(body))
			}()
			if id == "evt_first" {
				require.Eventually(t, func() bool { return w.Committing() && w.Queued() == 0 }, patience, time.Millisecond)
			}
		}
		require.Eventually(t, func() bool { return w.Queued() == len(ids) }, patience, time.Millisecond)
		release()
		for _, id := range ids {
			require.NoError(t, <-outcomes[id], id)
		}
		require.ErrorContains(t, <-outcomes[bad], "unavailable")
		require.EqualValues(t, len(ids), w.count("webhook_events", "state = 'pending'"))
	})
}

// TestTwoProgramsStoreOneEventOnce lets the second one look before the first has committed.
func TestTwoProgramsStoreOneEventOnce(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) { // SQLite has one writer, and it looks before it writes
		t.Parallel()
		w := newWorld(t, modelstest.Postgres(t))
		body := event("evt_1", "radar.early_fraud_warning.created", "cus_1", nil)
		require.NoError(t, w.Receive(w.ctx(), body, signed(body)))
		var row models.WebhookEvent
		require.NoError(t, w.db.Read(w.ctx()).Take(&row).Error)
		require.NoError(t, w.db.Write(w.ctx()).Delete(&row).Error)
		row.ID = 0

		outcome := make(chan error, 1)
		waiting := func() bool {
			var n int64
			err := w.db.Read(w.ctx()).Raw("SELECT COUNT(*) FROM pg_locks WHERE NOT granted").Scan(&n).Error
			return err == nil && n > 0
		}
		require.NoError(t, w.db.Tx(w.ctx(), func(tx *gorm.DB) error {
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			go func() { outcome <- w.Receive(w.ctx(), body, signed(body)) }()
			if !eventually(waiting) {
				return errors.New("the second program does not wait for the first")
			}
			return nil
		}))
		require.NoError(t, <-outcome)
		require.EqualValues(t, 1, w.count("webhook_events", "true"))
	})
}

// eventually asks until the answer is yes, or patience is at an end.
func eventually(ask func() bool) bool {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-ticker.C {
		if ask() {
			return true
		}
	}
	return false
}
