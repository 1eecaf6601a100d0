package e2e

import (
	"fmt"
	"net/http"
	"time"
)

// mishap is one way in which things go wrong. begin returns what happens while people act, or nil.
type mishap struct {
	name   string
	weight int
	begin  func(w *town) func()
}

// mishaps is the table of all that goes wrong. Calls that fail and webhooks out of order last until the next quiet
// period or until they are used up.
func mishaps() []mishap {
	return []mishap{
		{"nothing", 5, func(*town) func() { return nil }},
		{"429", 2, fails(`"status": 429`)},
		{"500 before the work", 2, fails(`"status": 500`)},
		{"500 after the work", 2, fails(`"status": 500, "after_commit": true`)},
		{"cut before the work", 2, fails(`"cut": true`)},
		{"cut after the work", 2, fails(`"truncate": true`)},
		{"slow", 1, fails(`"latency_ms": 1500`)},
		{"timeout", 1, fails(`"latency_ms": 8500`)},
		{"webhooks lost", 4, func(w *town) func() { w.stripe.post.lose.Add(1 + w.dice.Int64N(6)); return nil }},
		{"webhooks as in the field", 1, order("field")},
		{"webhooks in chaos", 2, order("chaos")},
		{"killed", 5, func(w *town) func() { return w.killed(1) }},
		{"killed, and again while it starts", 1, func(w *town) func() { return w.killed(2) }},
		{"suspended", 2, (*town).suspended},
	}
}

// fails makes the next few calls of a kind fail.
func fails(how string) func(w *town) func() {
	return func(w *town) func() {
		kinds := []string{
			"", "", "GET /v1/*", "POST /v1/*", "POST /v1/customers*", "POST /v1/checkout/sessions", "POST /v1/subscriptions*",
			"POST /v1/invoices*", "GET /v1/customers/*",
		}
		kind, times := kinds[w.dice.IntN(len(kinds))], 1+w.dice.IntN(3)
		w.armed += times
		w.ask(http.MethodPost, "/_sim/faults", fmt.Sprintf(`{"match": %q, "times": %d, %s}`, kind, times, how), nil)
		return nil
	}
}

func order(mode string) func(w *town) func() {
	return func(w *town) func() {
		w.ask(http.MethodPost, "/_sim/mode", fmt.Sprintf(`{"mode": %q}`, mode), nil)
		return nil
	}
}

// killed waits a little, so that what people do has begun.
func (w *town) killed(times int) func() {
	p, wait := w.programs[w.dice.IntN(len(w.programs))], time.Duration(w.dice.IntN(400))*time.Millisecond
	return func() {
		pause(w.t.Context(), wait)
		w.die(p, times)
	}
}

func (w *town) suspended() func() {
	p := w.programs[w.dice.IntN(len(w.programs))]
	wait, long := time.Duration(w.dice.IntN(100))*time.Millisecond, time.Duration(200+w.dice.IntN(1300))*time.Millisecond
	return func() {
		pause(w.t.Context(), wait)
		w.stop(p, long)
	}
}

// strike chooses what goes wrong in a moment, and returns what is to happen once people act.
func (w *town) strike() (during func()) {
	total := 0
	for _, m := range mishaps() {
		total += m.weight
	}
	at := w.dice.IntN(total)
	for _, m := range mishaps() {
		if at -= m.weight; at < 0 {
			w.tell("  %s", m.name)
			w.troubled = w.troubled || m.name != "nothing"
			during = m.begin(w)
			break
		}
	}
	if during == nil {
		return func() {}
	}
	return during
}

// peace ends everything that goes wrong, and counts the calls that failed.
func (w *town) peace() {
	w.t.Helper()
	w.count.faults += w.armed - w.left()
	w.armed = 0
	w.ask(http.MethodDelete, "/_sim/faults", "", nil)
	w.ask(http.MethodPost, "/_sim/mode", `{"mode": "causal"}`, nil)
	w.stripe.post.lose.Store(0)
	w.troubled = false
}

// left is how many of the calls that were to fail have not been made.
func (w *town) left() (n int) {
	w.t.Helper()
	var armed struct{ Faults []struct{ Times int } }
	w.ask(http.MethodGet, "/_sim/faults", "", &armed)
	for _, f := range armed.Faults {
		n += f.Times
	}
	return n
}
