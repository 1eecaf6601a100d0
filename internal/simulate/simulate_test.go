package simulate_test

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// enough seeds for every fault to meet every operation.
const enough = 200

// regressions are the seeds that once found a bug. What they find is the same only as long as the tables of operations
// and faults are, so each bug has a test of its own too, which the seed's line names.
var regressions = []struct {
	seed uint64
	test string
}{
	{14, "billing: TestP02_ADayAfterADeathWeLookBeforeWeAct"},
	{53, "billing: TestP02_ADayAfterADeathWeLookBeforeWeAct"},
	{141, "billing: TestAPageWaitsItsTimeForACustomerThatAnotherIsMaking"},
	{1014, "billing: TestL19_WhatWasPaidBeforeTheDeletionIsKept"},
}

// TestMain keeps the log of what failed on purpose to itself, and spends memory rather than time.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// live lives one seed and tells its trace.
func live(t *testing.T, seed uint64, tally *tally, told *trace) {
	t.Helper()
	database := databaseFor(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, database, tally, told)
		began, stepped := time.Now(), 0
		for range chapters {
			for range steps / chapters {
				if w.broken {
					break
				}
				w.step()
				stepped++
			}
			if !w.broken {
				w.quiet()
			}
		}
		tally.ended(time.Since(began), stepped, w.post.sent)
	})
}

// TestASeedIsTheSameEachTime is what makes a violation repeatable.
func TestASeedIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	first, second := &trace{}, &trace{}
	live(t, 1, newTally(), first)
	live(t, 1, newTally(), second)
	if first.hash() != second.hash() {
		require.Equal(t, first.lines, second.lines)
	}
}

// TestSeedsThatFoundABug find none any more.
func TestSeedsThatFoundABug(t *testing.T) {
	t.Parallel()
	for _, row := range regressions {
		t.Run(fmt.Sprint(row.seed), func(t *testing.T) {
			t.Parallel()
			live(t, row.seed, newTally(), &trace{})
		})
	}
}

// TestSimulate lives seeds: SEEDS of them from FIRST on. TRACE=1 tells what happened in them.
func TestSimulate(t *testing.T) {
	t.Parallel()
	otherwise := uint64(enough)
	if testing.Short() {
		otherwise = 10
	}
	seeds, first := number(t, "SEEDS", otherwise), number(t, "FIRST", 1)
	tally, began := newTally(), time.Now()
	t.Run("seed", func(t *testing.T) {
		for seed := first; seed < first+seeds; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				told := &trace{}
				defer func() {
					if os.Getenv("TRACE") != "" {
						fmt.Println(strings.Join(told.lines, "\n"))
					}
				}()
				live(t, seed, tally, told)
			})
		}
	})
	fmt.Println(tally.report(time.Since(began)))
	if seeds >= enough {
		require.Empty(t, tally.missing(), "faults and operations that never met")
	}
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 32)
	require.NoError(t, err, name)
	return n
}
