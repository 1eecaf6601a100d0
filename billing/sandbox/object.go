package sandbox

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Object is a Stripe object as decoded JSON. Whole numbers are int64; the few fractional ones (a coupon's
// percent_off) are json.Number, so that no float ever touches money. Keys that begin with an underscore are the
// sandbox's own notes: they are stored, and never leave by the API or in an event.
type Object map[string]any

// ID returns the object's id.
func (o Object) ID() string { return o.Str("id") }

// Kind returns what Stripe calls the object's type.
func (o Object) Kind() string { return o.Str("object") }

// at follows a dotted path through objects, arrays and embedded lists.
func (o Object) at(path string) any {
	var current any = o
	for more := true; more; {
		var key string
		key, path, more = strings.Cut(path, ".")
		switch v := current.(type) {
		case Object:
			current = v[key]
		case map[string]any:
			current = v[key]
		case []any:
			current = element(v, key)
		case []Object:
			current = element(v, key)
		case []string:
			current = element(v, key)
		default:
			return nil
		}
	}
	return current
}

func element[T any](items []T, key string) any {
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= len(items) {
		return nil
	}
	return items[i]
}

// Str returns the text at a dotted path such as "items.data.0.price.id", and "" when it is absent or null.
func (o Object) Str(path string) string {
	switch v := o.at(path).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
}

// Int returns the whole number at a dotted path, and 0 when it is absent or null.
func (o Object) Int(path string) int64 {
	switch v := o.at(path).(type) {
	case int64:
		return v
	case int:
		return int64(v)
	case json.Number:
		n, _ := v.Int64()
		return n
	case string:
		n, _ := strconv.ParseInt(v, 10, 64)
		return n
	default:
		return 0
	}
}

// Rat returns the number at a dotted path exactly, whether it is stored as a number or as decimal text.
func (o Object) Rat(path string) *big.Rat {
	r := new(big.Rat)
	switch v := o.at(path).(type) {
	case int64:
		r.SetInt64(v)
	case int:
		r.SetInt64(int64(v))
	case json.Number:
		r.SetString(v.String())
	case string:
		if parsed, ok := new(big.Rat).SetString(v); ok {
			return parsed
		}
	}
	return r
}

// Bool returns the boolean at a dotted path, and false when it is absent or null.
func (o Object) Bool(path string) bool {
	b, _ := o.at(path).(bool)
	return b
}

// Has reports whether a dotted path is present and not null.
func (o Object) Has(path string) bool {
	switch v := o.at(path).(type) {
	case nil:
		return false
	case Object:
		return v != nil
	case map[string]any:
		return v != nil
	default:
		return true
	}
}

// Obj returns the object at a dotted path, and nil when there is none. It shares memory with o.
func (o Object) Obj(path string) Object { return asObject(o.at(path)) }

// List returns the objects of an array, or of an embedded list, at a dotted path. They share memory with o.
func (o Object) List(path string) []Object {
	v := o.at(path)
	if embedded := asObject(v); embedded != nil {
		v = embedded["data"]
	}
	switch items := v.(type) {
	case []Object:
		return items
	case []any:
		out := make([]Object, 0, len(items))
		for _, item := range items {
			if obj := asObject(item); obj != nil {
				out = append(out, obj)
			}
		}
		return out
	default:
		return nil
	}
}

// Strs returns the texts of an array at a dotted path.
func (o Object) Strs(path string) []string {
	switch items := o.at(path).(type) {
	case []string:
		return items
	case []any:
		out := make([]string, 0, len(items))
		for _, item := range items {
			if text, ok := item.(string); ok {
				out = append(out, text)
			}
		}
		return out
	default:
		return nil
	}
}

// Set writes a value at a dotted path, and creates the objects on the way. A path may step into an existing array
// by index; it never grows one.
func (o Object) Set(path string, v any) {
	keys := strings.Split(path, ".")
	var current any = o
	for _, key := range keys[:len(keys)-1] {
		current = stepInto(current, key)
	}
	last := keys[len(keys)-1]
	switch c := current.(type) {
	case Object:
		c[last] = v
	case map[string]any:
		c[last] = v
	case []any:
		if i, err := strconv.Atoi(last); err == nil && i >= 0 && i < len(c) {
			c[i] = v
		}
	}
}

func stepInto(current any, key string) any {
	if m := asObject(current); m != nil {
		switch m[key].(type) {
		case Object, map[string]any, []any, []Object:
			if next := asObject(m[key]); next != nil || !isMap(m[key]) {
				return m[key]
			}
		}
		m[key] = Object{}
		return m[key]
	}
	switch c := current.(type) {
	case []any:
		return element(c, key)
	case []Object:
		return element(c, key)
	default:
		return nil
	}
}

func isMap(v any) bool {
	switch v.(type) {
	case Object, map[string]any:
		return true
	default:
		return false
	}
}

func asObject(v any) Object {
	switch m := v.(type) {
	case Object:
		return m
	case map[string]any:
		return Object(m)
	case Params:
		return Object(m)
	default:
		return nil
	}
}

// Clone returns a copy that shares nothing with o, in the form in which it would come back from storage.
func (o Object) Clone() Object {
	if o == nil {
		return nil
	}
	copied, _ := normalize(o).(Object)
	return copied
}

// same reports whether two values of the form that storage gives back are equal.
func same(a, b any) bool {
	switch x := a.(type) {
	case Object:
		y, ok := b.(Object)
		if !ok || len(x) != len(y) {
			return false
		}
		for key, value := range x {
			other, ok := y[key]
			if !ok || !same(value, other) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, same)
	default:
		if _, ok := b.(Object); ok {
			return false
		}
		if _, ok := b.([]any); ok {
			return false
		}
		return a == b
	}
}

// keep returns a copy of a changed value in the form that storage gives back, and whether it differs from the old one.
// It shares with the old value what is still the same, and nothing with the new one.
func keep(old, changed any) (kept any, differs bool) {
	before, wasObject := old.(Object)
	after, isObject := changed.(Object)
	if !wasObject || !isObject || before == nil || after == nil {
		if same(old, changed) {
			return old, false
		}
		kept = normalize(changed)
		return kept, !same(old, kept)
	}
	out := maps.Clone(after)
	if !out.keepParts(before) {
		return old, false
	}
	return out, true
}

// keepParts does to every value of an object what keep does to one. It reports whether the object differs from what it
// was.
func (o Object) keepParts(before Object) (differs bool) {
	differs = len(before) != len(o)
	for key, value := range o {
		was, had := before[key]
		part, moved := keep(was, value)
		o[key] = part
		differs = differs || moved || !had
	}
	return differs
}
