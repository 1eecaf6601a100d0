// Package answers asks the sandbox, through its API, what Stripe's documents answer. The figures of the table were
// taken from the named pages, or from the project's reference where no page gives one; none was taken from the sandbox.
package answers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// known is one row: what a page says that happens.
type known struct {
	name, page string
	start      string // When the customer arrives, UTC.
	play       func(*shop)
	want       facts
}

// TestKnownAnswers is the judge.
func TestKnownAnswers(t *testing.T) {
	t.Parallel()
	all, seen := rows(), map[string]bool{}
	var equal atomic.Int64
	t.Run("rows", func(t *testing.T) {
		for _, k := range all {
			if seen[k.name] || k.page == "" || len(k.want) == 0 {
				t.Errorf("%s: a row needs a name of its own, a page and an answer", k.name)
			}
			seen[k.name] = true
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				wrong := ask(t, k)
				for _, difference := range wrong {
					t.Errorf("%s (see %s)", difference, k.page)
				}
				if len(wrong) == 0 {
					equal.Add(1)
				}
			})
		}
	})
	if len(all) < 40 {
		t.Errorf("the table has only %d rows", len(all))
	}
	table.Report(t, "answers", fmt.Sprintf("%d of %d equal", equal.Load(), len(all)))
}

// ask plays one row, and returns what came out otherwise.
func ask(t testing.TB, k known) []string {
	t.Helper()
	s := open(t, k.start)
	k.play(s)
	return s.differences(k.want)
}

// TestTheJudgeSees is the control: an answer that is not the document's, and a sandbox that is a cent off in one line.
func TestTheJudgeSees(t *testing.T) {
	t.Parallel()
	right := prorationRows()[0]
	table.Control(t, "answers", "the expected total of a row", func() error {
		wrong := right
		wrong.want = facts{"total": 501}
		return differing(ask(t, wrong))
	})
	table.Control(t, "answers", "the first line of every invoice", func() error {
		s := open(t, right.start)
		right.play(s)
		s.Spoil = aCentMore
		return differing(s.differences(right.want))
	})
}

func differing(differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	return errors.New(differences[0])
}

// aCentMore falsifies the first line of every invoice in a list.
func aCentMore(_, path string, answer lab.Object) {
	if path != "/v1/invoices" {
		return
	}
	for _, inv := range answer.List("data") {
		for _, line := range inv.List("lines")[:1] {
			line["amount"] = json.Number(strconv.FormatInt(line.Int("amount")+1, 10))
		}
	}
}
