package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rowsOf reads ids in the order of seq.
func rowsOf(t *testing.T, tx *Tx, query string, args ...any) (ids []string) {
	t.Helper()
	rows, err := tx.sql.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// Whatever asks the tables finds them as if every change had gone there at once, and in the order of the changes.
func TestStatementsSeeWhatWaits(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	old := insertCustomer(t, s, "Old")
	mustDo(t, s, func(tx *Tx) error {
		var made []string
		for _, name := range []string{"A", "B", "C"} {
			c := tx.Skeleton("customer")
			c["name"] = name
			made = append(made, c.ID())
			if err := tx.Insert(c, "customer.created"); err != nil {
				return err
			}
		}
		rename := func(c Object) error { c["name"] = "Z" + c.Str("name"); return nil }
		for _, id := range []string{made[1], old, made[1]} {
			if _, err := tx.Update("customer", id, rename, "customer.updated"); err != nil {
				return err
			}
		}
		found, err := tx.Find("customer", Query{Where: map[string]string{"name": "ZZB"}})
		if err != nil || len(found) != 1 || found[0].ID() != made[1] {
			t.Errorf("the customer who was renamed twice is not found: %v %v", found, err)
		}
		if err := tx.Delete("customer", made[2], "customer.deleted"); err != nil {
			return err
		}
		if _, err := tx.Update("customer", made[0], rename); err != nil {
			return err
		}
		want := []string{old, made[0], made[1]}
		got := rowsOf(t, tx, `SELECT id FROM objects WHERE object = 'customer' AND deleted = 0 ORDER BY seq`)
		if !slices.Equal(got, want) {
			t.Errorf("customers %v, want %v", got, want)
		}
		wantTypes := []string{
			"customer.created", "customer.created", "customer.created", "customer.updated", "customer.updated",
			"customer.updated", "customer.deleted",
		}
		if got := rowsOf(t, tx, `SELECT type FROM events ORDER BY seq`); !slices.Equal(got, wantTypes) {
			t.Errorf("events %v", got)
		}
		wantShown := []string{"A", "B", "C", "ZB", "ZOld", "ZZB", "C"} // Each as it was at its own moment.
		got = rowsOf(t, tx, `SELECT json_extract(data, '$.data.object.name') FROM events ORDER BY seq`)
		if !slices.Equal(got, wantShown) {
			t.Errorf("events show %v", got)
		}
		return nil
	})
}

// An object that changes often is one row, and one that a refusal takes back is none.
func TestOneRowForManyChanges(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	failed := errors.New("no")
	var id string
	change := func(tx *Tx) error {
		c := tx.Skeleton("customer")
		id = c.ID()
		if err := tx.Insert(c, "customer.created"); err != nil {
			return err
		}
		for range 5 {
			if _, err := tx.Update("customer", id, func(c Object) error {
				c["balance"] = c.Int("balance") + 1
				return nil
			}); err != nil {
				return err
			}
		}
		if len(tx.sql.rows) != 1 || len(tx.sql.events) != 1 {
			t.Errorf("%d rows and %d events wait", len(tx.sql.rows), len(tx.sql.events))
		}
		if err := tx.Insert(c); err == nil {
			t.Error("a second object took the id of one that waits")
		}
		return nil
	}
	err := s.Do(context.Background(), func(tx *Tx) error { return errors.Join(change(tx), failed) })
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if err := s.View(context.Background(), change); err != nil {
		t.Fatal(err)
	}
	none := func(tx *Tx) error {
		left := rowsOf(t, tx, `SELECT id FROM objects WHERE object = 'customer' UNION ALL SELECT id FROM events`)
		if len(left) > 0 {
			t.Errorf("what was taken back left %v", left)
		}
		return nil
	}
	mustDo(t, s, none)
	mustDo(t, s, change)
	wantStored(t, s, id, Object{"balance": int64(5)})
}

// Only the write-behind goes past itself to the tables in which something may wait.
func TestNobodyReadsPastWhatWaits(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	past := regexp.MustCompile("(?s)sql\\.direct\\.\\w+\\(\\s*`[^`]*\\b(objects|events)\\b")
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") && past.Match(source) {
			t.Errorf("%s reads or writes objects or events by sql.direct", name)
		}
	}
}
