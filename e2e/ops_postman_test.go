package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// postman takes every event from Stripe and brings it to the program again and again until it is
// acknowledged, and a part of them once more after that. He is Stripe's promise of at least once without
// its waits, and keeps a list of what was acknowledged, which is what may not be lost.
type postman struct {
	box     string // where Stripe leaves the letters
	letters chan letter
	left    atomic.Int64 // letters not acknowledged yet
	lose    atomic.Int64 // letters to throw away, of those that come next
	lost    atomic.Int64 // letters thrown away

	mu        sync.Mutex
	addresses []string
	acked     map[string]int // acknowledgements by event
	answers   map[int]int    // answers by status; 0 is none at all
}

type letter struct {
	event, signature string
	body             []byte
}

// The postman's habits.
const (
	carriers   = 8
	comesBack  = 15 * time.Millisecond // after a letter was not acknowledged
	everyNth   = 10                    // letter is brought twice
	mostQueued = 1 << 16
)

func newPostman(t *testing.T) *postman {
	t.Helper()
	p := &postman{letters: make(chan letter, mostQueued), acked: map[string]int{}, answers: map[int]int{}}
	server := httptest.NewServer(http.HandlerFunc(p.take))
	p.box = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	for range carriers {
		working.Go(func() { p.carry(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		server.Close()
		working.Wait()
	})
	return p
}

// serve tells the postman which programs are there. Letters go to them by turns.
func (p *postman) serve(programs ...*program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addresses = nil
	for _, each := range programs {
		p.addresses = append(p.addresses, each.url+"/webhooks/stripe")
	}
}

// take receives an event from Stripe, which is told at once that it is in good hands.
func (p *postman) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var event struct {
		ID string `json:"id"`
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if p.loses() {
		return
	}
	p.left.Add(1)
	p.letters <- letter{event.ID, r.Header.Get("Stripe-Signature"), body}
}

// loses reports whether a letter is thrown away, which Stripe never learns.
func (p *postman) loses() bool {
	for {
		n := p.lose.Load()
		if n <= 0 {
			return false
		}
		if p.lose.CompareAndSwap(n, n-1) {
			p.lost.Add(1)
			return true
		}
	}
}

// carry brings one letter after the other.
func (p *postman) carry(ctx context.Context) {
	client := &http.Client{Timeout: patience / 2}
	defer client.CloseIdleConnections()
	for turn := 0; ; turn++ {
		select {
		case <-ctx.Done():
			return
		case l := <-p.letters:
			for try := turn; !p.bring(ctx, client, l, try); try++ {
				if pause(ctx, comesBack); ctx.Err() != nil {
					return
				}
			}
			if turn%everyNth == 0 {
				p.bring(ctx, client, l, turn+1)
			}
			p.left.Add(-1)
		}
	}
}

// bring reports whether the letter was acknowledged.
func (p *postman) bring(ctx context.Context, client *http.Client, l letter, turn int) bool {
	p.mu.Lock()
	address := p.addresses[turn%len(p.addresses)]
	p.mu.Unlock()
	status := 0
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(l.body))
	if err != nil {
		return false
	}
	r.Header.Set("Stripe-Signature", l.signature)
	if res, err := client.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody))
		_ = res.Body.Close()
		status = res.StatusCode
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[status]++
	if status != http.StatusOK {
		return false
	}
	p.acked[l.event]++
	return true
}

// acknowledged lists the events that the program has said it has.
func (p *postman) acknowledged() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.acked)
}

// answered counts the answers with a status.
func (p *postman) answered() map[int]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.answers)
}
