package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
)

// MarshalJSON writes id and object first, as Stripe does, and the other keys in alphabetical order, so that the same
// object always gives the same bytes.
func (o Object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	keys := make([]string, 0, len(o))
	for key := range o {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		if a, b := keyRank(keys[i]), keyRank(keys[j]); a != b {
			return a < b
		}
		return keys[i] < keys[j]
	})
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	buf.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			buf.WriteByte(',')
		}
		if err := enc.Encode(key); err != nil {
			return nil, err
		}
		buf.WriteByte(':')
		if err := enc.Encode(o[key]); err != nil {
			return nil, err
		}
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

func keyRank(key string) int {
	switch key {
	case "id":
		return 0
	case "object":
		return 1
	default:
		return 2
	}
}

// normalize brings a value to the few Go types that storage gives back: Object, []any, string, bool, int64,
// json.Number and nil. A float is a programming error and panics, since it could only be money gone wrong.
func normalize(v any) any {
	switch x := v.(type) {
	case nil, string, bool, int64:
		return x
	case int:
		return int64(x)
	case json.Number:
		return wholeOr(x)
	case Object:
		return normalizeMap(x)
	case Params:
		return normalizeParams(x)
	case map[string]any:
		return normalizeMap(x)
	case map[string]string:
		return normalizeSlots(x)
	case []any:
		return normalizeSlice(x)
	case []Object:
		return normalizeSlice(x)
	case []string:
		return normalizeSlice(x)
	case []int64:
		return normalizeSlice(x)
	default:
		panic(fmt.Sprintf("sandbox: a %T cannot be part of a Stripe object", v))
	}
}

func normalizeMap[M ~map[string]any](m M) any {
	if m == nil {
		return nil
	}
	out := make(Object, len(m))
	for k, v := range m {
		out[k] = normalize(v)
	}
	return out
}

func normalizeParams(p Params) any {
	if p == nil {
		return nil
	}
	out := make(Object, len(p))
	for _, key := range p.Keys() {
		out[key] = normalize(p[key])
	}
	return out
}

func normalizeSlots(m map[string]string) Object {
	out := make(Object, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func normalizeSlice[T any](items []T) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = normalize(item)
	}
	return out
}

func wholeOr(n json.Number) any {
	if whole, err := n.Int64(); err == nil {
		return whole
	}
	return n
}

// decodeObject reads stored or received JSON.
func decodeObject(raw []byte) (Object, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	out, _ := normalizeMap(m).(Object)
	return out, nil
}
