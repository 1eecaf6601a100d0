package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault makes requests fail on purpose. It is the only way to learn whether an application retries rightly.
type Fault struct {
	// Match is a method and a path, such as "POST /v1/customers"; either may be missing, and a path ending in * matches
	// what begins with it. Empty matches everything.
	Match string `json:"match"`
	// Status is the answer: 500, 503, 429 and so on. 0 only delays, unless Cut is set.
	Status int `json:"status"`
	// Times is how many requests are hit; 0 means one, and -1 all until the faults are cleared.
	Times int `json:"times"`
	// AfterCommit does the work first, and then answers as if it had failed: what a lost answer looks like.
	AfterCommit bool `json:"after_commit"`
	// LatencyMS delays the request by so many milliseconds.
	LatencyMS int `json:"latency_ms"`
	// Cut breaks the connection instead of answering.
	Cut bool `json:"cut"`
	// Code is the error's code; a 429 has rate_limit unless it says lock_timeout.
	Code string `json:"code"`
	// Message replaces the standard text.
	Message string `json:"message"`
}

const (
	maxFaults  = 100
	maxLatency = 60 * time.Second
)

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
		if strings.HasPrefix(wantMethod, "/") {
			wantMethod, wantPath = "", wantMethod
		}
	}
	if wantMethod != "" && wantMethod != "*" && !strings.EqualFold(wantMethod, method) {
		return false
	}
	if prefix, open := strings.CutSuffix(wantPath, "*"); open {
		return strings.HasPrefix(path, prefix)
	}
	return wantPath == "" || wantPath == path
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

func (f *Fault) strikes() bool { return f.Cut || f.Status != 0 }

// strike is the injected answer; status 0 cuts the connection.
func (f *Fault) strike() (int, []byte, error) {
	if f.Cut {
		return 0, nil, nil
	}
	e := &Error{Status: f.Status, Type: typeAPI, Code: f.Code, Message: f.Message}
	standard := "An unknown error occurred. Please try again, or contact support at https://support.stripe.com/."
	switch {
	case f.Status == http.StatusTooManyRequests && f.Code == "lock_timeout":
		e.Type = typeInvalid
		standard = "This object cannot be accessed right now because another API request or Stripe process is currently " +
			"accessing it. If you see this error intermittently, retry the request."
	case f.Status == http.StatusTooManyRequests:
		e.Type, e.Code = typeInvalid, "rate_limit"
		standard = "Request rate limit exceeded. You can learn more about rate limits here " +
			"https://stripe.com/docs/rate-limits."
	case f.Status == http.StatusPaymentRequired:
		e.Type = typeCard
		standard = "Your card was declined."
	case f.Status < 500:
		e.Type = typeInvalid
	}
	if e.Message == "" {
		e.Message = standard
	}
	return 0, nil, e
}

// serveSim is the sandbox's own control interface: faults, the clock, the order of delivery. It asks for no key, since
// only this machine reaches it, but refuses what a web page of another origin sends.
func (s *Sandbox) serveSim(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		http.Error(w, `{"error":"requests from other origins are refused"}`, http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, `{"error":"the body is too large"}`, http.StatusRequestEntityTooLarge)
		return
	}
	answer, err := s.sim(r, body)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]any{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// sameOrigin reports whether a browser says that the request comes from the sandbox's own pages. A client that is no
// browser sends neither header.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}
