package captured

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/tollgate/billing/sandbox/fidelity/scope"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// medianBar is in percent. A resource far below the others is a skeleton: an object of Stripe's shape with little in it.
const medianBar = 60

// seen collects the values of each property of each kind.
type seen map[string]map[string]*values

// values remembers two different values that are not null, which is as many as are asked for.
type values struct{ first, second string }

func (v *values) add(value any) {
	text, err := json.Marshal(value)
	if err != nil || value == nil {
		return
	}
	switch {
	case v.first == "":
		v.first = string(text)
	case v.second == "" && v.first != string(text):
		v.second = string(text)
	}
}

// TestPropertiesHaveValues counts, by resource, the properties that were seen with two different values. A property is
// a key that Stripe always sends, or one that the sandbox sends, also inside of hashes; those that can have only one
// value here, the kind and livemode, are left out.
func TestPropertiesHaveValues(t *testing.T) {
	t.Parallel()
	rows := reap(t).seen.rows(strictSchemas(t), scope.Kinds())
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "properties seen with two different values\tof\tshare\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d of %d\t%d %%\t\n", r.kind, r.varied, r.all, r.share)
		t.Logf("%s, %d %%, without two values: %s", r.kind, r.share, strings.Join(r.without, " "))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	table.Attach(t, "coverage", b.String())
	if err := skeletons(rows); err != nil {
		t.Error(err)
	}
	table.Report(t, "coverage", fmt.Sprintf("%d %% of %d resources; least: %s", median(rows), len(rows), least(rows)))
}

// object takes in the resource and every resource that is embedded or expanded in it.
func (s seen) object(o map[string]any) {
	kind, _ := o["object"].(string)
	if kind == "" || o["deleted"] == true {
		return
	}
	if s[kind] == nil {
		s[kind] = map[string]*values{}
	}
	s.hash(kind, "", o)
}

func (s seen) hash(kind, path string, o map[string]any) {
	for key, value := range o {
		if key == "object" || key == "livemode" {
			continue
		}
		at := path + key
		if s[kind][at] == nil {
			s[kind][at] = &values{}
		}
		s[kind][at].add(plain(value))
		if key != "metadata" && kind != "event" {
			s.inside(kind, at, value)
		}
	}
}

func (s seen) inside(kind, at string, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			s.inside(kind, at+"[]", item)
		}
	case map[string]any:
		switch embedded, _ := v["object"].(string); embedded {
		case "":
			s.hash(kind, at+".", v)
		case "list", "search_result":
			s.inside(kind, at, v["data"])
		default:
			s.object(v)
		}
	}
}

// plain takes an expanded resource for its id, so that expanding one does not count as a second value.
func plain(value any) any {
	if o, ok := value.(map[string]any); ok && o["object"] != nil && o["id"] != nil {
		return o["id"]
	}
	return value
}

type row struct {
	kind        string
	varied, all int
	share       int // percent
	without     []string
}

// rows counts, thinnest resource first.
func (s seen) rows(schemas openapi3.Schemas, kinds []string) []row {
	var rows []row
	for _, kind := range kinds {
		r := row{kind: kind}
		for _, name := range properties(schemas[kind].Value, s[kind]) {
			r.all++
			if v := s[kind][name]; v != nil && v.second != "" {
				r.varied++
			} else {
				r.without = append(r.without, name)
			}
		}
		r.share = 100 * r.varied / max(r.all, 1)
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return a.share - b.share })
	return rows
}

func median(rows []row) int { return rows[len(rows)/2].share }

func least(rows []row) string {
	var out []string
	for _, r := range rows[:min(3, len(rows))] {
		out = append(out, fmt.Sprintf("%s %d %%", r.kind, r.share))
	}
	return strings.Join(out, ", ")
}

func skeletons(rows []row) error {
	if got := median(rows); got < medianBar {
		return fmt.Errorf("the median share of properties with two values is %d %%, and the bar %d %%", got, medianBar)
	}
	return nil
}

func properties(schema *openapi3.Schema, sent map[string]*values) []string {
	names := map[string]bool{}
	for name, p := range schema.Properties {
		if p.Value.Nullable || slices.Contains(schema.Required, name) {
			names[name] = true
		}
	}
	for name := range sent {
		names[name] = true
	}
	delete(names, "object")
	delete(names, "livemode")
	return sorted(names)
}

// TestNullsShow is the control: the same resource with everything null but what must not be.
func TestNullsShow(t *testing.T) {
	t.Parallel()
	table.Control(t, "coverage", "all products alike, with null wherever null may be", func() error {
		schemas, all := strictSchemas(t), seen{}
		for range 2 {
			all.object(product())
		}
		return skeletons(all.rows(schemas, []string{"product"}))
	})
}
