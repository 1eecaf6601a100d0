// Package properties lives random lives in the sandbox and holds them against what must always be so: that time can be
// cut into pieces without a difference, that a preview is the invoice that follows, and that the books agree.
package properties

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// CasesEnv asks for another number of cases, for a long night. A failing case is printed with the seed that brings it
// back: go test ./properties -run TestProperties/… -rapid.seed=…
const CasesEnv = "FIDELITY_CASES"

// bar is how many cases the judge needs.
const bar = 10_000

// perShard is how many cases rapid draws in one check.
const perShard = 100

// property is one thing that must hold, and the hundredths of all cases that try it: short lives are cheap.
type property struct {
	name  string
	share int
	holds func(t *rapid.T, labs []*lab.Lab) error
}

func properties() []property {
	return []property{
		{"the books agree", 3, func(t *rapid.T, labs []*lab.Lab) error { return booksAgree(t, labs[0]) }},
		{"time composes", 10, func(t *rapid.T, labs []*lab.Lab) error { return timeComposes(t, labs[0], labs[1]) }},
		{"a preview is the invoice", 87, func(t *rapid.T, labs []*lab.Lab) error { return previewIsInvoice(t, labs[0]) }},
	}
}

// TestProperties is the judge.
func TestProperties(t *testing.T) {
	t.Parallel()
	debug.SetGCPercent(400) // Lives make little that lasts.
	cases := bar
	if n, err := strconv.Atoi(os.Getenv(CasesEnv)); err == nil {
		cases = n
	}
	var lived, failed atomic.Int64
	figure := ""
	t.Run("lives", func(t *testing.T) {
		for _, p := range properties() {
			shards := max(1, cases*p.share/100/perShard)
			figure += fmt.Sprintf(", %s %d", p.name, shards*perShard)
			for i := range shards {
				t.Run(fmt.Sprintf("%s %d", p.name, i), func(t *testing.T) {
					t.Parallel()
					labs := []*lab.Lab{newLab(t), newLab(t)}
					t.Cleanup(func() {
						if t.Failed() {
							failed.Add(1)
						}
					})
					rapid.Check(t, func(rt *rapid.T) {
						if err := p.holds(rt, labs); err != nil {
							rt.Fatal(err)
						}
						lived.Add(1)
					})
				})
			}
		}
	})
	if os.Getenv(CasesEnv) == "" && lived.Load() < bar {
		t.Errorf("only %d cases of %d", lived.Load(), bar)
	}
	table.Report(t, "properties", fmt.Sprintf("%d cases, %d failures%s", lived.Load(), failed.Load(), figure))
}

// drawWait draws how long nothing happens: from nothing at all to two months, and often a whole number of days.
func drawWait(t *rapid.T) time.Duration {
	switch pick(t, "wait", "days", "days", "seconds", "hour", "none") {
	case "days":
		return time.Duration(number(t, "days", 1, 60)) * 24 * time.Hour
	case "seconds":
		return time.Duration(number(t, "seconds", 1, 60*86_400)) * time.Second
	case "hour":
		return time.Hour
	default:
		return 0
	}
}

// newLab is a sandbox for many cases, one after the other.
func newLab(t *testing.T) *lab.Lab {
	t.Helper()
	l, err := lab.New("2026-01-01T00:00")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}
