// Command gen writes billing/sandbox/schema.json.gz: what the sandbox knows of Stripe's objects and request
// parameters.
//
// The source is the official OpenAPI document that stripe-mock carries. Only the resources that the sandbox speaks
// are kept, with everything they embed, and of each schema only what the sandbox needs: types, nullability, what is
// required, enumerations, and which fields can be expanded. The document is a few months older than the API version
// that stripe-go pins, so what came between is added: see the package additions.
//
// Run it with `go run ./gen` from the directory above, which is a module of its own, so that this
// dependency never enters the starter's go.mod.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"

	"example.com/tollgate/billing/sandbox/fidelity/additions"
	"example.com/tollgate/billing/sandbox/fidelity/scope"
)

// document is the file that the sandbox embeds.
type document struct {
	Spec    string                     `json:"spec"`
	Version string                     `json:"version"`
	Objects map[string]*additions.Node `json:"objects"`
	Ops     map[string]*additions.Node `json:"ops"`
}

type object = scope.Object

func main() {
	out := flag.String("o", "../schema.json.gz", "the file to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	spec, err := scope.Read()
	if err != nil {
		return err
	}
	g := &generator{schemas: spec.Schemas, doc: document{
		Spec: spec.Version, Version: scope.PinnedVersion,
		Objects: map[string]*additions.Node{}, Ops: map[string]*additions.Node{},
	}}
	for _, kind := range scope.Kinds() {
		g.keep(kind)
	}
	for name, op := range spec.Operations() {
		g.doc.Ops[name] = &additions.Node{Type: "o", Props: g.properties(op.Parameters, g.request), Answer: answerKind(op.Raw)}
	}
	if err := addLater(&g.doc); err != nil {
		return err
	}
	return write(out, g.doc)
}

// write compresses without a time stamp, so that the same input gives the same bytes.
func write(out string, doc document) error {
	body, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if _, err := zw.Write(body); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	fmt.Printf("%d objects, %d operations, %d bytes, %d compressed\n",
		len(doc.Objects), len(doc.Ops), len(body), buf.Len())
	return os.WriteFile(out, buf.Bytes(), 0o644)
}

type generator struct {
	schemas object
	doc     document
}

// keep adds a named schema and all that it embeds. Expandable references are not followed: a kind that is only ever
// an id needs no shape here.
func (g *generator) keep(name string) {
	if _, ok := g.doc.Objects[name]; ok {
		return
	}
	schema, ok := g.schemas[name].(object)
	if !ok {
		panic("the specification has no schema " + name)
	}
	g.doc.Objects[name] = &additions.Node{} // Marks it as being read: schemas embed each other.
	g.doc.Objects[name] = g.response(schema)
}

func (g *generator) response(s object) *additions.Node {
	n := &additions.Node{}
	n.Nullable, _ = s["nullable"].(bool)
	if ref := refName(s); ref != "" {
		g.keep(ref)
		n.Ref = ref
		return n
	}
	if exp, ok := s["x-expansionResources"].(object); ok {
		n.Type = "s"
		for _, alt := range list(exp["oneOf"]) {
			n.Expand = append(n.Expand, refName(alt))
		}
		return n
	}
	if alts := list(s["anyOf"]); len(alts) > 0 {
		first := g.response(alts[0])
		first.Nullable = first.Nullable || n.Nullable
		return first
	}
	n.Type = typeCode(s)
	n.Enum = enum(s)
	switch n.Type {
	case "a":
		if items, ok := s["items"].(object); ok {
			n.Items = g.response(items)
		}
	case "o":
		n.Props = g.properties(s, g.response)
	}
	return n
}

func (g *generator) properties(s object, read func(object) *additions.Node) map[string]*additions.Node {
	props, _ := s["properties"].(object)
	out := make(map[string]*additions.Node, len(props))
	for name, p := range props {
		out[name] = read(p.(object))
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if p := out[name.(string)]; p != nil {
			p.Required = true
		}
	}
	return out
}

// answerKind is the kind of object in the answer 200, or of a list's elements.
func answerKind(op object) string {
	answer := at(op, "responses", "200", "content", "application/json", "schema")
	if items := at(answer, "properties", "data", "items"); items != nil {
		answer = items
	}
	if alts := list(answer["anyOf"]); len(alts) > 0 {
		answer = alts[0]
	}
	return refName(answer)
}

// at follows keys into nested objects; it returns nil where one is missing.
func at(o object, keys ...string) object {
	for _, key := range keys {
		o, _ = o[key].(object)
	}
	return o
}

func (g *generator) request(s object) *additions.Node {
	n := &additions.Node{}
	if ref := refName(s); ref != "" {
		return g.request(g.schemas[ref].(object))
	}
	for _, alt := range list(s["anyOf"]) {
		if e, ok := alt["enum"].([]any); ok && len(e) == 1 && e[0] == "" {
			n.Unset = true
			continue
		}
		n.Any = append(n.Any, g.request(alt))
	}
	if len(n.Any) == 1 {
		only := n.Any[0]
		only.Unset = only.Unset || n.Unset
		return only
	}
	if len(n.Any) > 1 {
		return n
	}
	n.Type = typeCode(s)
	for _, e := range enum(s) {
		if e == "" {
			n.Unset = true
			continue
		}
		n.Enum = append(n.Enum, e)
	}
	if limit, ok := s["maxLength"].(float64); ok {
		n.Max = int(limit)
	}
	switch n.Type {
	case "a":
		if items, ok := s["items"].(object); ok {
			n.Items = g.request(items)
		}
	case "o":
		n.Props = g.properties(s, g.request)
	}
	return n
}

// typeCode tells a map (any keys) from an object (named keys).
func typeCode(s object) string {
	switch s["type"] {
	case "integer":
		return "i"
	case "number":
		return "n"
	case "boolean":
		return "b"
	case "array":
		return "a"
	case "object":
		if _, open := s["additionalProperties"].(object); open {
			return "m"
		}
		return "o"
	default:
		return "s"
	}
}

func enum(s object) []string {
	values, _ := s["enum"].([]any)
	out := make([]string, 0, len(values))
	for _, v := range values {
		if text, ok := v.(string); ok {
			out = append(out, text)
		}
	}
	sort.Strings(out)
	return out
}

func refName(s object) string {
	ref, _ := s["$ref"].(string)
	return strings.TrimPrefix(ref, "#/components/schemas/")
}

func list(v any) []object {
	raw, _ := v.([]any)
	out := make([]object, 0, len(raw))
	for _, item := range raw {
		if o, ok := item.(object); ok {
			out = append(out, o)
		}
	}
	return out
}
