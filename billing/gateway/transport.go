package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// limited waits for its turn before each request, so that a backlog never runs into Stripe's limit, says who asks, and
// notes how far our clock is from that of the answer.
type limited struct {
	next   http.RoundTripper
	even   *rate.Limiter
	second window
	wall   func() time.Time
	skew   atomic.Pointer[time.Duration]
}

// RoundTrip implements http.RoundTripper.
func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.wait(r.Context()); err != nil {
		return nil, fmt.Errorf("wait for the rate limit: %w", err)
	}
	defer l.second.leave()
	named := r.Clone(r.Context())
	named.Header.Set("User-Agent", strings.TrimSpace(r.UserAgent()+" "+agent))
	answer, err := l.next.RoundTrip(named)
	if err == nil && l.wall != nil {
		l.compare(answer.Header.Get("Date"))
	}
	return answer, err
}

// wait keeps requests at an even distance, but for a few at once after a quiet time, and their number in any one second
// at the limit.
func (l *limited) wait(ctx context.Context) error {
	if err := l.even.Wait(ctx); err != nil {
		return err
	}
	return l.second.enter(ctx)
}

// window bounds the requests of any one second as the other side counts them, however long each of them is under way:
// a place is free again a second after its request was answered, and so more than a second after it arrived there.
type window chan struct{}

func newWindow(places int) window {
	w := make(window, places)
	for range places {
		w <- struct{}{}
	}
	return w
}

func (w window) enter(ctx context.Context) error {
	select {
	case <-w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w window) leave() {
	time.AfterFunc(time.Second, func() { w <- struct{}{} })
}

// compare takes the Date of an answer, which is in whole seconds and was written while we waited. That is exact enough
// for a clock that is minutes off, and one that is less off harms nothing.
func (l *limited) compare(date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	skew := l.wall().Sub(at).Truncate(time.Second)
	l.skew.Store(&skew)
}

// ClockSkew implements billing.Gateway.
func (g *Gateway) ClockSkew() (time.Duration, bool) {
	skew := g.limited.skew.Load()
	if skew == nil {
		return 0, false
	}
	return *skew, true
}
