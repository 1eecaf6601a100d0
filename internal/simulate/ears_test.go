package simulate_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/tollgate/internal/truth"
)

// ears listen to what Stripe tells the app, so that at any moment it is known what the app can know. Each fetch of a
// customer is an answer of its own, as it was put together from several calls.
type ears struct {
	w     *world
	open  map[string]*answerHeard   // the fetch that is under way, by process and customer
	heard map[string][]*answerHeard // all of a customer's
	turn  int
}

// answerHeard is one fetch, numbered in their order. A call that was tried again has several times at which it may have
// begun.
type answerHeard struct {
	turn     int
	customer string
	began    []time.Time
	parts    map[string][]json.RawMessage
	parsed   *truth.Customer
}

func newEars(w *world) *ears {
	return &ears{w: w, open: map[string]*answerHeard{}, heard: map[string][]*answerHeard{}}
}

// listen notes that a fetch begins.
func (e *ears) listen(p *process, call *http.Request) {
	id, ok := strings.CutPrefix(call.URL.Path, "/v1/customers/")
	if call.Method != http.MethodGet || !ok || strings.Contains(id, "/") {
		return
	}
	key := p.name + id
	a := e.open[key]
	if a == nil || len(a.parts) > 0 {
		a = &answerHeard{customer: id, parts: map[string][]json.RawMessage{}}
		e.open[key] = a
		e.heard[id] = append(e.heard[id], a)
	}
	e.turn++
	a.turn = e.turn
	a.began = append(a.began, p.now().UTC().Truncate(time.Microsecond))
}

// hear takes an answer that reached a process.
func (e *ears) hear(p *process, call *http.Request, body []byte) {
	if call.Method != http.MethodGet {
		return
	}
	path, query := call.URL.Path, call.URL.Query()
	id := query.Get("customer")
	switch {
	case strings.HasPrefix(path, "/v1/customers/"):
		id, path = strings.TrimPrefix(path, "/v1/customers/"), "customer"
	case path == "/v1/disputes":
		id, path = e.disputed(p), "dispute "+query.Get("charge")
	}
	if a := e.open[p.name+id]; a != nil {
		a.parts[path] = append(a.parts[path], body)
	}
}

// disputed is the customer that a process is fetching, for the calls that do not name one.
func (e *ears) disputed(p *process) string {
	var latest *answerHeard
	for key, a := range e.open {
		if strings.HasPrefix(key, p.name) && len(a.parts["/v1/invoices"]) > 0 &&
			(latest == nil || a.began[0].After(latest.began[0])) {
			latest = a
		}
	}
	if latest == nil {
		return ""
	}
	return latest.customer
}

// at finds the fetch that began at a time, or nil.
func (e *ears) at(customer string, began time.Time) *answerHeard {
	for _, a := range slices.Backward(e.heard[customer]) {
		if slices.ContainsFunc(a.began, began.Equal) {
			return a
		}
	}
	return nil
}

// truth is what the answer says.
func (a *answerHeard) truth(at time.Time) truth.Customer {
	if a.parsed == nil {
		t := truth.Customer{}
		for path, bodies := range a.parts {
			for _, body := range bodies {
				a.read(&t, path, body)
			}
		}
		a.parsed = &t
		a.parts = map[string][]json.RawMessage{"read": nil}
	}
	t := *a.parsed
	t.At = at
	return t
}

func (a *answerHeard) read(t *truth.Customer, path string, body []byte) {
	var o object
	if json.Unmarshal(body, &o) != nil || o.Obj("error") != nil {
		return
	}
	switch path {
	case "customer":
		t.Deleted = o.Is("deleted")
	case "/v1/subscriptions":
		t.Subs = append(t.Subs, o.List("data")...)
	case "/v1/invoices":
		t.Invoices = append(t.Invoices, o.List("data")...)
	default:
		charge, isDispute := strings.CutPrefix(path, "dispute ")
		if isDispute {
			t.Charge(charge, o.List("data"))
		}
	}
}
