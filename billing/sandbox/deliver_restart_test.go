package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// A delivery that failed keeps its count and its time over a restart, and the event says how many are still owed.
func TestRetriesSurviveARestart(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t, 500, 503)
	reopened := &reopened{t: t, path: filepath.Join(t.TempDir(), "sandbox.db"), receiver: r.URL}
	defer reopened.close()
	reopened.open(0, time.Hour)
	reopened.create()
	reopened.expect(1, "pending", 1)
	reopened.open(0, time.Hour)
	reopened.expect(1, "pending", 1) // The hour is not over: the restart is no reason to try again.
	if n := len(r.Events()); n != 1 {
		t.Errorf("%d attempts", n)
	}
	if err := reopened.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	reopened.open(0, 300*time.Millisecond, 300*time.Millisecond)
	reopened.create()
	r.WaitEvents(2)
	if err := reopened.Idle(context.Background()); err != nil {
		t.Fatal(err)
	}
	reopened.open(0, 300*time.Millisecond, 300*time.Millisecond)
	r.WaitEvents(3)
	reopened.expect(2, "delivered", 0)
}

// reopened is a sandbox that is closed and opened again over one file.
type reopened struct {
	*sandbox.Sandbox
	t              *testing.T
	path, receiver string
}

func (s *reopened) close() {
	s.t.Helper()
	if s.Sandbox != nil {
		if err := s.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *reopened) open(delays ...time.Duration) {
	s.t.Helper()
	s.close()
	var err error
	s.Sandbox, err = sandbox.New(sandbox.Options{
		Path: s.path, Addr: "127.0.0.1:0", Now: time.Now, WebhookURL: s.receiver, WebhookSecret: sandboxtest.Secret,
		RetryDelays: delays, CaptureDir: os.Getenv(sandbox.CapturesEnv), CaptureName: s.t.Name(),
	})
	if err == nil {
		err = s.Start(context.Background())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *reopened) create() {
	s.t.Helper()
	if _, err := sandboxtest.Client(s.Sandbox).Customers.New(&stripe.CustomerParams{}); err != nil {
		s.t.Fatal(err)
	}
}

// expect looks at the one delivery, and at the number that its event shows.
func (s *reopened) expect(attempts int, state string, pending int64) {
	s.t.Helper()
	if err := s.Idle(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	event := sandboxtest.Client(s.Sandbox).Events.List(nil)
	if !event.Next() || event.Event().PendingWebhooks != pending {
		s.t.Errorf("pending_webhooks is not %d", pending)
	}
	err := s.View(context.Background(), func(tx *sandbox.Tx) error {
		found, err := tx.Deliveries("", 10)
		if err == nil && (len(found) != 1 || found[0].Attempt != attempts || found[0].State != state) {
			s.t.Errorf("deliveries %+v; want one, %s after %d attempts", found, state, attempts)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
