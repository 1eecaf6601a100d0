package simulate_test

import "sync"

// tally counts what a run has seen, over all its seeds.
type tally struct {
	mu         sync.Mutex
	operations map[string]int
	violations map[uint64][]string
}

func newTally() *tally {
	return &tally{operations: map[string]int{}, violations: map[uint64][]string{}}
}

func (t *tally) operation(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.operations[name]++
}

func (t *tally) violation(seed uint64, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.violations[seed] = append(t.violations[seed], text)
}
