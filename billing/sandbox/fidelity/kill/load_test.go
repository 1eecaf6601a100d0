package kill

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// The load, and how long the sandbox lives under it each time.
const (
	writers  = 4
	lifeMin  = 30 * time.Millisecond
	lifeMax  = 450 * time.Millisecond
	leap     = `{"by": "700h"}` // Most of a month: renewals are under way when the process dies.
	leapOdds = 3                // One life in so many is also a fast-forward.
)

// request is one thing that a writer wants done, however often it has to ask.
type request struct {
	path, key string
	form      []string
}

// writer does one request after the other. The one that the sandbox's death interrupted it sends again, under the
// same key, to the next.
type writer struct {
	id, n    int
	pending  *request
	customer string
	done     map[string]string // The object that each key was answered with.
	problems []string
}

// work runs until the sandbox is gone.
func (w *writer) work(p *process, price string) {
	for {
		if w.pending == nil {
			w.pending = w.next(price)
		}
		if !w.send(p) {
			return
		}
	}
}

// send sends the pending request, and reports whether an answer came.
func (w *writer) send(p *process) bool {
	r := w.pending
	status, o, err := p.post(r.path, r.key, r.form...)
	if err != nil {
		return false
	}
	if status != http.StatusOK {
		w.problems = append(w.problems, fmt.Sprintf("%s: %d %s", r.key, status, o.Str("error.message")))
	}
	w.done[r.key] = o.ID()
	if r.path == "/v1/customers" {
		w.customer = o.ID()
	}
	w.pending = nil
	return true
}

// next is a new customer, then their subscription, then a change to the customer.
func (w *writer) next(price string) *request {
	w.n++
	key := fmt.Sprintf("w%d-%d", w.id, w.n)
	switch w.n % 3 {
	case 1:
		return &request{"/v1/customers", key, []string{
			"metadata[key]", key, "payment_method", "pm_card_visa",
			"invoice_settings[default_payment_method]", "pm_card_visa",
		}}
	case 2:
		return &request{"/v1/subscriptions", key, []string{
			"metadata[key]", key, "customer", w.customer,
			"items[0][price]", price,
		}}
	default:
		return &request{"/v1/customers/" + w.customer, key, []string{"name", key}}
	}
}

// live lets the writers work at a sandbox for a random while, kills it, and returns once nobody works at it.
func live(t *testing.T, p *process, price string, crew []*writer) {
	t.Helper()
	var wg sync.WaitGroup
	for _, w := range crew {
		wg.Go(func() { w.work(p, price) })
	}
	if rand.IntN(leapOdds) == 0 {
		wg.Go(func() { _, _ = p.sim(http.MethodPost, "/_sim/clock", leap) })
	}
	life := time.NewTimer(lifeMin + rand.N(lifeMax-lifeMin))
	defer life.Stop()
	select {
	case <-life.C:
	case <-t.Context().Done():
	}
	p.kill()
	wg.Wait()
}
