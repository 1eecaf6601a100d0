package captured

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// TestEveryCaptureIsStripes holds every captured answer and event against the schema of its kind in Stripe's document,
// in which no additional key is allowed.
func TestEveryCaptureIsStripes(t *testing.T) {
	t.Parallel()
	h := reap(t)
	if len(h.kinds) < 20 {
		t.Errorf("only %d kinds of objects were captured", len(h.kinds))
	}
	t.Logf("judged %v", h.kinds)
	for _, problem := range sorted(h.problems) {
		t.Errorf("%d times: %s", h.problems[problem], problem)
	}
	table.Report(t, "openapi",
		fmt.Sprintf("%d objects of %d kinds, %s valid", h.objects, len(h.kinds), percent(h.objects-h.wrong, h.objects)))
}

// percent rounds down, so that 100 % means all.
func percent(part, all int) string {
	if all == 0 {
		return "0 %"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(1000*part/all)/10), ".0") + " %"
}

// TestTheSchemasSee breaks one thing of a good object, each in its own way.
func TestTheSchemasSee(t *testing.T) {
	t.Parallel()
	schemas := strictSchemas(t)
	for name, spoil := range map[string]func(map[string]any){
		"key misspelt":                func(o map[string]any) { o["nmae"] = "x" },
		"key left out":                func(o map[string]any) { delete(o, "active") },
		"number sent as text":         func(o map[string]any) { o["created"] = "1" },
		"fraction":                    func(o map[string]any) { o["created"] = 1.5 },
		"null where there is no null": func(o map[string]any) { o["name"] = nil },
		"text inside of a hash":       func(o map[string]any) { o["package_dimensions"] = map[string]any{"height": "tall"} },
	} {
		table.Control(t, "openapi", "a product's "+name, func() error {
			o := product()
			if found := verdict(schemas, o); len(found) > 0 {
				t.Fatalf("the good object: %v", found)
			}
			spoil(o)
			return joined(verdict(schemas, o))
		})
	}
}

func product() map[string]any {
	return map[string]any{
		"id": "prod_1", "object": "product", "active": true, "created": 1.0, "livemode": false, "name": "P",
		"images": []any{}, "marketing_features": []any{}, "metadata": map[string]any{}, "updated": 1.0,
		"type": "service", "attributes": []any{},
	}
}

func joined(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

func verdict(schemas openapi3.Schemas, object map[string]any) []string {
	kind, _ := object["object"].(string)
	name := kind
	if object["deleted"] == true {
		name = "deleted_" + kind
	}
	schema := schemas[name]
	if schema == nil {
		return []string{"there is no schema " + name}
	}
	err := schema.Value.VisitJSON(object, openapi3.MultiErrors())
	if err == nil {
		return nil
	}
	var out []string
	for _, line := range strings.Split(err.Error(), " | ") {
		out = append(out, firstLine(line))
	}
	return out
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return fmt.Sprintf("%.300s", line)
}
