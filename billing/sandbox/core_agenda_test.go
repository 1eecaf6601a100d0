package sandbox

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fakeWall is a wall clock that stands still until it is moved.
type fakeWall struct{ at time.Time }

func (w *fakeWall) now() time.Time { return w.at }

func engine(t interface {
	Fatalf(string, ...any)
	Cleanup(func())
}, wall *fakeWall, steps map[string]agendaStep,
) *Sandbox {
	s, err := New(Options{Now: wall.now, CaptureDir: os.Getenv(CapturesEnv), CaptureName: "engine"})
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.steps = steps
	return s
}

func schedule(t *testing.T, s *Sandbox, at int64, kind, id string) {
	t.Helper()
	if err := s.Do(context.Background(), func(tx *Tx) error { return tx.Schedule(at, kind, id) }); err != nil {
		t.Fatal(err)
	}
}

func TestStepsRunInOrderAtTheirOwnTime(t *testing.T) {
	t.Parallel()
	wall := &fakeWall{at: time.Unix(1_800_000_000, 0)}
	var ran []string
	s := engine(t, wall, map[string]agendaStep{
		"note": func(tx *Tx, id string) error {
			ran = append(ran, id+"@"+strconv.FormatInt(tx.Now()-1_800_000_000, 10))
			if id == "first" {
				return tx.Schedule(tx.Now()+5, "note", "born") // What a step schedules may come due in the same jump.
			}
			return nil
		},
	})
	schedule(t, s, 1_800_000_020, "note", "second")
	schedule(t, s, 1_800_000_010, "note", "first")
	schedule(t, s, 1_800_000_100, "note", "later")
	schedule(t, s, 1_800_000_030, "note", "moved")
	schedule(t, s, 1_800_000_012, "note", "moved")
	if err := s.Advance(context.Background(), 30*time.Second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first@10", "moved@12", "born@15", "second@20"}, ran); diff != "" {
		t.Error(diff)
	}
	if got := s.Now().Unix(); got != 1_800_000_030 {
		t.Errorf("the clock stands at %d", got)
	}
	if err := s.Do(context.Background(), func(tx *Tx) error { return tx.Schedule(1, "unknown", "x") }); err == nil {
		t.Error("an unknown step was scheduled")
	}
	wall.at = wall.at.Add(time.Hour) // Time also passes by itself.
	if err := s.Idle(context.Background()); err != nil {
		t.Fatal(err)
	}
	if ran[len(ran)-1] != "later@100" {
		t.Errorf("ran %v", ran)
	}
}

// A step that fails leaves nothing behind, is tried again, and does not hold up the others.
func TestFailingStep(t *testing.T) {
	t.Parallel()
	wall := &fakeWall{at: time.Unix(1_800_000_000, 0)}
	tries, others := 0, 0
	broken := errors.New("broken")
	s := engine(t, wall, map[string]agendaStep{
		"fail": func(tx *Tx, _ string) error {
			tries++
			if err := tx.Insert(tx.Skeleton("customer"), "customer.created"); err != nil {
				return err
			}
			return broken
		},
		"other": func(*Tx, string) error { others++; return nil },
	})
	schedule(t, s, 1_800_000_001, "fail", "x")
	schedule(t, s, 1_800_000_002, "other", "x")
	if err := s.Advance(context.Background(), time.Hour); !errors.Is(err, broken) {
		t.Errorf("the failure was hidden: %v", err)
	}
	if tries != maxStepTries || others != 1 {
		t.Errorf("%d tries, %d others", tries, others)
	}
	err := s.View(context.Background(), func(tx *Tx) error {
		left, err := tx.Find("customer", Query{})
		if len(left) != 0 {
			t.Errorf("%d customers left behind", len(left))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Jumping in two steps is the same as jumping in one.
func TestAdvanceComposes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(0, 100_000).Draw(t, "first")
		second := rapid.Int64Range(0, 100_000).Draw(t, "second")
		period := rapid.Int64Range(700, 9_000).Draw(t, "period")
		run := func(jumps ...int64) []int64 {
			var ran []int64
			s := engine(t, &fakeWall{at: time.Unix(1_800_000_000, 0)}, map[string]agendaStep{
				"beat": func(tx *Tx, id string) error {
					ran = append(ran, tx.Now())
					return tx.Schedule(tx.Now()+period, "beat", id)
				},
			})
			err := s.Do(context.Background(), func(tx *Tx) error { return tx.Schedule(tx.Now()+period, "beat", "x") })
			if err != nil {
				t.Fatalf("%v", err)
			}
			for _, jump := range jumps {
				if err := s.Advance(context.Background(), time.Duration(jump)*time.Second); err != nil {
					t.Fatalf("%v", err)
				}
			}
			return append(ran, s.Now().Unix())
		}
		if diff := cmp.Diff(run(first+second), run(first, second)); diff != "" {
			t.Fatalf("%s", diff)
		}
	})
}
