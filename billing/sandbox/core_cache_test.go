package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// quiet is a sandbox without a listener, for tests of what is below the wire.
func quiet(t *testing.T) *Sandbox {
	t.Helper()
	s, err := New(Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustDo(t *testing.T, s *Sandbox, fn func(tx *Tx) error) {
	t.Helper()
	if err := s.Do(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func insertCustomer(t *testing.T, s *Sandbox, name string) string {
	t.Helper()
	var id string
	mustDo(t, s, func(tx *Tx) error {
		c := tx.Skeleton("customer")
		address := emptyAddress()
		address["city"] = "Riga"
		id, c["name"], c["address"] = c.ID(), name, address
		err := tx.Insert(c)
		c["name"], c["address"].(Object)["city"] = "changed afterwards", "changed afterwards"
		return err
	})
	return id
}

// wantStored compares what a transaction sees with what the table holds.
func wantStored(t *testing.T, s *Sandbox, id string, want Object) {
	t.Helper()
	mustDo(t, s, func(tx *Tx) error {
		seen, err := tx.load(id)
		if err != nil {
			return err
		}
		held, err := tx.read(id)
		if diff := cmp.Diff(held, seen); diff != "" {
			t.Errorf("a transaction sees something else than the table holds: %s", diff)
		}
		for key, value := range want {
			if diff := cmp.Diff(value, seen[key]); diff != "" {
				t.Errorf("%s: %s", key, diff)
			}
		}
		return err
	})
}

// What is stored shares nothing with what a handler made it from, and a change that fails leaves nothing behind.
func TestOnlyUpdateChangesAnObject(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	id := insertCustomer(t, s, "Ada")
	mine := Object{"city": "Oslo"}
	mustDo(t, s, func(tx *Tx) error {
		_, err := tx.Update("customer", id, func(c Object) error {
			c["address"], c["phone"] = mine, "1"
			return nil
		}, "customer.updated")
		return err
	})
	mine["city"] = "spoilt"
	failed := errors.New("no")
	err := s.Do(context.Background(), func(tx *Tx) error {
		_, err := tx.Update("customer", id, func(c Object) error {
			c["name"] = "spoilt"
			c.Set("address.city", "spoilt")
			return failed
		})
		return err
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	wantStored(t, s, id, Object{"name": "Ada", "phone": "1", "address": Object{"city": "Oslo"}})
}

// Whoever changes an object that was only lent is told on, however deep the change and however it was lent.
func TestChangesToLentObjectsAreJudged(t *testing.T) {
	t.Parallel()
	var judged []string
	s, err := New(Options{Now: time.Now, Judge: func(problem string) { judged = append(judged, problem) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for name, borrow := range map[string]func(tx *Tx, id string) (Object, error){
		"load": func(tx *Tx, id string) (Object, error) { return tx.load(id) },
		"Get":  func(tx *Tx, id string) (Object, error) { return tx.Get("customer", id) },
		"Ref":  func(tx *Tx, id string) (Object, error) { return tx.Ref("customer", id, "customer") },
		"Update": func(tx *Tx, id string) (Object, error) {
			return tx.Update("customer", id, func(c Object) error { c["phone"] = "1"; return nil })
		},
	} {
		id := insertCustomer(t, s, "Ada")
		judged = nil
		mustDo(t, s, func(tx *Tx) error {
			o, err := borrow(tx, id)
			if err == nil {
				o.Set("address.city", "spoilt")
			}
			return err
		})
		if want := "a customer was only lent, but its address changed"; len(judged) != 1 || judged[0] != want {
			t.Errorf("%s: %q, want %q", name, judged, want)
		}
	}
}

// What is kept of a changed object equals a copy of it, whatever was changed.
func TestKeepIsACopy(t *testing.T) {
	t.Parallel()
	old := func() Object {
		return Object{"a": int64(1), "b": Object{"c": []any{Object{"d": nil}}, "e": "x"}, "n": nil, "f": json.Number("0.5")}
	}
	for i, change := range []func(Object){
		func(Object) {},
		func(o Object) { o["a"] = 1 },
		func(o Object) { o["a"] = "1" },
		func(o Object) { delete(o, "a") },
		func(o Object) { delete(o, "a"); o["z"] = nil },
		func(o Object) { o["b"] = nil },
		func(o Object) { o["b"] = Object(nil) },
		func(o Object) { o["b"] = map[string]string{"k": "v"} },
		func(o Object) { o["b"] = []string{"k"} },
		func(o Object) { o["n"] = []Object{{"k": int64(1)}} },
		func(o Object) { o["n"] = Params{"k": "v"} },
		func(o Object) { o.Set("b.c", []any{}) },
		func(o Object) { o.Set("b.c.0.d", true) },
		func(o Object) { o.Set("b.e", map[string]any{"x": 1}) },
		func(o Object) { o["f"] = json.Number("2") },
	} {
		before, changed := old(), old()
		change(changed)
		want := changed.Clone()
		value, differs := keep(before, changed)
		kept := asObject(value)
		if differs == same(before, want) {
			t.Errorf("change %d: differs is %v", i, differs)
		}
		if diff := cmp.Diff(want, kept); diff != "" {
			t.Errorf("change %d: %s", i, diff)
		}
		changed.Set("b.c.0.d", "spoilt")
		changed.Set("n.0.k", "spoilt")
		if diff := cmp.Diff(want, kept); diff != "" {
			t.Errorf("change %d shares memory: %s", i, diff)
		}
		if diff := cmp.Diff(old(), before); diff != "" {
			t.Errorf("change %d changed the old one: %s", i, diff)
		}
	}
}

// What a transaction wrote is seen within it at once, and elsewhere only once it has committed.
func TestWhatIsTakenBackIsForgotten(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	id := insertCustomer(t, s, "Ada")
	rename := func(tx *Tx) error {
		_, err := tx.Update("customer", id, func(c Object) error { c["name"] = "Eve"; return nil })
		if err != nil {
			return err
		}
		c, err := tx.Get("customer", id)
		if c.Str("name") != "Eve" {
			t.Errorf("within the transaction the name is %s", c.Str("name"))
		}
		return err
	}
	failed := errors.New("no")
	err := s.Do(context.Background(), func(tx *Tx) error { return errors.Join(rename(tx), failed) })
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	wantStored(t, s, id, Object{"name": "Ada"})
	if err := s.View(context.Background(), rename); err != nil {
		t.Fatal(err)
	}
	wantStored(t, s, id, Object{"name": "Ada"})
	mustDo(t, s, func(tx *Tx) error {
		if _, err := tx.sql.Exec(`SAVEPOINT handler`); err != nil {
			return err
		}
		if err := rename(tx); err != nil {
			return err
		}
		_, err := tx.sql.Exec(`ROLLBACK TO handler`)
		tx.undo()
		return err
	})
	wantStored(t, s, id, Object{"name": "Ada"})
	mustDo(t, s, rename)
	wantStored(t, s, id, Object{"name": "Eve"})
	mustDo(t, s, func(tx *Tx) error { return tx.Delete("customer", id) })
	wantStored(t, s, id, Object{"deleted": true})
	if err := s.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustDo(t, s, func(tx *Tx) error {
		if o, err := tx.load(id); o != nil || err != nil {
			t.Errorf("after the reset there is %v, %v", o, err)
		}
		return nil
	})
}

// A refused request leaves no trace in what later ones see.
func TestRefusedRequestLeavesTheCacheTrue(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	api := func(path, form string) (int, string) {
		req := httptest.NewRequest(http.MethodPost, s.URL()+path, strings.NewReader(form))
		req.Header.Set("Authorization", "Bearer "+s.SecretKey())
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, req)
		o, err := decodeObject(rec.Body.String())
		if err != nil {
			t.Fatal(err)
		}
		return rec.Code, o.ID()
	}
	_, customer := api("/v1/customers", "payment_method=pm_card_chargeCustomerFail&"+
		"invoice_settings[default_payment_method]=pm_card_chargeCustomerFail")
	_, price := api("/v1/prices", "currency=usd&unit_amount=500&recurring[interval]=month&product_data[name]=A")
	status, _ := api("/v1/subscriptions", "customer="+customer+"&items[0][price]="+price+
		"&payment_behavior=error_if_incomplete")
	if status != http.StatusPaymentRequired {
		t.Fatalf("status %d", status)
	}
	mustDo(t, s, func(tx *Tx) error {
		for _, generation := range []map[string]Object{s.cache.young, s.cache.old} {
			for id, cached := range generation {
				held, err := tx.read(id)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(held, cached); diff != "" {
					t.Errorf("%s is not cached as it is: %s", id, diff)
				}
			}
		}
		return nil
	})
	wantStored(t, s, customer, Object{"next_invoice_sequence": int64(1)})
}

// A statement that changes the table of objects behind the cache's back says so by bypass.
func TestNobodyWritesObjectsBehindTheCache(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	writes := regexp.MustCompile(`(?i)(UPDATE|INTO|DELETE FROM)\s+objects\b`)
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		exempt := name == "write_behind.go" || strings.HasSuffix(name, "_test.go")
		if !exempt && writes.Match(source) && !strings.Contains(string(source), "tx.bypass()") {
			t.Errorf("%s writes objects without tx.bypass", name)
		}
	}
}

// What is looked for by customer or by subscription is found by an index, however many others there are.
func TestFindUsesTheIndexes(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	for index, q := range map[string]Query{
		"objects_customer":     {Customer: "cus_1"},
		"objects_subscription": {Subscription: "sub_1"},
	} {
		where, args := q.conditions("invoice")
		plan := ""
		mustDo(t, s, func(tx *Tx) error {
			rows, err := tx.sql.Query(`EXPLAIN QUERY PLAN SELECT data FROM objects WHERE `+where+` ORDER BY seq DESC`, args...)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var id, parent, unused int
				var step string
				if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
					return err
				}
				plan += step + "\n"
			}
			return rows.Err()
		})
		if !strings.Contains(plan, index) || strings.Contains(plan, "SCAN") {
			t.Errorf("%v is looked for by: %s", q, plan)
		}
	}
}

// The cache stays small whatever passes through it.
func TestCacheForgets(t *testing.T) {
	t.Parallel()
	var c objectCache
	for i := range 10 * cacheSize {
		id := fmt.Sprint(i)
		c.put(id, Object{"id": id})
		if c.get("0") == nil || c.get(id) == nil {
			t.Fatalf("after %d objects, one that was just asked for is gone", i)
		}
		if n := len(c.young) + len(c.old); n > 2*cacheSize {
			t.Fatalf("%d objects are held", n)
		}
	}
	if c.get("1") != nil {
		t.Error("an object that nobody asked for is still held")
	}
}
