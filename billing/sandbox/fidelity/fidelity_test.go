// Package fidelity judges what the sandbox sends by Stripe's own OpenAPI document. It is a module of its own, so that
// the document and the validator never enter the starter's go.mod.
//
// `go test ./...` here first runs the sandbox's tests with capturing on, and then holds every captured answer and
// every captured event against the schema of its kind, in which no additional key is allowed. With SANDBOX_CAPTURES
// set it judges the captures in that directory instead.
package fidelity

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stripe/stripe-mock/embedded"
)

const capturesEnv = "SANDBOX_CAPTURES"

// TestEveryCaptureIsStripes is the judge.
func TestEveryCaptureIsStripes(t *testing.T) {
	t.Parallel()
	schemas := strictSchemas(t)
	dir := os.Getenv(capturesEnv)
	if dir == "" {
		dir = capture(t)
	}
	kinds, problems := map[string]int{}, map[string]int{}
	for _, c := range read(t, dir) {
		for _, object := range judged(c.Object) {
			kind, _ := object["object"].(string)
			kinds[kind]++
			for _, problem := range verdict(schemas, object) {
				problems[kind+": "+problem+" (after "+c.Cause+")"]++
			}
		}
	}
	if len(kinds) < 5 {
		t.Fatalf("only %d kinds of objects were captured: %v", len(kinds), kinds)
	}
	t.Logf("judged %v", kinds)
	for _, problem := range sorted(problems) {
		t.Errorf("%d times: %s", problems[problem], problem)
	}
}

// TestTheJudgeSees is the negative control: one thing wrong with a good object, each in its own way.
func TestTheJudgeSees(t *testing.T) {
	t.Parallel()
	schemas := strictSchemas(t)
	good := func() map[string]any {
		return map[string]any{
			"id": "prod_1", "object": "product", "active": true, "created": 1.0, "livemode": false, "name": "P",
			"images": []any{}, "marketing_features": []any{}, "metadata": map[string]any{}, "updated": 1.0,
			"type": "service", "attributes": []any{},
		}
	}
	if got := verdict(schemas, good()); len(got) != 0 {
		t.Fatalf("the good object: %v", got)
	}
	for name, spoil := range map[string]func(map[string]any){
		"misspelt key": func(o map[string]any) { o["nmae"] = "x" },
		"missing key":  func(o map[string]any) { delete(o, "active") },
		"wrong type":   func(o map[string]any) { o["created"] = "1" },
		"fraction":     func(o map[string]any) { o["created"] = 1.5 },
		"null":         func(o map[string]any) { o["name"] = nil },
		"wrong nested": func(o map[string]any) { o["package_dimensions"] = map[string]any{"height": "tall"} },
	} {
		o := good()
		spoil(o)
		if len(verdict(schemas, o)) == 0 {
			t.Errorf("the judge let a %s through", name)
		}
	}
}

// strictSchemas loads the document, forbids additional keys everywhere, and admits the keys that the document lacks
// and the generated schema.json.gz has.
func strictSchemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(embedded.OpenAPISpec)
	if err != nil {
		t.Fatalf("load the specification: %v", err)
	}
	seen := map[*openapi3.Schema]bool{}
	for _, ref := range doc.Components.Schemas {
		forbid(ref, seen)
	}
	admit(t, doc.Components.Schemas)
	return doc.Components.Schemas
}

func forbid(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	if len(s.Properties) > 0 {
		no := false
		s.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		if data := s.Properties["data"]; data != nil && s.Properties["has_more"] != nil {
			s.Properties["total_count"] = openapi3.NewIntegerSchema().NewRef() // Sent in embedded lists, not documented.
		}
	}
	for _, p := range s.Properties {
		forbid(p, seen)
	}
	forbid(s.Items, seen)
	for _, alternatives := range []openapi3.SchemaRefs{s.AnyOf, s.OneOf, s.AllOf} {
		for _, alternative := range alternatives {
			forbid(alternative, seen)
		}
	}
}

func admit(t *testing.T, schemas openapi3.Schemas) {
	t.Helper()
	file, err := os.Open("../schema.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	zr, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var generated struct {
		Objects map[string]struct {
			P map[string]struct {
				N bool `json:"n"`
			} `json:"p"`
		} `json:"objects"`
	}
	if err := json.NewDecoder(zr).Decode(&generated); err != nil {
		t.Fatal(err)
	}
	for name, object := range generated.Objects {
		spec := schemas[name]
		if spec == nil || len(spec.Value.Properties) == 0 {
			continue
		}
		for key, p := range object.P {
			if spec.Value.Properties[key] == nil {
				anything := openapi3.NewSchema()
				anything.Nullable = true
				spec.Value.Properties[key] = anything.NewRef()
			} else if known := spec.Value.Properties[key]; p.N && known.Ref == "" {
				known.Value.Nullable = true
			}
		}
	}
}

type captured struct {
	Test, Cause string
	Object      map[string]any
}

// capture runs the sandbox's own tests and returns where they wrote.
func capture(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./billing/sandbox/...")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = append(os.Environ(), capturesEnv+"="+dir, "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the sandbox's own tests: %v\n%s", err, out)
	}
	return dir
}

func read(t *testing.T, dir string) []captured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []captured
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			var c captured
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out = append(out, c)
		}
		_ = file.Close()
	}
	return out
}

// judged takes lists apart: their elements have schemas, they themselves are too simple to get wrong.
func judged(object map[string]any) []map[string]any {
	kind, _ := object["object"].(string)
	if kind != "list" && kind != "search_result" {
		return []map[string]any{object}
	}
	items, _ := object["data"].([]any)
	out := make([]map[string]any, 0, len(items))
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
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
	// An event's data.object is open in the document; it is judged by itself when the event is made.
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

func sorted(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	sort.Strings(out)
	return out
}
