// Package kill ends the sandbox's own process with a signal that it cannot catch, again and again, while it is being
// written to, moved in time and read by a webhook endpoint, and then looks whether anything was lost, done twice or
// done by halves.
package kill

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	_ "github.com/mattn/go-sqlite3" // To ask SQLite itself whether the file is whole.

	"example.com/tollgate/billing/sandbox/fidelity/lab"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// KillsEnv asks for another number of kills, for a long night.
const KillsEnv = "FIDELITY_KILLS"

func kills() int {
	if n, err := strconv.Atoi(os.Getenv(KillsEnv)); err == nil && n > 0 {
		return n
	}
	return 26
}

// TestKilledAtAnyMoment is the judge.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	binary, db, hook := build(t), filepath.Join(t.TempDir(), "sandbox.db"), receive(t)
	crew := make([]*writer, writers)
	for i := range crew {
		crew[i] = &writer{id: i, done: map[string]string{}}
	}
	price, clock := "", int64(0)
	for range kills() {
		p := start(t, binary, db, hook.URL)
		hook.trust(p.secret)
		if price == "" {
			price = shelf(t, p)
		}
		if now := p.now(t); now < clock {
			t.Errorf("the clock went back from %d to %d", clock, now)
		}
		live(t, p, price, crew)
		if answer := ask(t, db, `PRAGMA integrity_check`); answer != "ok" {
			t.Errorf("the database is damaged: %s", answer)
		}
		at, err := strconv.ParseInt(ask(t, db, `SELECT coalesce(max(created), 0) FROM events`), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		clock = max(clock, at)
	}
	p := start(t, binary, db, hook.URL)
	answered := finish(t, p, crew)
	arrived, forged := hook.arrived()
	found := inspect(p.tables(t), arrived, answered)
	if forged > 0 {
		found.add("%d webhooks were no events of the sandbox's", forged)
	}
	for _, problem := range found.problems[:min(20, len(found.problems))] {
		t.Error(problem)
	}
	table.Report(t, "kill", fmt.Sprintf("%d kills, %d requests, %d events, %d invoices: %d lost, doubled or half written",
		kills(), len(answered), found.events, found.invoices, len(found.problems)))
}

// shelf makes the price that everybody subscribes to.
func shelf(t *testing.T, p *process) string {
	t.Helper()
	status, price, err := p.post("/v1/prices", "price", "currency", "usd", "unit_amount", "2000", "recurring[interval]",
		"month", "product_data[name]", "Pro")
	if err != nil || status != http.StatusOK {
		t.Fatalf("make a price: %d %v %v", status, price, err)
	}
	return price.ID()
}

// finish sends once more what was interrupted, lets a month pass and all webhooks arrive, and returns which object
// each request was answered with.
func finish(t *testing.T, p *process, crew []*writer) map[string]string {
	t.Helper()
	answered := map[string]string{}
	for _, w := range crew {
		if w.pending != nil && !w.send(p) {
			t.Errorf("%s was not answered", w.pending.key)
		}
		for _, problem := range w.problems {
			t.Error(problem)
		}
		maps.Copy(answered, w.done)
	}
	for _, call := range [][2]string{{"/_sim/clock", `{"by": "750h"}`}, {"/_sim/idle", ""}} {
		if _, err := p.sim(http.MethodPost, call[0], call[1]); err != nil {
			t.Fatal(err)
		}
	}
	return answered
}

// ask puts a question to the database of a sandbox that does not run.
func ask(t *testing.T, path, query string) string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var answer string
	if err := db.QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// records are what an inspection looks at.
type records struct {
	tables   map[string][]lab.Object
	arrived  map[string]int
	answered map[string]string
}

// whole are the records of a sandbox in which one customer was made and nothing went wrong.
func whole() records {
	return records{
		map[string][]lab.Object{
			"objects": {{"id": "cus_1", "object": "customer", "data": map[string]any{
				"id": "cus_1", "metadata": map[string]any{"key": "k"},
			}}},
			"events": {{"id": "evt_1", "type": "customer.created", "object_id": "cus_1"}},
		},
		map[string]int{"evt_1": 1},
		map[string]string{"k": "cus_1"},
	}
}

// TestTheJudgeSees is the control: one thing that must not happen, put into the records of a sandbox that is whole.
func TestTheJudgeSees(t *testing.T) {
	t.Parallel()
	if r := whole(); len(inspect(r.tables, r.arrived, r.answered).problems) > 0 {
		t.Fatalf("the whole sandbox: %v", inspect(r.tables, r.arrived, r.answered).problems)
	}
	for broken, spoil := range map[string]func(records){
		"a lost event": func(r records) { r.tables["events"] = nil },
		"a doubled event": func(r records) {
			r.tables["events"] = append(r.tables["events"],
				lab.Object{"id": "evt_2", "type": "customer.created", "object_id": "cus_1"})
			r.arrived["evt_2"] = 1
		},
		"a webhook that never came": func(r records) { delete(r.arrived, "evt_1") },
		"a webhook of nothing":      func(r records) { r.arrived["evt_9"] = 1 },
		"a lost object":             func(r records) { r.answered["j"] = "cus_2" },
		"a request done twice": func(r records) {
			twin := lab.Object{"id": "cus_2", "object": "customer", "data": r.tables["objects"][0]["data"]}
			r.tables["objects"] = append(r.tables["objects"], twin)
			r.tables["events"] = append(r.tables["events"],
				lab.Object{"id": "evt_2", "type": "customer.created", "object_id": "cus_2"})
			r.arrived["evt_2"] = 1
		},
		"an agenda of nothing": func(r records) {
			r.tables["agenda"] = []lab.Object{{"kind": "invoice.finalize", "id": "in_1"}}
		},
	} {
		table.Control(t, "kill", broken, func() error {
			r := whole()
			spoil(r)
			return errors.Join(inspect(r.tables, r.arrived, r.answered).errs()...)
		})
	}
}
