package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault makes requests fail on purpose. It is the only way to learn whether an application retries rightly.
//
// What a failure leaves under the request's idempotency key is as at Stripe. A 500 before the work is Stripe's own
// failure in the middle of executing the request: it is remembered, and a retry under the same key gets it again.
// What never began to execute (400, 409, 429, and 502 to 504, which come from the network's edge) is not remembered.
// A failure after the work means that the answer was lost on its way: a retry under the same key gets the real one.
type Fault struct {
	// Match is a method and a path, such as "POST /v1/customers"; either may be missing. A * stands for any text, as
	// in "POST /v1/invoices/*/pay". Empty matches everything.
	Match string `json:"match"`
	// Status is the answer: 400 to 599. 0 only delays, unless Cut or Truncate is set.
	Status int `json:"status"`
	// Times is how many requests are hit; 0 means one, and -1 all until the faults are cleared.
	Times int `json:"times"`
	// AfterCommit does the work first, and then answers as if it had failed: what a lost answer looks like.
	AfterCommit bool `json:"after_commit"`
	// LatencyMS delays the request by so many milliseconds, before its work.
	LatencyMS int `json:"latency_ms"`
	// Cut breaks the connection instead of answering.
	Cut bool `json:"cut"`
	// Truncate does the work, sends the first half of the answer and breaks the connection.
	Truncate bool `json:"truncate"`
	// Code is the error's code; a 429 has rate_limit unless it says lock_timeout.
	Code string `json:"code"`
	// Message replaces the standard text.
	Message string `json:"message"`
}

const (
	maxFaults  = 100
	maxMatch   = 200
	maxTimes   = 1_000_000
	maxLatency = 60 * time.Second
)

// Check reports what is wrong with a fault, for those who take one from a form or a request.
func (f Fault) Check() error {
	switch {
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status is %d; it must be 400 to 599, or 0 for none", f.Status)
	case f.Times < -1 || f.Times > maxTimes:
		return fmt.Errorf("times is %d; it must be -1 (all), or up to %d", f.Times, maxTimes)
	case f.LatencyMS < 0 || f.LatencyMS > int(maxLatency.Milliseconds()):
		return fmt.Errorf("latency_ms is %d; it must be 0 to %d", f.LatencyMS, maxLatency.Milliseconds())
	case len(f.Match) > maxMatch:
		return fmt.Errorf("match is longer than %d characters", maxMatch)
	case f.Cut && f.Truncate, (f.Cut || f.Truncate) && f.Status != 0:
		return errors.New("a fault has one of status, cut and truncate")
	case !f.strikes() && f.LatencyMS == 0:
		return errors.New("the fault does nothing: give it a status, cut, truncate or latency_ms")
	}
	return nil
}

// faultBox holds the faults that are armed. They live in memory only: a restart clears them.
type faultBox struct {
	mu    sync.Mutex
	armed []Fault
}

// AddFault arms a fault.
func (s *Sandbox) AddFault(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.armed) < maxFaults {
		s.faults.armed = append(s.faults.armed, f)
	}
}

// Faults returns the armed faults.
func (s *Sandbox) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return slices.Clone(s.faults.armed)
}

// ClearFaults disarms all faults.
func (s *Sandbox) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.armed = nil
}

// take returns the first fault that hits a request, and counts it.
func (b *faultBox) take(method, path string) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.armed {
		f := &b.armed[i]
		if !f.matches(method, path) {
			continue
		}
		hit := *f
		if f.Times > 0 {
			f.Times--
		}
		if f.Times == 0 {
			b.armed = slices.Delete(b.armed, i, i+1)
		}
		return &hit
	}
	return nil
}

func (f *Fault) matches(method, path string) bool {
	wantMethod, wantPath, both := strings.Cut(strings.TrimSpace(f.Match), " ")
	if !both {
		wantPath = ""
		if strings.Contains(wantMethod, "/") {
			wantMethod, wantPath = "", wantMethod
		}
	}
	if wantMethod != "" && wantMethod != "*" && !strings.EqualFold(wantMethod, method) {
		return false
	}
	return wantPath == "" || glob(wantPath, path)
}

// glob reports whether text is what pattern says, in which * stands for any text, slashes included.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, last)
}

// wait delays a request; the end of the request ends the wait.
func (f *Fault) wait(ctx context.Context) {
	if f == nil || f.LatencyMS <= 0 {
		return
	}
	timer := time.NewTimer(min(time.Duration(f.LatencyMS)*time.Millisecond, maxLatency))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (f *Fault) strikes() bool { return f != nil && (f.Cut || f.Truncate || f.Status != 0) }

// before reports whether the fault strikes instead of the work.
func (f *Fault) before() bool { return f.strikes() && !f.AfterCommit && !f.Truncate }

// remembered reports whether the fault's answer is one that an idempotency key keeps.
func (f *Fault) remembered() bool { return f.before() && !f.Cut && memorable(f.Status) }

// fails is the injected answer in Stripe's terms; nil when the fault cuts the connection.
func (f *Fault) fails() error {
	if f.Cut {
		return nil
	}
	e := &Error{Status: f.Status, Type: typeAPI, Code: f.Code, Message: f.Message}
	standard := "An unknown error occurred. Please try again, or contact support at https://support.stripe.com/."
	switch {
	case f.Status == http.StatusTooManyRequests && f.Code == codeLockTimeout:
		e.Type = typeInvalid
		standard = "This object cannot be accessed right now because another API request or Stripe process is currently " +
			"accessing it. If you see this error intermittently, retry the request. If you see this error frequently " +
			"and are making multiple concurrent requests to a single object, make your requests serially or at a " +
			"lower rate."
	case f.Status == http.StatusTooManyRequests:
		e.Type, e.Code = typeInvalid, "rate_limit"
		standard = "Request rate limit exceeded. You can learn more about rate limits here " +
			"https://stripe.com/docs/rate-limits."
	case f.Status == http.StatusPaymentRequired:
		e.Type = typeCard
		standard = "Your card was declined."
		if e.Code == "" {
			e.Code = "card_declined"
		}
	case f.Status < 500:
		e.Type = typeInvalid
	}
	if e.Message == "" {
		e.Message = standard
	}
	return e
}
