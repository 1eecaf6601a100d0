package simulate_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/mattn/go-sqlite3"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/internal/apptest"
)

// mishap is one way in which things go wrong. Those with points strike a process at one of them; those with letters
// decide about a webhook on its way; the others are begun, and end with the next quiet period.
type mishap struct {
	name   string
	points []apptest.Point
	fits   func(w *world, p *process, call *http.Request) bool // nil where it may strike anywhere
	strike func(w *world, p *process, at apptest.Point, call *http.Request) error
	letter func(w *world, l letter) []letter
	begin  func(w *world)
}

// harm is the table of all faults.
func harm() []mishap {
	before := []apptest.Point{apptest.CallBefore}
	return []mishap{
		{name: "API: timeout", points: before, strike: hang},
		{name: "API: cut before", points: before, strike: cut},
		{name: "API: cut after", points: []apptest.Point{apptest.CallAfter}, strike: cut},
		{name: "API: 429", points: before, strike: answer(sandbox.Fault{Status: http.StatusTooManyRequests})},
		{name: "API: 500 before", points: before, strike: answer(sandbox.Fault{Status: http.StatusInternalServerError})},
		{name: "API: 500 after", points: before, strike: answer(sandbox.Fault{
			Status: http.StatusInternalServerError, AfterCommit: true,
		})},
		{name: "database locked", points: []apptest.Point{apptest.WriteBefore}, strike: locked},
		{name: "killed at a call", points: []apptest.Point{apptest.CallBefore, apptest.CallAfter}, strike: kill},
		{
			name: "killed at a commit", strike: kill,
			points: []apptest.Point{apptest.WriteBefore, apptest.CommitBefore, apptest.CommitAfter},
		},
		{name: "overtaken", points: []apptest.Point{apptest.CallAfter}, fits: mayOvertake, strike: overtake},
		{name: "webhook dropped", letter: func(*world, letter) []letter { return nil }},
		{name: "webhook doubled", letter: double},
		{name: "webhook delayed", letter: delay},
		{name: "webhook reordered", letter: shuffle},
		{name: "secret rotated", begin: rotate},
		{name: "clock skewed", begin: skew},
	}
}

// armed is a fault that waits for its moment.
type armed struct {
	mishap
	skip, times int
}

// arm makes ready what may go wrong in the next step: most often one thing or two, and sometimes nothing.
func (w *world) arm() {
	w.traps, w.struck = nil, false
	for range w.dice.IntN(4) {
		f := pick(w, harm())
		w.traps = append(w.traps, &armed{mishap: f, skip: w.dice.IntN(6), times: 1 + w.dice.IntN(4)})
		if f.fits != nil || f.letter != nil {
			w.traps[len(w.traps)-1].skip = 0 // their moments are rare enough
		}
		if f.begin != nil {
			f.begin(w)
			w.lasting = append(w.lasting, f.name)
		}
	}
	for _, name := range w.lasting {
		w.tally.met(name, w.op)
	}
}

// meddle is asked whenever a process touches the world.
func (w *world) meddle(p *process, at apptest.Point, call *http.Request) error {
	if at == apptest.CallBefore {
		w.ears.listen(p, call)
		w.wait(w.between(20*time.Millisecond, 200*time.Millisecond)) // how far Stripe is away
	}
	if w.nested {
		return nil
	}
	for _, trap := range w.traps {
		if trap.strike == nil || trap.times == 0 || !slices.Contains(trap.points, at) ||
			trap.fits != nil && !trap.fits(w, p, call) {
			continue
		}
		if trap.skip > 0 {
			trap.skip--
			continue
		}
		trap.times--
		w.met(trap.name)
		w.trace.line("  %s meets %s at %s", p.name, trap.name, place(at, call))
		if err := trap.strike(w, p, at, call); err != nil {
			w.stripe.ClearFaults() // the call that Stripe was to fail never gets there
			return err
		}
		break
	}
	return nil
}

func place(at apptest.Point, call *http.Request) string {
	if call == nil {
		return string(at)
	}
	return fmt.Sprintf("%s %s %s", at, call.Method, call.URL.Path)
}

// hang lets a call wait until its caller gives up.
func hang(_ *world, _ *process, _ apptest.Point, call *http.Request) error {
	<-call.Context().Done()
	return call.Context().Err()
}

func cut(*world, *process, apptest.Point, *http.Request) error { return io.ErrUnexpectedEOF }

// answer lets Stripe answer the next request by a failure, with what that leaves under the request's key.
func answer(f sandbox.Fault) func(*world, *process, apptest.Point, *http.Request) error {
	return func(w *world, _ *process, _ apptest.Point, _ *http.Request) error {
		w.stripe.AddFault(f)
		return nil
	}
}

func locked(w *world, _ *process, _ apptest.Point, _ *http.Request) error {
	w.harm++
	return sqlite3.Error{Code: sqlite3.ErrBusy}
}

func kill(w *world, p *process, _ apptest.Point, _ *http.Request) error {
	p.Kill()
	w.harm++
	return apptest.ErrDead
}

// mayOvertake reports whether a process is fetching somebody whom the other one could fetch too.
func mayOvertake(w *world, p *process, call *http.Request) bool {
	subject := w.personOf(call.URL.Query().Get("customer"))
	return call.Method == http.MethodGet && !w.other(p).Dead() && subject != nil && w.planOf(subject) != nil
}

// overtake holds a process up between a fetch and what it does with it, so long that by the other one's clock its lease
// has run out. Meanwhile something changes at Stripe, and the other one takes it up.
func overtake(w *world, p *process, _ apptest.Point, call *http.Request) error {
	other, subject := w.other(p), w.personOf(call.URL.Query().Get("customer"))
	w.nested = true
	ahead := other.skew
	other.skew += w.between(45*time.Second, 2*time.Minute)
	edit := pick(w, []func(*world, *person) string{
		(*world).dashboardPrice, (*world).dashboardQuantity, (*world).dashboardCancel, (*world).breakCard,
	})
	w.trace.line("  meanwhile %s: %s", subject.name, edit(w, subject))
	w.must(w.stripe.Idle(context.Background()))
	w.post.deliverTo(other)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := other.Billing.SyncDue(ctx); err != nil {
		w.trace.line("  %s: %s", other.name, brief(err))
	}
	other.skew, w.nested = ahead, false
	w.touched = append(w.touched, subject)
	w.checkPerson(subject)
	return nil
}

func double(w *world, l letter) []letter {
	again := l
	again.due = l.due.Add(w.between(0, 3*day))
	return []letter{l, l, again}
}

func delay(w *world, l letter) []letter {
	l.due = l.due.Add(w.between(time.Minute, 3*day))
	return []letter{l}
}

// shuffle holds a letter back just long enough for later ones to overtake it.
func shuffle(w *world, l letter) []letter {
	l.due = l.due.Add(w.between(0, time.Hour))
	return []letter{l}
}

// rotate rolls the webhook secret at Stripe. The app learns of it when its processes are started again, and Stripe may
// or may not sign with the old secret as well until then.
func rotate(w *world) {
	fresh := "whsec_" + fmt.Sprintf("%032x", w.dice.Uint64())
	w.signs = []string{fresh}
	if w.chance(2) {
		w.signs = append(w.signs, w.secrets[0])
	}
	w.secrets = append([]string{fresh}, w.secrets[0])
}

// skew sets one process's clock wrong, by seconds or by more than a signature may be old.
func skew(w *world) {
	p := pick(w, w.procs[:])
	p.skew = w.between(-8*time.Minute, 8*time.Minute)
	w.trace.line("  the clock of %s is off by %s", p.name, p.skew.Round(time.Second))
}

// peace ends all faults: what is dead is started again, with the right time and the right secrets.
func (w *world) peace() {
	w.traps, w.lasting = nil, nil
	w.stripe.ClearFaults()
	for _, p := range w.procs {
		p.skew = 0
		if p.Dead() || len(w.signs) > 0 {
			p.start()
		}
	}
}

// revive is the supervisor, which is not always quick.
func (w *world) revive() {
	for _, p := range w.procs {
		if p.Dead() && w.chance(2) {
			p.start()
		}
	}
}

func (w *world) other(p *process) *process {
	if p == w.procs[0] {
		return w.procs[1]
	}
	return w.procs[0]
}

// personOf is whose customer it is, or nil.
func (w *world) personOf(customer string) *person {
	for _, p := range w.people {
		if customer != "" && w.customerOf(p) == customer {
			return p
		}
	}
	return nil
}

func (w *world) met(name string) {
	w.struck = true
	w.tally.met(name, w.op)
}
