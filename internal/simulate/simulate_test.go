package simulate_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// live lives one seed and gives its trace.
func live(t *testing.T, seed uint64, tally *tally) *trace {
	t.Helper()
	database := databaseFor(t)
	var told *trace
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, database, tally)
		for range chapters {
			for range steps / chapters {
				w.step()
			}
		}
		told = w.trace
	})
	return told
}

// TestASeedIsTheSameEachTime is what makes a violation repeatable.
func TestASeedIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	first, second := live(t, 1, newTally()), live(t, 1, newTally())
	require.Equal(t, first.lines, second.lines)
}
