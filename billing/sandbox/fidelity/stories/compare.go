package stories

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Difference is one thing in which two tellings of a story differ.
type Difference struct {
	// Where is the operation and the path in its answer, such as "POST /v1/subscriptions: items.data[].price.id".
	Where string
	// One and Other are what stands there: a value, or that there is none.
	One, Other string
}

// String tells the difference in one line.
func (d Difference) String() string { return fmt.Sprintf("%s: %s, but %s", d.Where, d.One, d.Other) }

const absent = "nothing"

// Differences compares two tellings of one story: the requests, and of the answers the status, the shape, the amounts
// and the texts. Ids, secrets, addresses and times that cannot be the same are taken for the same; times on the
// stories' own test clocks are compared. Each place is named once.
func Differences(one, other []Exchange) []Difference {
	one, other = withoutPolls(one), withoutPolls(other)
	c := &comparison{seen: map[string]bool{}, plain: newPlainer()}
	for i := range min(len(one), len(other)) {
		a, b := one[i], other[i]
		where := a.Method + " " + c.plain.text(a.Path)
		if theirs := b.Method + " " + c.plain.text(b.Path); theirs != where {
			c.differ("request", where, theirs)
			return c.found // From here on nothing fits together.
		}
		c.values(where+" (sent)", sent(a.Form), sent(b.Form))
		c.values(where+" (status)", a.Status, b.Status)
		c.values(where, a.Answer, b.Answer)
	}
	c.values("requests", len(one), len(other))
	return c.found
}

type comparison struct {
	plain plainer
	found []Difference
	seen  map[string]bool
}

func (c *comparison) differ(where, one, other string) {
	if !c.seen[where] {
		c.seen[where] = true
		c.found = append(c.found, Difference{where, one, other})
	}
}

func (c *comparison) values(where string, one, other any) {
	switch a := one.(type) {
	case map[string]any:
		if b, ok := other.(map[string]any); ok {
			c.hashes(where, a, b)
			return
		}
	case []any:
		if b, ok := other.([]any); ok {
			c.lists(where, a, b)
			return
		}
	}
	if a, b := c.plain.value(where, one), c.plain.value(where, other); a != b {
		c.differ(where, a, b)
	}
}

func (c *comparison) hashes(where string, one, other map[string]any) {
	keys := slices.Collect(maps.Keys(one))
	for key := range other {
		if _, both := one[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		at := join(where, key)
		if strings.HasSuffix(at, "previous_attributes.updated") {
			continue // It is there if a second passed in between.
		}
		a, inOne := one[key]
		b, inOther := other[key]
		switch {
		case !inOne:
			c.differ(at, absent, c.plain.value(at, b))
		case !inOther:
			c.differ(at, c.plain.value(at, a), absent)
		default:
			c.values(at, a, b)
		}
	}
}

func (c *comparison) lists(where string, one, other []any) {
	c.values(where+" (length)", len(one), len(other))
	for i := range min(len(one), len(other)) {
		c.values(where+"[]", one[i], other[i])
	}
}

func join(where, key string) string {
	if strings.Contains(where, ": ") {
		return where + "." + key
	}
	return where + ": " + key
}

// withoutPolls keeps the last of several reads of the same thing in a row: how often a client has to ask is chance.
func withoutPolls(told []Exchange) []Exchange {
	var out []Exchange
	for _, e := range told {
		if n := len(out); n > 0 && e.Method == "GET" && out[n-1].Method == "GET" && out[n-1].Path == e.Path &&
			out[n-1].Form.Encode() == e.Form.Encode() {
			out[n-1] = e
			continue
		}
		out = append(out, e)
	}
	return out
}

// sent writes a form so that the same number is the same text.
func sent(form url.Values) map[string]any {
	out := map[string]any{}
	for key, values := range form {
		for _, value := range values {
			out[key] = value
			if n, err := strconv.ParseFloat(value, 64); err == nil {
				out[key] = json.Number(strconv.FormatFloat(n, 'f', -1, 64)) // stripe-go sends 25.0000 for 25.
			}
		}
	}
	return out
}
