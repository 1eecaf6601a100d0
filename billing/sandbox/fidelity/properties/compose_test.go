package properties

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// timeComposes is the property that waiting twice is waiting once: the same things happen, in the same order and with
// the same content, however a span of time is cut. The same is done in two sandboxes; one then moves its clock in
// pieces, the other in one jump, and at last both jump once more, which shows what was still due.
func timeComposes(t *rapid.T, pieces, jump *lab.Lab) error {
	s := drawSetting(t, false)
	script := []op{{
		Kind: "subscribe", A: number(t, "a", 0, 99), B: number(t, "b", 0, 99), C: number(t, "c", 0, 99),
	}}
	waits := []time.Duration{0}
	for range number(t, "ops", 0, 6) {
		script = append(script, drawOp(t))
		waits = append(waits, min(drawWait(t), 9*24*time.Hour))
	}
	span, cuts := drawCuts(t)
	var told [2][]lab.Object
	for i, l := range []*lab.Lab{pieces, jump} {
		w, err := found(l, s)
		if err != nil {
			return err
		}
		for i, o := range script {
			if err := errors.Join(w.Advance(waits[i]), w.do(o)); err != nil {
				return err
			}
		}
		begin := w.Now()
		if i == 0 {
			for _, cut := range cuts {
				if err := w.AdvanceTo(begin + cut); err != nil {
					return err
				}
			}
		}
		if err := w.AdvanceTo(begin + span); err != nil {
			return err
		}
		if err := w.Advance(33 * 24 * time.Hour); err != nil {
			return err
		}
		if told[i], err = w.history(); err != nil {
			return err
		}
	}
	return sameHistory(told[0], told[1])
}

// drawCuts draws a span of up to three months, in seconds, and moments within it, in their order.
func drawCuts(t *rapid.T) (int64, []int64) {
	const day = 86_400
	span := pick(t, "span", 31*day, 35*day, number(t, "any span", 1, 95*day))
	var cuts []int64
	at := int64(0)
	for range number(t, "cuts", 1, 8) {
		if at += pick(t, "cut", 1, 3600, 3599, day, 7*day, number(t, "any cut", 1, 40*day)); at >= span {
			break
		}
		cuts = append(cuts, at)
	}
	return span, cuts
}

// history is all that happened, all that is there, and all that is still due.
func (w *world) history() ([]lab.Object, error) {
	rows, err := w.Rows("events", "objects", "agenda")
	for _, row := range rows {
		delete(row.Obj("data"), "request")
	}
	return rows, err
}

// twins are the ids of one sandbox by those of the other.
type twins map[string]string

func sameHistory(a, b []lab.Object) error {
	pairs := twins{}
	for i := range min(len(a), len(b)) {
		if at := pairs.differ(a[i], b[i]); at != "" {
			return fmt.Errorf("entry %d, %s, is not the same at %s", i, a[i].Str("type")+a[i].Str("kind")+a[i].Str("object"), at)
		}
	}
	if len(a) != len(b) {
		longer := a
		if len(b) > len(a) {
			longer = b
		}
		return fmt.Errorf("%d entries in pieces, %d at once; the first beyond: %v", len(a), len(b),
			longer[min(len(a), len(b))])
	}
	return nil
}

// differ returns where two answers say different things, and "" if they say the same. Ids may differ, but always in
// the same way.
func (t twins) differ(a, b any) string {
	switch a := a.(type) {
	case lab.Object:
		o, _ := b.(lab.Object)
		return t.differ(map[string]any(a), map[string]any(o))
	case map[string]any:
		o, ok := b.(map[string]any)
		if !ok || len(a) != len(o) {
			return fmt.Sprintf(": %v and %v", a, b)
		}
		for key, value := range a {
			if at := t.differ(value, o[key]); at != "" {
				return "." + key + at
			}
		}
		return ""
	case []any:
		items, ok := b.([]any)
		if !ok || len(a) != len(items) {
			return fmt.Sprintf(": %v and %v", a, b)
		}
		for i, value := range a {
			if at := t.differ(value, items[i]); at != "" {
				return "." + strconv.Itoa(i) + at
			}
		}
		return ""
	case string:
		if other, ok := b.(string); ok && (a == other || t.pair(a, other)) {
			return ""
		}
	default:
		if a == b {
			return ""
		}
	}
	return fmt.Sprintf(": %v and %v", a, b)
}

// pair notes that two texts mean the same if they look random, and reports whether they always did.
func (t twins) pair(a, b string) bool {
	if len(a) != len(b) || !looksRandom(a) {
		return false
	}
	known, ok := t[a]
	if !ok {
		t[a] = b
	}
	return !ok || known == b
}

// looksRandom tells an id, a secret, or the number that a card network gives a payment, which has 15 digits, from words
// and amounts.
func looksRandom(text string) bool {
	if !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsDigit(c) }) {
		return len(text) == 15
	}
	return len(text) >= 8 && !strings.ContainsAny(text, " @") && strings.ContainsFunc(text, unicode.IsLetter) &&
		strings.ContainsFunc(text, func(c rune) bool { return unicode.IsUpper(c) || unicode.IsDigit(c) })
}
