package gateway

import (
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
	next  http.RoundTripper
	limit *rate.Limiter
	wall  func() time.Time
	skew  atomic.Pointer[time.Duration]
}

// RoundTrip implements http.RoundTripper.
func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.limit.Wait(r.Context()); err != nil {
		return nil, fmt.Errorf("wait for the rate limit: %w", err)
	}
	named := r.Clone(r.Context())
	named.Header.Set("User-Agent", strings.TrimSpace(r.UserAgent()+" "+agent))
	answer, err := l.next.RoundTrip(named)
	if err == nil && l.wall != nil {
		l.compare(answer.Header.Get("Date"))
	}
	return answer, err
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
