// Package sandboxtest starts real sandboxes for tests: on a loopback port of their own, with the official client to
// talk to them and a receiver to collect their webhooks.
package sandboxtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/client"
	"github.com/stripe/stripe-go/v81/webhook"

	"example.com/tollgate/billing/sandbox"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// Sandbox is a running sandbox and its official client.
type Sandbox struct {
	*sandbox.Sandbox
	// Client is stripe-go's, with this sandbox behind it and without retries of its own.
	Client *client.API

	t testing.TB
}

// New starts a sandbox in memory. Each change may alter its options; it stops with the test. An answer or an event
// that does not have the shape of Stripe's schema fails the test.
func New(t testing.TB, changes ...func(*sandbox.Options)) *Sandbox {
	t.Helper()
	opts := sandbox.Options{
		Addr: "127.0.0.1:0", Now: time.Now,
		Judge:      func(problem string) { t.Errorf("not Stripe's shape: %s", problem) },
		CaptureDir: os.Getenv(sandbox.CapturesEnv), CaptureName: t.Name(),
	}
	for _, change := range changes {
		change(&opts)
	}
	s, err := sandbox.New(opts)
	if err != nil {
		t.Fatalf("new sandbox: %v", err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatalf("start sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close sandbox: %v", err)
		}
	})
	return &Sandbox{Sandbox: s, Client: Client(s), t: t}
}

// File keeps the sandbox in a file, so that a test can close and reopen it.
func File(path string) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.Path = path }
}

// Forward sends every webhook to a receiver, under the sandbox's own secret.
func Forward(r *Receiver) func(*sandbox.Options) {
	return func(o *sandbox.Options) {
		o.WebhookURL = r.URL
		o.WebhookSecret = Secret
	}
}

// Retries sets the waits before each delivery attempt.
func Retries(delays ...time.Duration) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.RetryDelays = delays }
}

// Secret signs what Forward sends.
const Secret = "whsec_sandboxtest"

// Client returns stripe-go for a sandbox, without retries and telemetry.
func Client(s *sandbox.Sandbox) *client.API { return ClientOf(s.URL(), s.SecretKey()) }

// ClientOf is Client for a sandbox of which only the address and the key are known.
func ClientOf(url, key string) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(url),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient:        &http.Client{Timeout: patience},
	})
	return client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
}

// MustAdvance moves the clock, does all that falls due, and delivers the webhooks.
func (s *Sandbox) MustAdvance(d time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Advance(ctx, d); err != nil {
		s.t.Fatalf("advance %s: %v", d, err)
	}
	s.MustIdle()
}

// MustIdle waits until nothing is due and no webhook is under way.
func (s *Sandbox) MustIdle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Idle(ctx); err != nil {
		s.t.Fatalf("idle: %v", err)
	}
}

// Receiver is an endpoint that collects webhooks and checks their signatures with the official library.
type Receiver struct {
	// URL is where it listens.
	URL string

	t       testing.TB
	secret  string
	mu      sync.Mutex
	answers []int
	events  []stripe.Event
	headers []http.Header
	bodies  [][]byte
	arrived chan struct{}
}

// NewReceiver starts an endpoint that answers 200, or first the given statuses, one for each delivery.
func NewReceiver(t testing.TB, answers ...int) *Receiver {
	t.Helper()
	r := &Receiver{t: t, secret: Secret, answers: answers, arrived: make(chan struct{})}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL + "/webhooks/stripe"
	return r
}

// UseSecret makes the receiver check signatures with another secret.
func (r *Receiver) UseSecret(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

// ServeHTTP verifies and keeps one delivery.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	event, err := webhook.ConstructEvent(body, req.Header.Get("Stripe-Signature"), r.secret)
	if err != nil {
		r.t.Errorf("webhook signature: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status := http.StatusOK
	if len(r.answers) > 0 {
		status, r.answers = r.answers[0], r.answers[1:]
	}
	r.events = append(r.events, event)
	r.headers = append(r.headers, req.Header.Clone())
	r.bodies = append(r.bodies, body)
	close(r.arrived)
	r.arrived = make(chan struct{})
	w.WriteHeader(status)
}

// Events returns what has arrived so far, repetitions included.
func (r *Receiver) Events() []stripe.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]stripe.Event(nil), r.events...)
}

// Types returns the types of what has arrived so far.
func (r *Receiver) Types() []string {
	var out []string
	for _, e := range r.Events() {
		out = append(out, string(e.Type))
	}
	return out
}

// Body returns the raw body and the headers of the i-th delivery.
func (r *Receiver) Body(i int) ([]byte, http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies[i], r.headers[i]
}

// WaitEvents waits until at least n deliveries have arrived, and returns them.
func (r *Receiver) WaitEvents(n int) []stripe.Event {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		arrived := r.arrived
		r.mu.Unlock()
		if got := r.Events(); len(got) >= n {
			return got
		}
		select {
		case <-arrived:
		case <-deadline:
			r.t.Fatalf("waited for %d webhooks, got %v", n, r.Types())
		}
	}
}
