package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tollgate/models/modelstest"
)

// TestRealLives is the slow simulator: made-up lives with nothing made up but the people. The built program runs as one
// process on SQLite and as two on Postgres, and speaks HTTP with a sandbox that is a process of its own. SEEDS says how
// many seeds, FIRST from which; TRACE=1 tells what happened. A seed decides what is done and what goes wrong. The machine
// decides what meets what, so that a failure is not sure to come again. docs/simulator.md tells more.
func TestRealLives(t *testing.T) {
	t.Parallel()
	seeds, first := number(t, "SEEDS", 1), number(t, "FIRST", 1)
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
	sum, began := &summary{}, time.Now()
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { // a seed at a time, on both databases at once
			t.Run("sqlite", func(t *testing.T) {
				t.Parallel()
				settleDown(t, seed, "sqlite", 1).live(sum)
			})
			t.Run("postgres", func(t *testing.T) {
				t.Parallel()
				settleDown(t, seed, modelstest.PostgresURL(t), 2).live(sum)
			})
		})
	}
	fmt.Print(sum.report(time.Since(began)))
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// tallied are the figures of seeds, for each database.
type tallied struct {
	seeds, steps, answered, events, kills, stops, faults, lost, violations int
	lived                                                                  time.Duration
}

func (a *tallied) add(b tallied) {
	a.seeds, a.steps, a.answered, a.events = a.seeds+b.seeds, a.steps+b.steps, a.answered+b.answered, a.events+b.events
	a.kills, a.stops, a.faults, a.lost = a.kills+b.kills, a.stops+b.stops, a.faults+b.faults, a.lost+b.lost
	a.violations, a.lived = a.violations+b.violations, a.lived+b.lived
}

// summary is what a run prints.
type summary struct {
	mu       sync.Mutex
	of       map[string]*tallied // by kind of database
	outcomes map[string]int      // how often each operation was done, of those that ended well
	broken   []uint64
}

// ended counts a seed, and says that it is over: a run takes long enough to ask how far it has come.
func (s *summary) ended(w *town, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Printf("seed %d on %s: %d events, %d kills, %d violations, in %s\n", w.seed, w.kind(), w.count.events, w.count.kills,
		w.count.violations, took.Round(time.Second))
	if s.of == nil {
		s.of, s.outcomes = map[string]*tallied{}, map[string]int{}
	}
	if s.of[w.kind()] == nil {
		s.of[w.kind()] = &tallied{}
	}
	s.of[w.kind()].add(w.count)
	for name, n := range w.done {
		s.outcomes[name] += n
	}
	if w.count.violations > 0 && !slices.Contains(s.broken, w.seed) {
		s.broken = append(s.broken, w.seed)
	}
}

func (s *summary) report(took time.Duration) string {
	var b strings.Builder
	for _, kind := range []string{"sqlite", "postgres"} {
		if n := s.of[kind]; n != nil {
			fmt.Fprintf(&b, "%-8s %d seeds, %.1f simulated years: %d steps (%d that did what was asked), %d events, "+
				"%d webhooks lost, %d kills, %d suspensions, %d failed calls, %d violations\n", kind, n.seeds,
				n.lived.Hours()/24/365, n.steps, n.answered, n.events, n.lost, n.kills, n.stops, n.faults, n.violations)
		}
	}
	fmt.Fprintf(&b, "in %s\n", took.Round(time.Second))
	var rare []string
	for _, op := range deeds() {
		rare = append(rare, fmt.Sprintf("%s %d", op.name, s.outcomes[op.name]))
	}
	fmt.Fprintf(&b, "that did what was asked: %s\n", strings.Join(rare, ", "))
	for _, seed := range s.broken {
		fmt.Fprintf(&b, "repeat it with: make simulate-real SEEDS=1 FIRST=%d TRACE=1\n", seed)
	}
	return b.String()
}
