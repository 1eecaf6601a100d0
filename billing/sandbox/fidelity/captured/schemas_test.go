package captured

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stripe/stripe-mock/embedded"

	"example.com/tollgate/billing/sandbox/fidelity/additions"
)

// strictSchemas loads the document once for all judges, forbids additional keys everywhere, and adds what the document
// lacks.
func strictSchemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	schemas, err := strict()
	if err != nil {
		t.Fatalf("load the specification: %v", err)
	}
	return schemas
}

var strict = sync.OnceValues(func() (openapi3.Schemas, error) {
	doc, err := openapi3.NewLoader().LoadFromData(embedded.OpenAPISpec)
	if err != nil {
		return nil, err
	}
	seen := map[*openapi3.Schema]bool{}
	for _, ref := range doc.Components.Schemas {
		forbid(ref, seen)
	}
	list, err := additions.Load()
	if err != nil {
		return nil, err
	}
	for _, a := range list.Objects {
		if err := admit(doc.Components.Schemas, a); err != nil {
			return nil, fmt.Errorf("schema %s, %s: %w", a.Schema, a.Name, err)
		}
	}
	return doc.Components.Schemas, nil
})

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

// admit puts one addition into its schema.
func admit(schemas openapi3.Schemas, a additions.Addition) error {
	at := schemas[a.Schema]
	for _, step := range a.Path {
		at = inner(at, step)
	}
	if at == nil || at.Value == nil {
		return errors.New("there is no such schema")
	}
	if a.Node != nil {
		at.Value.Properties[a.Name] = translate(schemas, a.Node)
		require(at.Value, a.Name, a.Node.Required)
		return nil
	}
	old := inner(at, a.Name)
	if old == nil || old.Value == nil {
		return errors.New("there is nothing to change")
	}
	require(at.Value, a.Name, a.Change.Required)
	if old.Ref != "" { // Others embed it as well, and there it may not be null.
		copied := *old.Value
		old = &openapi3.SchemaRef{Value: &copied}
		at.Value.Properties[a.Name] = old
	}
	old.Value.Nullable = old.Value.Nullable || a.Change.Nullable
	for _, choice := range a.Change.Enum {
		old.Value.Enum = append(old.Value.Enum, choice)
	}
	return nil
}

func inner(at *openapi3.SchemaRef, step string) *openapi3.SchemaRef {
	if at == nil || at.Value == nil {
		return nil
	}
	if step == "[]" {
		return at.Value.Items
	}
	return at.Value.Properties[step]
}

func require(s *openapi3.Schema, name string, required bool) {
	if required {
		s.Required = append(s.Required, name)
	}
}

// translate writes an addition in the document's own terms, and as strictly.
func translate(schemas openapi3.Schemas, n *additions.Node) *openapi3.SchemaRef {
	s := openapi3.NewSchema()
	s.Nullable = n.Nullable
	if n.Ref != "" {
		s.AnyOf = openapi3.SchemaRefs{schemas[n.Ref]}
		return s.NewRef()
	}
	if len(n.Expand) > 0 {
		s.AnyOf = openapi3.SchemaRefs{openapi3.NewStringSchema().NewRef()}
		for _, kind := range n.Expand {
			s.AnyOf = append(s.AnyOf, schemas[kind])
		}
		return s.NewRef()
	}
	s.Type = &openapi3.Types{map[string]string{
		"s": "string", "i": "integer", "n": "number", "b": "boolean", "a": "array", "o": "object", "m": "object",
	}[n.Type]}
	for _, choice := range n.Enum {
		s.Enum = append(s.Enum, choice)
	}
	if n.Items != nil {
		s.Items = translate(schemas, n.Items)
	}
	if n.Type == "o" {
		no := false
		s.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		s.Properties = openapi3.Schemas{}
		for name, p := range n.Props {
			s.Properties[name] = translate(schemas, p)
			require(s, name, p.Required)
		}
	}
	return s.NewRef()
}
