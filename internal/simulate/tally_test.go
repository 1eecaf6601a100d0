package simulate_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// tally counts what a run has seen, over all its seeds.
type tally struct {
	mu         sync.Mutex
	seeds      int
	steps      int
	events     int
	lived      time.Duration
	pairs      map[[2]string]int // how often a fault struck during an operation
	violations int
	broken     []uint64 // the seeds with violations
}

func newTally() *tally { return &tally{pairs: map[[2]string]int{}} }

func (t *tally) violation(seed uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.violations++
	if !slices.Contains(t.broken, seed) {
		t.broken = append(t.broken, seed)
	}
}

// met counts that a fault struck during an operation.
func (t *tally) met(fault, operation string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pairs[[2]string{fault, operation}]++
}

// ended counts a seed that is over.
func (t *tally) ended(lived time.Duration, steps, events int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seeds++
	t.steps += steps
	t.events += events
	t.lived += lived
}

// report is what a run prints.
func (t *tally) report(took time.Duration) string {
	faults := 0
	for _, n := range t.pairs {
		faults += n
	}
	var b strings.Builder
	const year = 365 * day
	fmt.Fprintf(&b, "%d seeds in %s (%.2f a second): %.1f simulated years, %d steps, %d events, %d faults, %d violations\n",
		t.seeds, took.Round(time.Second), float64(t.seeds)/took.Seconds(), float64(t.lived)/float64(year), t.steps,
		t.events, faults, t.violations)
	if len(t.broken) > 0 {
		slices.Sort(t.broken)
		fmt.Fprintf(&b, "seeds with violations: %v\n", t.broken)
	}
	t.table(&b)
	return b.String()
}

// table prints how often each fault struck during each operation, a row for an operation.
func (t *tally) table(b *strings.Builder) {
	fmt.Fprintln(b, "\nhow often each fault struck during each operation:")
	for i, f := range harm() {
		fmt.Fprintf(b, "%4c = %s\n", 'a'+i, f.name)
	}
	fmt.Fprintf(b, "%-26s", "")
	for i := range harm() {
		fmt.Fprintf(b, "%6c", 'a'+i)
	}
	for _, op := range life() {
		fmt.Fprintf(b, "\n%-26s", op.name)
		for _, f := range harm() {
			fmt.Fprintf(b, "%6d", t.pairs[[2]string{f.name, op.name}])
		}
	}
	fmt.Fprintln(b)
}

// missing are the pairs of fault and operation that never met.
func (t *tally) missing() []string {
	var pairs []string
	for _, op := range life() {
		for _, f := range harm() {
			if t.pairs[[2]string{f.name, op.name}] == 0 {
				pairs = append(pairs, f.name+" × "+op.name)
			}
		}
	}
	return pairs
}
