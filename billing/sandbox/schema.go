package sandbox

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/stripe/stripe-go/v81"
)

//go:embed schema.json.gz
var schemaFile []byte

// schemaNode is the compact form of a JSON schema that fidelity/gen writes; its comments there explain the fields.
type schemaNode struct {
	Type     string                 `json:"t"`
	Nullable bool                   `json:"n"`
	Required bool                   `json:"r"`
	Optional bool                   `json:"o"`
	Unset    bool                   `json:"u"`
	Max      int                    `json:"l"`
	Enum     []string               `json:"e"`
	Items    *schemaNode            `json:"i"`
	Props    map[string]*schemaNode `json:"p"`
	Ref      string                 `json:"ref"`
	Expand   []string               `json:"x"`
	Any      []*schemaNode          `json:"a"`
	Answer   string                 `json:"k"`
}

// schemaDoc is all that the sandbox knows of shapes: objects by kind, and accepted parameters by operation.
type schemaDoc struct {
	Spec    string                 `json:"spec"`
	Version string                 `json:"version"`
	Objects map[string]*schemaNode `json:"objects"`
	Ops     map[string]*schemaNode `json:"ops"`

	skeletons sync.Map // Of *schemaNode to Object: what skeleton has built, for the whole program.
}

// schema decodes the embedded file once for the whole program; it is read-only afterwards.
var schema = sync.OnceValues(func() (*schemaDoc, error) {
	zr, err := gzip.NewReader(bytes.NewReader(schemaFile))
	if err != nil {
		return nil, fmt.Errorf("open schema: %w", err)
	}
	raw, err := io.ReadAll(zr)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	var doc schemaDoc
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("decode schema: %w", err)
	}
	if doc.Version != stripe.APIVersion {
		return nil, fmt.Errorf("schema.json.gz is for API version %s, but stripe-go pins %s: generate it again",
			doc.Version, stripe.APIVersion)
	}
	return &doc, nil
})

// resolve follows a reference to a named schema.
func (d *schemaDoc) resolve(n *schemaNode) *schemaNode {
	for range 8 {
		if n == nil || n.Ref == "" {
			return n
		}
		n = d.Objects[n.Ref]
	}
	return n
}

// skeleton returns a new object that has every key which Stripe always sends: null where it may be, and otherwise the
// type's zero value.
func (d *schemaDoc) skeleton(n *schemaNode) Object {
	built, ok := d.skeletons.Load(n)
	if !ok {
		built, _ = d.skeletons.LoadOrStore(n, d.build(n, 0))
	}
	return asObject(built).Clone()
}

func (d *schemaDoc) build(n *schemaNode, depth int) Object {
	out := Object{}
	n = d.resolve(n)
	if n == nil || depth > 8 {
		return out
	}
	for key, p := range n.Props {
		switch {
		case p.Nullable && !p.Optional:
			out[key] = nil
		case p.Required:
			out[key] = d.zero(p, depth+1)
		}
	}
	return out
}

func (d *schemaDoc) zero(p *schemaNode, depth int) any {
	target := d.resolve(p)
	if target == nil {
		return nil
	}
	switch target.Type {
	case "i", "n":
		return int64(0)
	case "b":
		return false
	case "a":
		return []any{}
	case "o":
		return d.build(target, depth)
	case "m":
		return Object{}
	default:
		if len(target.Enum) == 1 {
			return target.Enum[0]
		}
		return ""
	}
}

// whole fills a hash of an object up: what was sent of it, and all other keys that Stripe sends.
func (tx *Tx) whole(kind, field string, sent Object) Object {
	d := tx.s.schema
	return d.fill(d.field(d.Objects[kind], field), sent)
}

func (d *schemaDoc) fill(n *schemaNode, sent Object) Object {
	out := d.skeleton(n)
	for key, value := range sent {
		if inner := asObject(value); inner != nil {
			value = d.fill(d.field(n, key), inner)
		}
		out[key] = value
	}
	return out
}

func (d *schemaDoc) field(n *schemaNode, name string) *schemaNode {
	n = d.resolve(n)
	if n == nil {
		return nil
	}
	return n.Props[name]
}

// known reports whether a kind has a schema.
func (d *schemaDoc) known(kind string) bool { return d.Objects[kind] != nil }

// accepts reports whether an enumeration admits a value; an empty enumeration admits all.
func (n *schemaNode) accepts(value string) bool {
	return len(n.Enum) == 0 || slices.Contains(n.Enum, value)
}
