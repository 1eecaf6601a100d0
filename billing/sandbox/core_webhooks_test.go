package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/webhook"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

func customer(t *testing.T, s *sandboxtest.Sandbox, name string) *stripe.Customer {
	t.Helper()
	c, err := s.Client.Customers.New(&stripe.CustomerParams{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWebhooksAreSignedAndOrdered(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r))
	for _, name := range []string{"A", "B", "C", "D"} {
		customer(t, s, name)
	}
	s.MustIdle()
	var names []string
	for _, e := range r.Events() {
		names = append(names, e.GetObjectValue("name"))
	}
	if diff := cmp.Diff([]string{"A", "B", "C", "D"}, names); diff != "" {
		t.Error(diff)
	}
	body, header := r.Body(0)
	if !strings.HasPrefix(string(body), "{\n  \"id\": \"evt_") ||
		header.Get("Content-Type") != "application/json; charset=utf-8" ||
		!strings.HasPrefix(header.Get("User-Agent"), "Stripe/1.0") {
		t.Errorf("%v\n%s", header, body)
	}
	event, err := s.Client.Events.Get(r.Events()[0].ID, nil)
	if err != nil || event.PendingWebhooks != 0 || event.APIVersion != stripe.APIVersion {
		t.Errorf("%+v, %v", event, err)
	}
}

func TestWebhookIsRetriedAfterAFailure(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t, 500, 302)
	s := sandboxtest.New(t, sandboxtest.Forward(r), sandboxtest.Retries(0, 0, time.Millisecond))
	customer(t, s, "A")
	got := r.WaitEvents(3)
	s.MustIdle()
	if got[0].ID != got[1].ID || got[1].ID != got[2].ID {
		t.Errorf("not the same event: %v", got)
	}
	deliveries := deliveriesOf(t, s, got[0].ID)
	if len(deliveries) != 1 || deliveries[0].State != "delivered" || deliveries[0].Attempt != 3 {
		t.Errorf("%+v", deliveries)
	}
}

func deliveriesOf(t *testing.T, s *sandboxtest.Sandbox, event string) (out []sandbox.Delivery) {
	t.Helper()
	err := s.View(context.Background(), func(tx *sandbox.Tx) error {
		var err error
		out, err = tx.Deliveries(event, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWebhookIsGivenUpAndResent(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t, 500, 500)
	s := sandboxtest.New(t, sandboxtest.Forward(r), sandboxtest.Retries(0, 0))
	customer(t, s, "A")
	event := r.WaitEvents(2)[0]
	s.MustIdle()
	if d := deliveriesOf(t, s, event.ID); len(d) != 1 || d[0].State != "failed" || d[0].Status != 500 {
		t.Errorf("%+v", d)
	}
	if err := s.Resend(context.Background(), event.ID, ""); err != nil {
		t.Fatal(err)
	}
	r.WaitEvents(3)
	s.MustIdle()
	if d := deliveriesOf(t, s, event.ID); len(d) != 1 || d[0].State != "delivered" {
		t.Errorf("%+v", d)
	}
}

func TestEndpointsChooseTheirEvents(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t)
	made, err := s.Client.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: &r.URL, EnabledEvents: stripe.StringSlice([]string{"product.created", "customer.deleted"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(made.Secret, "whsec_") {
		t.Errorf("secret %q", made.Secret)
	}
	again, err := s.Client.WebhookEndpoints.Get(made.ID, nil)
	if err != nil || again.Secret != "" {
		t.Errorf("the secret is shown again: %+v, %v", again, err)
	}
	r.UseSecret(made.Secret)
	c := customer(t, s, "A")
	if _, err := s.Client.Products.New(&stripe.ProductParams{Name: stripe.String("P")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Customers.Del(c.ID, nil); err != nil {
		t.Fatal(err)
	}
	s.MustIdle()
	if diff := cmp.Diff([]string{"product.created", "customer.deleted"}, r.Types()); diff != "" {
		t.Error(diff)
	}
	off := &stripe.WebhookEndpointParams{Disabled: stripe.Bool(true)}
	if _, err := s.Client.WebhookEndpoints.Update(made.ID, off); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Products.New(&stripe.ProductParams{Name: stripe.String("Q")}); err != nil {
		t.Fatal(err)
	}
	s.MustIdle()
	if n := len(r.Events()); n != 2 {
		t.Errorf("a disabled endpoint heard %v", r.Types())
	}
}

// A closed sandbox forgets nothing: objects, keys, clock, idempotency and undelivered webhooks come back.
func TestRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	deaf := sandboxtest.NewReceiver(t, 500, 500, 500)
	open := func(changes ...func(*sandbox.Options)) *sandbox.Sandbox {
		opts := sandbox.Options{
			Path: path, Addr: "127.0.0.1:0", Now: time.Now, CaptureDir: os.Getenv(sandbox.CapturesEnv), CaptureName: t.Name(),
		}
		for _, change := range changes {
			change(&opts)
		}
		s, err := sandbox.New(opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		return s
	}
	ctx := context.Background()
	first := open(sandboxtest.Forward(deaf), sandboxtest.Retries(0, time.Hour))
	params := &stripe.CustomerParams{Name: stripe.String("A")}
	params.SetIdempotencyKey("k")
	made, err := sandboxtest.Client(first).Customers.New(params)
	if err != nil {
		t.Fatal(err)
	}
	deaf.WaitEvents(1)
	if err := first.Idle(ctx); err != nil {
		t.Fatal(err)
	}
	if err := first.Advance(ctx, 31*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	key, moved := first.SecretKey(), first.Now()
	// What is emitted while nobody delivers waits in the file.
	silent := func(o *sandbox.Options) { o.RelaxedDelivery = true }
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(silent, sandboxtest.Forward(deaf))
	if _, err := sandboxtest.Client(second).Customers.New(&stripe.CustomerParams{Name: stripe.String("B")}); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	heard := sandboxtest.NewReceiver(t)
	third := open(sandboxtest.Forward(heard))
	defer func() { _ = third.Close() }()
	if got := heard.WaitEvents(1)[0].GetObjectValue("name"); got != "B" {
		t.Errorf("the restart resumed %q", got)
	}
	if third.SecretKey() != key || third.Now().Before(moved) {
		t.Errorf("key %s, clock %s", third.SecretKey(), third.Now())
	}
	again, err := sandboxtest.Client(third).Customers.New(params)
	if err != nil || again.ID != made.ID {
		t.Errorf("the idempotency key was forgotten: %+v, %v", again, err)
	}
}

func TestClockMovesAndSignaturesDoNot(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r))
	before := s.Now()
	s.MustAdvance(40 * 24 * time.Hour)
	if moved := s.Now().Sub(before); moved < 40*24*time.Hour || moved > 40*24*time.Hour+time.Minute {
		t.Errorf("moved by %s", moved)
	}
	// The receiver checks the signature's time against the wall clock.
	c := customer(t, s, "A")
	if c.Created < before.Add(40*24*time.Hour).Unix() {
		t.Errorf("created %d", c.Created)
	}
	s.MustIdle()
	if len(r.Events()) != 1 {
		t.Errorf("%v", r.Types())
	}
	body, header := r.Body(0)
	fields := map[string]string{}
	for field := range strings.SplitSeq(header.Get("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	// Test mode adds a v0 that signs nothing: whoever takes it for a signature is wrong.
	fake := fmt.Sprintf("t=%s,v1=%s", fields["t"], fields["v0"])
	if len(fields["v0"]) != 64 || len(fields) != 3 || webhook.ValidatePayload(body, fake, sandboxtest.Secret) == nil {
		t.Errorf("signature %v", fields)
	}
	if err := s.AdvanceTo(context.Background(), before); err == nil {
		t.Error("the clock went back")
	}
}

// The endpoint calls the API before it answers: the sandbox must not hold anything that the call needs.
func TestEndpointMayCallBack(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	var calls atomic.Int64
	server := newCallback(t, func() {
		if _, err := s.Client.Customers.New(&stripe.CustomerParams{}); err != nil {
			t.Errorf("call back: %v", err)
		}
		calls.Add(1)
	})
	if _, err := s.Client.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: &server, EnabledEvents: stripe.StringSlice([]string{"product.created"}),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Products.New(&stripe.ProductParams{Name: stripe.String("P")}); err != nil {
		t.Fatal(err)
	}
	s.MustIdle()
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}

func newCallback(t *testing.T, call func()) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		call()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// The request log keeps what was sent and answered, across restarts too, and no card number.
func TestRequestLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s := sandboxtest.New(t, sandboxtest.File(path))
	send(t, s, "POST", "/v1/customers", "name=A&metadata[k]=v", "Idempotency-Key", "k1")
	send(t, s, "POST", "/v1/customers", "emial=A")
	send(t, s, "POST", "/v1/payment_methods",
		"type=card&card[number]=4242424242424242&card[cvc]=987&card[exp_month]=1&card[exp_year]=2050")
	check := func(s *sandbox.Sandbox) {
		t.Helper()
		var log []sandbox.LoggedRequest
		err := s.View(context.Background(), func(tx *sandbox.Tx) error {
			var err error
			log, err = tx.Requests(10)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(log) != 3 {
			t.Fatalf("%d entries", len(log))
		}
		if strings.Contains(log[0].Params, "4242") || strings.Contains(log[0].Params, "987") {
			t.Errorf("the log keeps a card: %s", log[0].Params)
		}
		if log[1].Status != 400 || !strings.Contains(log[1].Response, "emial") {
			t.Errorf("%+v", log[1])
		}
		if log[2].Params != `{"metadata":{"k":"v"},"name":"A"}` || log[2].IdempotencyKey != "k1" || log[2].Status != 200 {
			t.Errorf("%+v", log[2])
		}
	}
	check(s.Sandbox)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sandbox.New(sandbox.Options{
		Path: path, Now: time.Now, CaptureDir: os.Getenv(sandbox.CapturesEnv), CaptureName: t.Name(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	check(again)
}

func TestReset(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r))
	customer(t, s, "A")
	s.MustAdvance(24 * time.Hour)
	if err := s.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "/v1/customers") + count(t, s, "/v1/events"); n != 0 {
		t.Errorf("%d left", n)
	}
	if ahead := time.Until(s.Now()); ahead > time.Hour {
		t.Errorf("the clock is still %s ahead", ahead)
	}
	customer(t, s, "B")
	s.MustIdle()
	if n := len(r.Events()); n != 2 {
		t.Errorf("%d webhooks", n)
	}
}
