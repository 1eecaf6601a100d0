package captured

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/stripe/stripe-mock/spec"

	"example.com/tollgate/billing/sandbox/fidelity/additions"
)

const formType = "application/x-www-form-urlencoded"

// addParameters puts into stripe-mock's document the parameters and choices that came after it, and nothing else: they
// are derived from the types of the version that the application uses.
func addParameters(doc *spec.Spec) error {
	list, err := additions.Load()
	if err != nil {
		return err
	}
	for _, a := range list.Operations {
		method, path, _ := strings.Cut(a.Operation, " ")
		op := doc.Paths[spec.Path(path)][spec.HTTPVerb(strings.ToLower(method))]
		if op == nil {
			return fmt.Errorf("%s is not in the document", a.Operation)
		}
		if !addParameter(op, method, a) {
			return fmt.Errorf("%s has no place for %s.%s", a.Operation, strings.Join(a.Path, "."), a.Name)
		}
	}
	return nil
}

// addParameter reports whether there was a place for the addition.
func addParameter(op *spec.Operation, method string, a additions.Addition) bool {
	root := query(op)
	if method != http.MethodGet {
		root = op.RequestBody.Content[formType].Schema
	}
	places := []*spec.Schema{root}
	for _, step := range a.Path {
		var next []*spec.Schema
		for _, s := range alternatives(places) {
			if within := stepInto(s, step); within != nil {
				next = append(next, within)
			}
		}
		places = next
	}
	done := false
	for _, s := range alternatives(places) {
		old := stepInto(s, a.Name)
		switch {
		case a.Change != nil && old != nil:
			widen(old, a.Change.Enum)
			done = true
		case a.Node != nil && s.Properties != nil:
			s.Properties[a.Name] = parameter(a.Node)
			done = true
			if s == root && method == http.MethodGet {
				op.Parameters = append(op.Parameters, &spec.Parameter{In: "query", Name: a.Name, Schema: s.Properties[a.Name]})
			}
		}
	}
	return done
}

// query is the parameters of a GET as if they were a body.
func query(op *spec.Operation) *spec.Schema {
	s := &spec.Schema{Type: "object", Properties: map[string]*spec.Schema{}}
	for _, p := range op.Parameters {
		if p.In == "query" {
			s.Properties[p.Name] = p.Schema
		}
	}
	return s
}

func stepInto(s *spec.Schema, step string) *spec.Schema {
	if step == "[]" {
		return s.Items
	}
	return s.Properties[step]
}

func alternatives(schemas []*spec.Schema) []*spec.Schema {
	var out []*spec.Schema
	for _, s := range schemas {
		out = append(append(out, s), s.AnyOf...)
	}
	return out
}

// widen adds choices where there are some.
func widen(s *spec.Schema, choices []string) {
	for _, alternative := range alternatives([]*spec.Schema{s}) {
		if len(alternative.Enum) < 2 && len(s.AnyOf) > 0 { // Not the empty text that unsets.
			continue
		}
		for _, choice := range choices {
			alternative.Enum = append(alternative.Enum, choice)
		}
	}
}

// parameter writes an addition in the document's own terms.
func parameter(n *additions.Node) *spec.Schema {
	s := &spec.Schema{Type: map[string]string{
		"s": "string", "i": "integer", "n": "number", "b": "boolean", "a": "array", "o": "object", "m": "object",
	}[n.Type], MaxLength: n.Max}
	for _, choice := range n.Enum {
		s.Enum = append(s.Enum, choice)
	}
	if n.Items != nil {
		s.Items = parameter(n.Items)
	}
	if n.Type == "m" {
		s.AdditionalPropertiesAllowed = true
	}
	if n.Type == "o" {
		s.Properties = map[string]*spec.Schema{}
		for name, p := range n.Props {
			s.Properties[name] = parameter(p)
			if p.Required {
				s.Required = append(s.Required, name)
			}
		}
	}
	for _, alternative := range n.Any {
		s.AnyOf = append(s.AnyOf, parameter(alternative))
	}
	if !n.Unset {
		return s
	}
	return &spec.Schema{AnyOf: []*spec.Schema{s, {Type: "string", Enum: []any{""}}}}
}
