package captured

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"testing"
)

// statesPerKind bounds how many states of one kind are written down.
const statesPerKind = 40

// state is an object that shows something which no other chosen object of its kind shows.
type state struct {
	name   string // the resource, the event's type, or the list's element
	object map[string]any
}

// candidate is a captured object with what it shows.
type candidate struct {
	state
	features []string
}

// states chooses, of every kind, objects that together show all that the captures show of it: which keys are null and
// which are not, at every depth, and every choice that tells states apart. Times and ids play no part, so the same
// tests give the same states.
func states(t *testing.T) []state {
	t.Helper()
	byKind := reap(t).candidates
	var out []state
	for _, name := range sorted(byKind) {
		out = append(out, choose(byKind[name])...)
	}
	return out
}

// choose takes, again and again, the object that shows most of what is not shown yet.
func choose(candidates map[string]candidate) []state {
	var left []candidate
	for _, print := range sorted(candidates) {
		c := candidates[print]
		c.features = slices.Clone(c.features) // They are struck off below.
		left = append(left, c)
	}
	var out []state
	for len(out) < statesPerKind && len(left) > 0 {
		best := 0
		for i, c := range left {
			if len(c.features) > len(left[best].features) {
				best = i
			}
		}
		out = append(out, left[best].state)
		shown := map[string]bool{}
		for _, feature := range left[best].features {
			shown[feature] = true
		}
		for i := range left {
			left[i].features = slices.DeleteFunc(left[i].features, func(f string) bool { return shown[f] })
		}
		left = slices.DeleteFunc(left, func(c candidate) bool { return len(c.features) == 0 })
	}
	return out
}

// features says of an object what tells its state from others.
func features(object map[string]any) map[string]int {
	out := map[string]int{}
	collect("", object, out)
	return out
}

func collect(path string, value any, out map[string]int) {
	switch v := value.(type) {
	case nil:
		out[path+" null"]++
	case map[string]any:
		kind, _ := v["object"].(string)
		out[path+" hash "+kind]++
		for key, inner := range v {
			if key != "metadata" { // Its keys are the tests' own.
				collect(path+"."+key, inner, out)
			}
		}
	case []any:
		out[path+" array "+strconv.FormatBool(len(v) > 0)]++
		for _, inner := range v {
			collect(path+"[]", inner, out)
		}
	case string:
		if choice(v) {
			out[path+" = "+v]++
			return
		}
		out[path+" text"]++
	case bool:
		out[path+" "+strconv.FormatBool(v)]++
	default:
		out[path+" number"]++
	}
}

// choice tells a word such as "past_due" from ids, names and addresses: those have digits, capitals or blanks.
func choice(text string) bool {
	for _, r := range text {
		if (r < 'a' || r > 'z') && r != '_' {
			return false
		}
	}
	return len(text) > 2
}

// lists returns the list itself, with one element: parts takes care of the others.
func lists(object map[string]any) []map[string]any {
	items, ok := object["data"].([]any)
	if !ok || len(items) == 0 {
		return nil
	}
	short := map[string]any{}
	for key, value := range object {
		short[key] = value
	}
	short["data"] = items[:1]
	return []map[string]any{short}
}

// nameOf tells kinds apart as their types are told apart.
func nameOf(object map[string]any) string {
	kind, _ := object["object"].(string)
	switch {
	case object["deleted"] == true:
		return "deleted " + kind
	case kind == "event":
		return fmt.Sprint("event ", object["type"])
	case kind == "list" || kind == "search_result":
		element, _ := object["data"].([]any)[0].(map[string]any)
		return kind + " " + nameOf(element)
	case kind == "invoice" && object["id"] == nil:
		return "upcoming invoice"
	}
	return kind
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	sort.Strings(out)
	return out
}
