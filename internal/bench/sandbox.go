package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"example.com/tollgate/billing/sandbox"
)

// The bars of the sandbox.
const (
	minReads    = 5000
	minPayments = 300
	maxYear     = 5 * time.Second
	maxReady    = 100 * time.Millisecond
)

// subscribers is how many the year is lived by.
const subscribers = 100

// sandbox is the Stripe stand-in: what it answers on one processor, how fast time passes in it, and how soon it is there.
// It is measured as its own program runs it.
func (b *bench) sandbox(ctx context.Context) ([]row, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(sandbox.GCPercent))
	reads, err := b.reads(ctx)
	if err != nil {
		return nil, err
	}
	paid, events, err := b.payments(ctx)
	if err != nil {
		return nil, err
	}
	year, delivered, err := b.year(ctx)
	if err != nil {
		return nil, err
	}
	ready, again, err := b.ready(ctx)
	return []row{{
		what:     "sandbox, one object read over HTTP, one processor",
		measured: fmt.Sprintf("%.0f/s", reads.ours.perSecond), reference: rate(reads.reference, "bare net/http, same bytes"),
		bar: fmt.Sprintf("> %d/s", minReads), pass: reads.ours.perSecond > minReads,
	}, {
		what:     "sandbox, checkout and payment, one processor",
		measured: fmt.Sprintf("%.0f/s", paid), reference: fmt.Sprintf("2 requests and %d events each", events),
		bar: fmt.Sprintf("> %d/s", minPayments), pass: paid > minPayments,
	}, {
		what:      fmt.Sprintf("sandbox, twelve months of %d monthly subscribers", subscribers),
		measured:  fmt.Sprintf("%.2f s", year.Seconds()),
		reference: fmt.Sprintf("%d events, each signed, delivered and answered", delivered),
		bar:       fmt.Sprintf("< %.0f s", maxYear.Seconds()), pass: year < maxYear,
	}, {
		what:     "sandbox, start of its program to the first answer",
		measured: millis(ready), reference: millis(again) + " in a program that has started one before",
		bar: "< " + millis(maxReady), pass: ready < maxReady,
	}}, err
}

// onOneProcessor runs fn so that clients and server together have one.
func onOneProcessor(fn func() error) error {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	return fn()
}

// reads is the sandbox's answer to a simple read, beside a handler that only writes the same bytes.
func (b *bench) reads(ctx context.Context) (v verdict, err error) {
	s, err := newStripe(ctx, sandbox.Options{})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	customer, err := s.post(ctx, "/v1/customers", url.Values{"email": {"ada@example.com"}, "name": {"Ada"}})
	if err != nil {
		return v, err
	}
	path := "/v1/customers/" + customer
	same, err := s.get(ctx, path)
	if err != nil {
		return v, err
	}
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(same) // a client that has gone is no concern of ours
	})
	asked := []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + s.SecretKey() + "\r\n\r\n")
	l := b.load(4)
	l.request, l.status = func(int64, []byte) []byte { return asked }, http.StatusOK
	err = onOneProcessor(func() error {
		v, err = contest{ours: s.Handler(), reference: bare, load: l}.run(ctx, b.rounds)
		return err
	})
	return v, err
}

// payments is how often in a second a new customer checks out and pays for a subscription, and how many events each
// such payment leaves behind.
func (b *bench) payments(ctx context.Context) (perSecond float64, events int, err error) {
	s, err := newStripe(ctx, sandbox.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	price, err := s.price(ctx)
	if err != nil {
		return 0, 0, err
	}
	before, err := s.events(ctx)
	if err := errors.Join(err, s.checkout(ctx, price)); err != nil {
		return 0, 0, err
	}
	after, err := s.events(ctx)
	if err != nil {
		return 0, 0, err
	}
	var rates []float64
	err = onOneProcessor(func() error {
		for round := -1; round < b.rounds; round++ {
			begun, paid := time.Now(), 0
			for ; time.Since(begun) < b.duration; paid++ {
				if err := s.checkout(ctx, price); err != nil {
					return err
				}
			}
			if round >= 0 {
				rates = append(rates, float64(paid)/time.Since(begun).Seconds())
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return median(rates), after - before, nil
}

// year is how long a fast-forward of twelve months takes, until the last of its webhooks is answered.
func (b *bench) year(ctx context.Context) (took time.Duration, delivered int64, err error) {
	var received atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		received.Add(1)
	}))
	defer receiver.Close()
	s, err := newStripe(ctx, sandbox.Options{WebhookURL: receiver.URL})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	price, err := s.price(ctx)
	for n := 0; n < subscribers && err == nil; n++ {
		err = s.checkout(ctx, price)
	}
	if err := errors.Join(err, s.Idle(ctx)); err != nil {
		return 0, 0, err
	}
	before, begun := received.Load(), time.Now()
	if err := s.Advance(ctx, 365*24*time.Hour); err != nil {
		return 0, 0, err
	}
	if err := s.Idle(ctx); err != nil {
		return 0, 0, err
	}
	took, delivered = time.Since(begun), received.Load()-before
	if delivered < 12*subscribers {
		return 0, 0, fmt.Errorf("only %d events were delivered", delivered)
	}
	return took, delivered, nil
}

// ready is how long the sandbox's program takes until it answers, and how long one does that is started in a program
// where another has been.
func (b *bench) ready(ctx context.Context) (first, again time.Duration, err error) {
	path := filepath.Join(b.dir, "sandbox")
	compile := exec.CommandContext(ctx, "go", "build", "-o", path, "./billing/sandbox/cmd/sandbox")
	if out, err := compile.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("build the sandbox: %w\n%s", err, out)
	}
	var firsts, agains []time.Duration
	for round := -1; round < b.rounds; round++ {
		begun := time.Now()
		if err := startSandbox(ctx, path, func() { first = time.Since(begun) }); err != nil {
			return 0, 0, err
		}
		begun = time.Now()
		s, err := newStripe(ctx, sandbox.Options{})
		if err != nil {
			return 0, 0, err
		}
		again = time.Since(begun)
		if err := s.Close(); err != nil {
			return 0, 0, err
		}
		if round >= 0 {
			firsts, agains = append(firsts, first), append(agains, again)
		}
	}
	return median(firsts), median(agains), nil
}

// startSandbox runs the program until its console answers, which it calls ready.
func startSandbox(ctx context.Context, path string, ready func()) (err error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	program := exec.CommandContext(ctx, path, "-addr", addr, "-db", "")
	if err := program.Start(); err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	err = firstPage(ctx, "http://"+addr+"/_stripe/")
	ready()
	if killed := program.Process.Kill(); err == nil {
		err = killed
	}
	_ = program.Wait() // It was killed.
	return err
}
