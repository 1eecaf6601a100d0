package main

import (
	"fmt"
	"strings"

	"example.com/tollgate/billing/sandbox/fidelity/additions"
)

// addLater puts what the specification lacks into the shapes that are kept. What belongs to a schema or an operation
// outside of the sandbox's scope is left out.
func addLater(doc *document) error {
	list, err := additions.Load()
	if err != nil {
		return err
	}
	for _, a := range list.Objects {
		if object := doc.Objects[a.Schema]; object != nil {
			if err := add(object, a); err != nil {
				return fmt.Errorf("schema %s: %w", a.Schema, err)
			}
		}
	}
	for _, a := range list.Operations {
		if op := doc.Ops[a.Operation]; op != nil {
			if err := add(op, a); err != nil {
				return fmt.Errorf("operation %s: %w", a.Operation, err)
			}
		}
	}
	return unknownRefs(doc)
}

// add follows the path and puts the key, or its change, at every place to which it leads.
func add(root *additions.Node, a additions.Addition) error {
	at := []*additions.Node{root}
	for _, step := range a.Path {
		at = follow(at, step)
	}
	done := false
	for _, node := range alternatives(at) {
		switch old := inner(node, a.Name); {
		case a.Change != nil && old != nil:
			change(old, a.Change)
			done = true
		case a.Node != nil && node.Props != nil:
			fresh := *a.Node
			node.Props[a.Name] = &fresh
			done = true
		}
	}
	if !done {
		return fmt.Errorf("there is no place for %s.%s", strings.Join(a.Path, "."), a.Name)
	}
	return nil
}

func follow(nodes []*additions.Node, step string) []*additions.Node {
	var out []*additions.Node
	for _, node := range alternatives(nodes) {
		if next := inner(node, step); next != nil {
			out = append(out, next)
		}
	}
	return out
}

func inner(node *additions.Node, step string) *additions.Node {
	if step == "[]" {
		return node.Items
	}
	return node.Props[step]
}

func alternatives(nodes []*additions.Node) []*additions.Node {
	var out []*additions.Node
	for _, node := range nodes {
		out = append(append(out, node), node.Any...)
	}
	return out
}

// change goes to the alternative that has choices when there are several.
func change(node, with *additions.Node) {
	for _, alternative := range node.Any {
		if len(with.Enum) > 0 && len(alternative.Enum) > 0 {
			alternative.Merge(with)
			return
		}
	}
	node.Merge(with)
}

// unknownRefs says when an addition embeds a resource whose shape is not kept.
func unknownRefs(doc *document) error {
	for name, object := range doc.Objects {
		for key, p := range object.Props {
			if p.Ref != "" && doc.Objects[p.Ref] == nil {
				return fmt.Errorf("%s.%s embeds %s, which scope.Kinds does not list", name, key, p.Ref)
			}
		}
	}
	return nil
}
