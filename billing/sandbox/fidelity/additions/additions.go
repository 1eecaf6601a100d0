// Package additions holds what Stripe's OpenAPI document lacks: it is a few months older than the API version that
// stripe-go pins. The list is derived from the types of that very version in the npm package stripe, by derive.mjs;
// only what cannot be derived stands in byhand.go.
//
// `go test ./additions -update` writes additions.json again, and without the flag the test says whether it is current.
// gen puts the additions into the sandbox's schema, and the judges of captures into the document they judge by.
package additions

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Node is the compact form of a schema; billing/sandbox/schema.go reads the same fields.
type Node struct {
	Type     string           `json:"t,omitempty"` // s i n b a o m: string, integer, number, boolean, array, object, map
	Nullable bool             `json:"n,omitempty"`
	Required bool             `json:"r,omitempty"`
	Optional bool             `json:"o,omitempty"` // may be left out, although it may also be null
	Unset    bool             `json:"u,omitempty"` // the empty string is accepted, and unsets
	Max      int              `json:"l,omitempty"` // maximum length of a string
	Enum     []string         `json:"e,omitempty"`
	Items    *Node            `json:"i,omitempty"`
	Props    map[string]*Node `json:"p,omitempty"`
	Ref      string           `json:"ref,omitempty"`
	Expand   []string         `json:"x,omitempty"` // the kinds that the field expands to
	Any      []*Node          `json:"a,omitempty"` // alternatives, in requests
	Answer   string           `json:"k,omitempty"` // of an operation: the kind it answers with, or lists
}

// Addition is one key that a schema lacks, one parameter that an operation lacks, or a change to one that it has.
type Addition struct {
	// Schema names the object's schema, or Operation the request, such as "POST /v1/prices".
	Schema    string `json:"schema,omitempty"`
	Operation string `json:"operation,omitempty"`
	// Path leads to the hash that has the key; "[]" stands for the elements of an array.
	Path []string `json:"path,omitempty"`
	Name string   `json:"name"`
	// Node is what a new key holds. A Change has only what differs: Nullable, Required, and more values for Enum.
	Node   *Node `json:"node,omitempty"`
	Change *Node `json:"change,omitempty"`
}

// List is additions.json.
type List struct {
	Generated  string     `json:"generated"`
	Objects    []Addition `json:"objects"`
	Operations []Addition `json:"operations"`
}

//go:embed additions.json
var file []byte

// Load returns what was derived together with what stands in byhand.go.
func Load() (List, error) {
	var list List
	if err := json.Unmarshal(file, &list); err != nil {
		return list, fmt.Errorf("decode additions.json: %w", err)
	}
	derived := list.Objects[:0]
	for _, a := range list.Objects {
		if !refused(a) {
			derived = append(derived, a)
		}
	}
	list.Objects = derived
	for _, hand := range byHand() {
		list.Objects = append(list.Objects, hand.Addition)
	}
	return list, nil
}

// Merge makes the change to a node that is there already.
func (n *Node) Merge(change *Node) {
	n.Nullable = n.Nullable || change.Nullable
	n.Required = n.Required || change.Required
	n.Enum = append(n.Enum, change.Enum...)
}
