package sandbox_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

func TestChaosLosesNothing(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r), func(o *sandbox.Options) { o.Seed = 3 })
	if err := s.SetMode(context.Background(), sandbox.Chaos); err != nil {
		t.Fatal(err)
	}
	const n = 30
	want := map[string]bool{}
	for range n {
		want[customer(t, s, "x").ID] = true
	}
	s.MustIdle()
	got := map[string]bool{}
	var order []string
	for _, e := range r.Events() {
		got[e.GetObjectValue("id")] = true
		order = append(order, e.GetObjectValue("id"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(order) == n {
		t.Error("nothing arrived twice")
	}
	if slices.IsSorted(order) {
		t.Error("everything arrived in order")
	}
}

// The field mode puts what one request emits into the order that real Stripe was seen to use.
func TestFieldMode(t *testing.T) {
	t.Parallel()
	r := sandboxtest.NewReceiver(t)
	s := sandboxtest.New(t, sandboxtest.Forward(r))
	subscribed(t, s)
	s.MustIdle()
	before := len(r.Types())
	if err := s.SetMode(context.Background(), sandbox.Field); err != nil {
		t.Fatal(err)
	}
	err := s.Do(context.Background(), func(tx *sandbox.Tx) error {
		for _, typ := range []string{"payment_intent.created", "invoice.paid", "charge.succeeded", "invoice.created"} {
			kind, _, _ := strings.Cut(typ, ".")
			found, err := tx.Find(kind, sandbox.Query{Limit: 1})
			if err != nil {
				return err
			}
			if err := tx.Emit(typ, found[0], nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.MustIdle()
	want := []string{"charge.succeeded", "payment_intent.created", "invoice.created", "invoice.paid"}
	if diff := cmp.Diff(want, r.Types()[before:]); diff != "" {
		t.Error(diff)
	}
}
