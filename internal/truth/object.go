// Package truth is the reference that simulated lives are held against: what somebody may use by Stripe's own objects,
// and what the app's books must say when everything is quiet. It is written from the rules and apart from billing's
// code for them, so that what differs between the two is a bug in one of them.
package truth

import "time"

// Object is a Stripe object as the API sends it.
type Object map[string]any

// Str is a text, or empty.
func (o Object) Str(key string) string { s, _ := o[key].(string); return s }

// Num is a whole number, or 0.
func (o Object) Num(key string) int64 { n, _ := o[key].(float64); return int64(n) }

// Is is a yes or no, or no.
func (o Object) Is(key string) bool { b, _ := o[key].(bool); return b }

// Obj is an object inside, or nil.
func (o Object) Obj(key string) Object { m, _ := o[key].(map[string]any); return m }

// List is the data of a list, or of a list inside.
func (o Object) List(key string) []Object {
	inner, ok := o[key].([]any)
	if !ok {
		inner, _ = o.Obj(key)["data"].([]any)
	}
	out := make([]Object, len(inner))
	for i := range inner {
		out[i], _ = inner[i].(map[string]any)
	}
	return out
}

// unix is a time (UTC), or zero.
func unix(o Object, key string) time.Time {
	if o.Num(key) == 0 {
		return time.Time{}
	}
	return time.Unix(o.Num(key), 0).UTC()
}
