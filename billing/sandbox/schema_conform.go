package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// judge keeps an object in the captures, and tells Options.Judge what is wrong with it. It sees every
// answer and every event's object.
func (s *Sandbox) judge(where string, o Object) {
	s.captures.add(where, o)
	if s.opts.Judge == nil {
		return
	}
	for _, problem := range s.schema.conform(o) {
		s.opts.Judge(where + ": " + problem)
	}
}

// conform compares an object with Stripe's schema of its kind: every required key is there, no key is invented, and
// every value has its type and is among the documented choices.
func (d *schemaDoc) conform(o Object) []string {
	c := &conformance{doc: d}
	switch kind := o.Kind(); {
	case o.Bool("deleted"):
	case kind == "list" || kind == "search_result":
		for i, item := range o.List("data") {
			c.object(d.Objects[item.Kind()], item, "data."+strconv.Itoa(i))
		}
	default:
		c.object(d.Objects[kind], o, kind)
	}
	if typ := o.Str("type"); o.Kind() == "event" && !d.eventType(typ) {
		c.report("event.type", "is %q, which no endpoint can ask for", typ)
	}
	return c.problems
}

// eventType reports whether there is such a type of event: those that an endpoint may listen to.
func (d *schemaDoc) eventType(typ string) bool {
	listen := d.Ops["POST /v1/webhook_endpoints"]
	return listen != nil && listen.Props["enabled_events"].Items.accepts(typ)
}

type conformance struct {
	doc      *schemaDoc
	problems []string
}

func (c *conformance) report(path, format string, a ...any) {
	c.problems = append(c.problems, path+" "+fmt.Sprintf(format, a...))
}

func (c *conformance) object(node *schemaNode, o Object, path string) {
	node = c.doc.resolve(node)
	if node == nil || node.Type != "o" || o.Bool("deleted") {
		return
	}
	for key, p := range node.Props {
		if _, ok := o[key]; !ok && p.Required {
			c.report(path, "lacks %s", key)
		}
	}
	for key, value := range o {
		p := node.Props[key]
		if p == nil {
			// Embedded lists still carry a total_count that the specification no longer mentions.
			isList := key == "total_count" && o.Kind() == "list"
			if len(node.Props) > 0 && !isList {
				c.report(path, "has the unknown key %s", key)
			}
			continue
		}
		c.value(p, value, path+"."+key)
	}
}

func (c *conformance) value(p *schemaNode, value any, path string) {
	if value == nil {
		if !p.Nullable {
			c.report(path, "is null")
		}
		return
	}
	if o := asObject(value); o != nil {
		c.nested(p, o, path)
		return
	}
	n := c.doc.resolve(p)
	if n == nil {
		return
	}
	switch v := value.(type) {
	case string:
		if n.Type != "s" {
			c.report(path, "is the text %q", v)
		} else if !n.accepts(v) {
			c.report(path, "is %q, which is none of %v", v, n.Enum)
		}
	case int64:
		if n.Type != "i" && n.Type != "n" {
			c.report(path, "is the number %d", v)
		}
	case json.Number:
		if n.Type != "n" {
			c.report(path, "is the fraction %s", v)
		}
	case bool:
		if n.Type != "b" {
			c.report(path, "is the boolean %t", v)
		}
	case []any:
		if n.Type != "a" {
			c.report(path, "is an array")
			return
		}
		for i, item := range v {
			if n.Items != nil {
				c.value(n.Items, item, path+"."+strconv.Itoa(i))
			}
		}
	}
}

// nested judges a hash: by its own kind where it has one, and else by the place where it stands.
func (c *conformance) nested(p *schemaNode, o Object, path string) {
	n := c.doc.resolve(p)
	switch {
	case len(p.Expand) > 0 && !containsText(p.Expand, o.Kind()) && !o.Bool("deleted"):
		c.report(path, "is expanded to a %s, which is none of %v", o.Kind(), p.Expand)
	case o.Kind() != "list" && c.doc.known(o.Kind()):
		c.object(c.doc.Objects[o.Kind()], o, path)
	case n == nil || n.Type == "m":
	case n.Type != "o":
		c.report(path, "is a hash")
	default:
		c.object(n, o, path)
	}
}
