package sandbox

import (
	"slices"
	"strings"
)

// maxExpandDepth is how many steps one expand[] may have. A list's leading "data" is one of them: the deepest path that
// Stripe documents is data.payment_intent.customer.default_source.
const maxExpandDepth = 4

// includable are the fields that stay out of an object unless they are asked for by expand[].
func includable(kind, field string) bool {
	switch kind {
	case "customer":
		return field == "subscriptions" || field == "sources" || field == "tax_ids" || field == "tax" ||
			field == "cash_balance"
	case "price":
		return field == "tiers" || field == "currency_options"
	case "checkout.session":
		return field == "line_items"
	case "coupon":
		return field == "applies_to" || field == "currency_options"
	case "charge":
		return field == "refunds"
	case "", "promotion_codes_resource_restrictions": // The restrictions of a promotion code name no kind of their own.
		return field == "currency_options"
	default:
		return false
	}
}

// public returns a copy of an object as it leaves the sandbox when nothing is expanded: without the sandbox's own
// notes and without includable fields.
func (s *Sandbox) public(o Object) Object {
	out, _ := publicValue(o.Clone()).(Object)
	return out
}

// visible is public for an object in the form in which it comes back from storage. It copies only where there is
// something to strip, so that nobody may change what it returns.
func visible(o Object) Object {
	out, _ := withoutHidden(o).(Object)
	return out
}

// withoutHidden copies what has something to strip, and shares the rest.
func withoutHidden(v any) any {
	if !hides(v) {
		return v
	}
	if items, ok := v.([]any); ok {
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = withoutHidden(item)
		}
		return out
	}
	x := asObject(v)
	kind, out := x.Kind(), make(Object, len(x))
	for key, value := range x {
		if !strings.HasPrefix(key, "_") && !includable(kind, key) {
			out[key] = withoutHidden(value)
		}
	}
	return out
}

// shown is an image as it leaves the sandbox.
func (i *image) shown() *image {
	if !hides(i.object) {
		return i
	}
	return &image{object: visible(i.object)}
}

func hides(v any) bool {
	switch x := v.(type) {
	case Object:
		kind := x.Kind()
		for key, value := range x {
			if strings.HasPrefix(key, "_") || includable(kind, key) || hides(value) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, hides)
	}
	return false
}

// publicValue strips in place; its argument is a normalized copy.
func publicValue(v any) any {
	switch x := v.(type) {
	case Object:
		kind := x.Kind()
		for key, value := range x {
			if strings.HasPrefix(key, "_") || includable(kind, key) {
				delete(x, key)
				continue
			}
			x[key] = publicValue(value)
		}
	case []any:
		for i, item := range x {
			x[i] = publicValue(item)
		}
	}
	return v
}

// Public returns a copy of an object as the API shows it, for embedding it in another one: a price in a subscription
// item, for example.
func (tx *Tx) Public(o Object) Object { return tx.s.public(o) }

// expandTree is the set of requested paths, as a tree.
type expandTree map[string]expandTree

// parseExpand checks the requested paths against the schema of what the request answers with. answers is the kind that
// the specification says it is, or the kind of a list's elements: it counts where the answer itself does not tell,
// because a list is empty.
func (s *Sandbox) parseExpand(paths []string, answer Object, answers string) (expandTree, error) {
	root := expandTree{}
	kind := answer.Kind()
	isList := kind == "list" || kind == "search_result"
	if isList {
		kind = listKind(answer, answers)
	}
	for _, path := range paths {
		keys := strings.Split(path, ".")
		if len(keys) > maxExpandDepth {
			return nil, invalidf("expand", "You cannot expand more than %d levels of a property. Property: %s",
				maxExpandDepth, path)
		}
		below := keys
		if isList {
			if keys[0] != "data" || len(keys) < 2 {
				return nil, cannotExpand(path, true)
			}
			below = keys[1:]
		}
		if kind != "" && !s.canExpand(s.schema.Objects[kind], kind, below) {
			return nil, cannotExpand(path, false)
		}
		node := root
		for _, key := range keys {
			if node[key] == nil {
				node[key] = expandTree{}
			}
			node = node[key]
		}
	}
	return root, nil
}

func cannotExpand(path string, isList bool) *Error {
	message := "This property cannot be expanded (" + path + ")."
	if isList {
		message += " You may want to try expanding 'data." + path + "' instead."
	}
	return invalidf("expand", "%s", message)
}

// listKind is the kind of a list's elements; an empty list's is what the specification says.
func listKind(answer Object, answers string) string {
	for _, item := range answer.List("data") {
		return item.Kind()
	}
	return answers
}

// canExpand follows a path through the schema. A kind without a schema is not checked.
func (s *Sandbox) canExpand(node *schemaNode, kind string, keys []string) bool {
	node = s.schema.resolve(node)
	if node == nil {
		return true
	}
	key, rest := keys[0], keys[1:]
	if node.Type == "a" {
		return s.canExpand(node.Items, "", keys)
	}
	p := node.Props[key]
	if p == nil {
		return includable(kind, key) && len(rest) == 0
	}
	if len(rest) == 0 {
		return len(p.Expand) > 0 || includable(kind, key) || s.isList(p) || s.expandableItems(p)
	}
	if len(p.Expand) == 0 {
		return s.canExpand(p, p.Ref, rest)
	}
	for _, alt := range p.Expand {
		if s.canExpand(s.schema.Objects[alt], alt, rest) {
			return true
		}
	}
	return false
}

func (s *Sandbox) isList(p *schemaNode) bool {
	p = s.schema.resolve(p)
	return p != nil && p.Props["has_more"] != nil && p.Props["data"] != nil
}

func (s *Sandbox) expandableItems(p *schemaNode) bool {
	p = s.schema.resolve(p)
	return p != nil && p.Type == "a" && p.Items != nil && len(p.Items.Expand) > 0
}

// render returns the object as it leaves the sandbox: notes stripped, requested references replaced by what they
// refer to. A deleted object expands to its stub, and null stays null.
func (tx *Tx) render(o Object, tree expandTree) (Object, error) {
	rendered, err := tx.renderValue(o.Clone(), tree)
	if err != nil {
		return nil, err
	}
	out, _ := rendered.(Object)
	return out, nil
}

func (tx *Tx) renderValue(v any, tree expandTree) (any, error) {
	if tree == nil {
		return publicValue(v), nil
	}
	switch x := v.(type) {
	case Object:
		return x, tx.renderHash(x, tree)
	case []any:
		for i, item := range x {
			rendered, err := tx.renderItem(item, tree)
			if err != nil {
				return nil, err
			}
			x[i] = rendered
		}
	}
	return v, nil
}

// renderItem renders an element of an array: an object, or an id where the array holds references.
func (tx *Tx) renderItem(item any, tree expandTree) (any, error) {
	if id, ok := item.(string); ok {
		return tx.renderRef(id, tree)
	}
	return tx.renderValue(item, tree)
}

func (tx *Tx) renderHash(x Object, tree expandTree) error {
	kind := x.Kind()
	for key, value := range x {
		sub := tree[key]
		if strings.HasPrefix(key, "_") || (sub == nil && includable(kind, key)) {
			delete(x, key)
			continue
		}
		var rendered any
		var err error
		if id, ok := value.(string); ok && sub != nil {
			rendered, err = tx.renderRef(id, sub)
		} else {
			rendered, err = tx.renderValue(value, sub)
		}
		if err != nil {
			return err
		}
		x[key] = rendered
	}
	return tx.renderComputed(x, kind, tree)
}

func (tx *Tx) renderRef(id string, tree expandTree) (any, error) {
	o, err := tx.load(id)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return id, nil
	}
	return tx.renderValue(o.Clone(), tree)
}

// renderComputed fills in the includable fields that are queries and not stored.
func (tx *Tx) renderComputed(x Object, kind string, tree expandTree) error {
	switch kind {
	case "balance_transaction":
		cleared(tx, x)
		return nil
	case "charge":
		return tx.renderRefunds(x, tree)
	case "customer":
		if err := tx.renderTax(x, tree); err != nil {
			return err
		}
	default:
		return nil
	}
	for field, child := range map[string]string{"subscriptions": "subscription", "tax_ids": "tax_id", "sources": ""} {
		sub, asked := tree[field]
		if !asked {
			continue
		}
		items := []any{}
		if child != "" {
			found, err := tx.Find(child, Query{Customer: x.ID(), Not: map[string]string{"status": "canceled"}})
			if err != nil {
				return err
			}
			for _, o := range found {
				rendered, err := tx.renderValue(o, sub["data"])
				if err != nil {
					return err
				}
				items = append(items, rendered)
			}
		}
		x[field] = Object{
			"object": "list", "data": items, "has_more": false, "total_count": int64(len(items)),
			"url": "/v1/customers/" + x.ID() + "/" + field,
		}
	}
	return nil
}

// renderTax shows where a customer is taxed, where it is asked for. The customer is read again, with the sandbox's notes.
func (tx *Tx) renderTax(x Object, tree expandTree) error {
	if _, asked := tree["tax"]; !asked {
		return nil
	}
	customer, err := tx.load(x.ID())
	if err != nil || customer == nil {
		return err
	}
	x["tax"], err = customerTax(tx, customer)
	return err
}

// renderRefunds shows the refunds of a charge, newest first, where they are asked for.
func (tx *Tx) renderRefunds(x Object, tree expandTree) error {
	sub, asked := tree["refunds"]
	if !asked {
		return nil
	}
	found, err := tx.Find("refund", Query{Where: map[string]string{"charge": x.ID()}, Limit: defaultPage})
	if err != nil {
		return err
	}
	items := []any{}
	for _, o := range found {
		rendered, err := tx.renderValue(o, sub["data"])
		if err != nil {
			return err
		}
		items = append(items, rendered)
	}
	x["refunds"] = Object{
		"object": "list", "data": items, "has_more": false, "total_count": int64(len(items)),
		"url": "/v1/charges/" + x.ID() + "/refunds",
	}
	return nil
}
