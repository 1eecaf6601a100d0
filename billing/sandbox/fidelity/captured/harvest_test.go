package captured

import (
	"strings"
	"sync"
	"testing"
)

// harvest is what one reading of all captures gives to the judges: there are many, and decoding them takes longest.
type harvest struct {
	once    sync.Once
	objects int
	wrong   int            // objects that are not of their schema
	kinds   map[string]int // how many of each kind
	// problems counts what is wrong, with what caused the object.
	problems   map[string]int
	seen       seen
	candidates map[string]map[string]candidate
}

var shared harvest

// reap reads the captures for the first who asks.
func reap(t *testing.T) *harvest {
	t.Helper()
	schemas := strictSchemas(t)
	shared.once.Do(func() {
		h := &shared
		h.kinds, h.problems, h.seen = map[string]int{}, map[string]int{}, seen{}
		h.candidates = map[string]map[string]candidate{}
		each(t, func(c capture) {
			for _, object := range parts(c.Object) {
				kind, _ := object["object"].(string)
				h.kinds[kind]++
				h.objects++
				found := verdict(schemas, object)
				if len(found) > 0 {
					h.wrong++
				}
				for _, problem := range found {
					h.problems[kind+": "+problem+" (after "+c.Cause+")"]++
				}
				h.seen.object(object)
				h.consider(object)
			}
			for _, list := range lists(c.Object) {
				h.consider(list)
			}
		})
	})
	return &shared
}

// consider keeps the first object of those that show the same.
func (h *harvest) consider(object map[string]any) {
	name := nameOf(object)
	if h.candidates[name] == nil {
		h.candidates[name] = map[string]candidate{}
	}
	shown := sorted(features(object))
	print := strings.Join(shown, "\n")
	if _, seen := h.candidates[name][print]; !seen {
		h.candidates[name][print] = candidate{state{name, object}, shown}
	}
}
