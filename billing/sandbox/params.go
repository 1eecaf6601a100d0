package sandbox

import (
	"net/http"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Params is a decoded form, checked against the operation's schema. Texts are string, whole numbers int64, booleans
// bool, hashes Params, arrays []any; an empty string means "unset this". A nested Params knows the path that leads to
// it, so that its errors name a parameter the way Stripe does: items[0][price].
type Params map[string]any

// pathKey holds a nested hash's own name. It cannot clash with a parameter: the decoder refuses such a key.
const pathKey = "\x00path"

// Path returns the full name of a key, such as items[0][price].
func (p Params) Path(key string) string {
	prefix, _ := p[pathKey].(string)
	if prefix == "" {
		return key
	}
	return prefix + "[" + key + "]"
}

// Keys returns the parameters' names in alphabetical order.
func (p Params) Keys() []string {
	out := make([]string, 0, len(p))
	for key := range p {
		if key != pathKey {
			out = append(out, key)
		}
	}
	sort.Strings(out)
	return out
}

// Has reports whether a parameter was sent, even if to unset something.
func (p Params) Has(key string) bool {
	_, ok := p[key]
	return ok
}

// Unset reports whether a parameter was sent as the empty string.
func (p Params) Unset(key string) bool {
	text, ok := p[key].(string)
	return ok && text == ""
}

// Given reports whether a parameter was sent with a value.
func (p Params) Given(key string) bool { return p.Has(key) && !p.Unset(key) }

// Str returns a text, and "" when the parameter is absent.
func (p Params) Str(key string) string {
	switch v := p[key].(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

// Int returns a whole number; the second result tells whether one was sent.
func (p Params) Int(key string) (int64, bool, error) {
	switch v := p[key].(type) {
	case nil:
		return 0, false, nil
	case int64:
		return v, true, nil
	case string:
		if v == "" {
			return 0, false, nil
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return 0, false, invalidf(p.Path(key), "Invalid integer: %s", v).withCode("parameter_invalid_integer")
		}
		return n, true, nil
	default:
		return 0, false, invalidf(p.Path(key), "Invalid integer").withCode("parameter_invalid_integer")
	}
}

// Bool returns a boolean; the second result tells whether one was sent.
func (p Params) Bool(key string) (bool, bool, error) {
	switch v := p[key].(type) {
	case nil:
		return false, false, nil
	case bool:
		return v, true, nil
	case string:
		switch v {
		case "true":
			return true, true, nil
		case "false":
			return false, true, nil
		case "":
			return false, false, nil
		}
		return false, false, invalidf(p.Path(key), "Invalid boolean: %s", v)
	default:
		return false, false, invalidf(p.Path(key), "Invalid boolean")
	}
}

// Sub returns a hash, and nil when there is none. A nil Params answers every question with "absent".
func (p Params) Sub(key string) Params {
	sub, _ := p[key].(Params)
	return sub
}

// Subs returns the hashes of an array.
func (p Params) Subs(key string) []Params {
	items, _ := p[key].([]any)
	out := make([]Params, 0, len(items))
	for _, item := range items {
		if sub, ok := item.(Params); ok {
			out = append(out, sub)
		}
	}
	return out
}

// Strs returns the texts of an array.
func (p Params) Strs(key string) []string {
	items, _ := p[key].([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// Require refuses the request if one of the parameters is absent or empty.
func (p Params) Require(keys ...string) error {
	for _, key := range keys {
		if !p.Given(key) {
			return invalidf(p.Path(key), "Missing required param: %s.", p.Path(key)).withCode("parameter_missing")
		}
	}
	return nil
}

// Object returns the parameters as they are stored: empty texts become null.
func (p Params) Object() Object {
	if p == nil {
		return nil
	}
	out := make(Object, len(p))
	for _, key := range p.Keys() {
		out[key] = storable(p[key])
	}
	return out
}

func storable(v any) any {
	switch x := v.(type) {
	case string:
		if x == "" {
			return nil
		}
		return x
	case Params:
		return x.Object()
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = storable(item)
		}
		return out
	default:
		return x
	}
}

// Copy sets the named parameters on an object, where they were sent: values as they are, empty texts as null.
func (p Params) Copy(o Object, keys ...string) {
	for _, key := range keys {
		if p.Has(key) {
			o[key] = storable(p[key])
		}
	}
}

// Limits of metadata.
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

// Metadata merges the request's metadata into the current one: keys are set one by one, an empty value removes a key,
// and an empty metadata removes all. It returns a new object.
func (p Params) Metadata(current Object) (Object, error) {
	out := current.Clone()
	if out == nil {
		out = Object{}
	}
	if p.Unset("metadata") {
		return Object{}, nil
	}
	sent := p.Sub("metadata")
	for _, key := range sent.Keys() {
		value, ok := sent[key].(string)
		if !ok {
			return nil, invalidf(sent.Path(key), "Invalid metadata: metadata values must be strings")
		}
		if value == "" {
			delete(out, key)
			continue
		}
		if utf8.RuneCountInString(key) > maxMetadataKey {
			return nil, invalidf(p.Path("metadata"), "Invalid metadata: metadata keys can be up to %d characters long."+
				" Got %s with %d characters", maxMetadataKey, key, utf8.RuneCountInString(key))
		}
		if utf8.RuneCountInString(value) > maxMetadataValue {
			return nil, invalidf(sent.Path(key), "Metadata values can have up to %d characters, but you passed in a"+
				" value that is %d characters. Invalid value: %s", maxMetadataValue, utf8.RuneCountInString(value),
				strings.ToValidUTF8(value[:maxMetadataValue/4], "")+"...")
		}
		out[key] = value
	}
	if len(out) > maxMetadataKeys {
		return nil, &Error{
			Status: http.StatusBadRequest, Type: typeInvalid, Param: p.Path("metadata"),
			Message: "Metadata can only have up to 50 keys, but this request would result in more.",
		}
	}
	return out, nil
}
