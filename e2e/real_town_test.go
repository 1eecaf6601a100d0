package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The size of a seed.
const (
	citizens = 8
	chapters = 3 // each ends with a quiet period and its checks
	moments  = 7 // of a chapter; in each up to three people do something at once
)

// town is one seed: its people, the programs that serve them, and a Stripe.
type town struct {
	t         *testing.T
	seed      uint64
	database  string
	dice      *rand.Rand
	stripe    *station
	books     books
	programs  []*program
	people    []*citizen
	prices    map[string]string // ids by lookup key
	began     time.Time         // by the business clock
	away      atomic.Pointer[program]
	turn      atomic.Int64
	troubled  bool // something goes wrong on purpose, or did since the last quiet period
	armed     int  // calls that were to fail
	surprises []string
	jumps     []jump // of the business clock
	count     tallied

	mu    sync.Mutex
	told  []string
	done  map[string]int // operations that did what was asked
	acted int
}

// settleDown starts the Stripe of a seed and its programs, which share one database.
func settleDown(t *testing.T, seed uint64, database string, programs int) *town {
	t.Helper()
	w := &town{
		t: t, seed: seed, database: database, dice: rand.New(rand.NewPCG(seed, 0x70)), stripe: openStation(t),
		prices: map[string]string{}, done: map[string]int{},
	}
	for range programs {
		p := prepare(t)
		if database == "sqlite" {
			w.database = "sqlite:" + p.dir + "/data/tollgate.db"
		}
		p.env = append(p.env, "DATABASE_URL="+w.database)
		w.stripe.serve(p)
		w.programs = append(w.programs, p)
	}
	w.programs[0].run("plans", "sync")
	for _, p := range w.programs {
		p.boot()
	}
	w.stripe.post.serve(w.programs...)
	w.books = openBooks(t, w.database)
	for _, price := range w.stripe.list(t, "/v1/prices", map[string][]string{"limit": {"100"}}) {
		key, _ := price["lookup_key"].(string)
		w.prices[key], _ = price["id"].(string)
	}
	for i := range citizens {
		w.people = append(w.people, newCitizen(w, i))
	}
	w.began = w.now()
	return w
}

func (w *town) kind() string {
	kind, _, _ := strings.Cut(w.database, ":")
	return kind
}

// tell writes the trace.
func (w *town) tell(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, time.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// live lives the seed.
func (w *town) live(sum *summary) {
	w.t.Helper()
	defer func() {
		if w.t.Failed() || os.Getenv("TRACE") != "" {
			w.t.Logf("seed %d on %s:\n%s", w.seed, w.kind(), strings.Join(w.told, "\n"))
		}
	}()
	began := time.Now()
	for chapter := range chapters {
		for range moments {
			w.moment()
		}
		if wrong := w.quiet(); len(wrong) > 0 {
			for _, text := range wrong {
				w.tell("VIOLATION %s", text)
				w.t.Errorf("seed %d on %s, chapter %d: %s", w.seed, w.kind(), chapter+1, text)
			}
			w.t.Errorf("repeat it with: make simulate-real SEEDS=1 FIRST=%d TRACE=1", w.seed)
			w.count.violations += len(wrong)
			break
		}
	}
	w.count.seeds, w.count.lived = 1, w.now().Sub(w.began)
	w.count.events = len(w.stripe.post.acknowledged())
	w.count.lost = int(w.stripe.post.lost.Load())
	sum.ended(w, time.Since(began))
	for _, p := range w.programs {
		p.stop()
		for _, line := range p.log.matching("panic:", "DATA RACE") {
			w.t.Errorf("the program said: %s", line)
		}
	}
}

// moment is one thing that happens, or a few at once, while something may go wrong.
func (w *town) moment() {
	during := w.strike()
	var acting sync.WaitGroup
	at := 1 + w.dice.IntN(3)
	if w.count.steps == 0 {
		at = citizens // all want to sign up on the first day
	}
	for _, i := range w.dice.Perm(citizens)[:at] {
		r := w.people[i]
		deed := r.choose()
		acting.Go(func() { r.act(deed) })
		w.count.steps++
	}
	during()
	acting.Wait()
	switch w.dice.IntN(6) {
	case 0, 1:
		w.forward(time.Duration(1+w.dice.IntN(6*24)) * time.Hour)
	case 2:
		w.forward(time.Duration(7+w.dice.IntN(28)) * 24 * time.Hour)
	}
	w.mu.Lock()
	w.count.answered = w.acted
	w.mu.Unlock()
}

// serving is a program that answers: a balancer knows which are stopped.
func (w *town) serving() *program {
	for range w.programs {
		p := w.programs[int(w.turn.Add(1))%len(w.programs)]
		if p != w.away.Load() {
			return p
		}
	}
	return w.programs[0]
}

// control calls the sandbox's control interface.
func (s *station) control(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if into == nil {
		into = &struct{}{}
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s %s: status %d: %w", method, path, body, res.StatusCode, err)
	}
	return nil
}

func (w *town) ask(method, path, body string, into any) {
	w.t.Helper()
	if err := w.stripe.control(w.t.Context(), method, path, body, into); err != nil {
		w.t.Fatal(err)
	}
}

// now is the business clock.
func (w *town) now() time.Time {
	w.t.Helper()
	var clock struct{ Now int64 }
	w.ask(http.MethodGet, "/_sim/clock", "", &clock)
	return time.Unix(clock.Now, 0).UTC()
}

// jump is one move of the business clock.
type jump struct {
	at time.Time // by the wall clock
	by time.Duration
}

// atLatest is what the business clock showed at a time of the wall clock, for who knew at once of every move.
func (w *town) atLatest(wall time.Time) time.Time {
	business := wall
	for _, j := range w.jumps {
		if j.at.Before(wall) {
			business = business.Add(j.by)
		}
	}
	return business
}

// forward moves the business clock of everybody.
func (w *town) forward(by time.Duration) {
	w.t.Helper()
	w.tell("%s pass", by)
	w.jumps = append(w.jumps, jump{time.Now(), by})
	w.ask(http.MethodPost, "/_sim/clock", fmt.Sprintf(`{"by": %q}`, by), nil)
}

// die pulls the plug of a program, and starts it again as a supervisor does.
func (w *town) die(p *program, times int) {
	for range times {
		p.kill()
		// Who leads the periodic work is a lease too, and the dead keep it for a quarter of a minute.
		if err := w.books.db.Write(w.t.Context()).Exec("DELETE FROM river_leader").Error; err != nil {
			w.t.Fatal(err)
		}
		p.launch()
		w.count.kills++
	}
	awaitBoot(w.t, p)
}

// stop suspends a program for a while, as when its machine is moved.
func (w *town) stop(p *program, d time.Duration) {
	w.count.stops++
	if len(w.programs) > 1 {
		w.away.Store(p)
	}
	p.signal(syscall.SIGSTOP)
	pause(w.t.Context(), d)
	p.signal(syscall.SIGCONT)
	w.away.Store(nil)
}
