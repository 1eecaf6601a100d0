package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MarshalJSON writes id and object first, as Stripe does, and the other keys in alphabetical order, so that the same
// object always gives the same bytes.
func (o Object) MarshalJSON() ([]byte, error) { return encode(o, ""), nil }

// encode writes a value as JSON; indent is what one level adds, "" for none. It knows only what an object can hold
// and panics on anything else, as normalize does. encoding/json would copy every nested object once for each level
// above it, and a fast-forward of a year spends most of its time here.
func encode(v any, indent string) []byte {
	w := jsonWriter{indent: indent, buf: make([]byte, 0, usualJSON), keys: make([]string, 0, usualKeys)}
	w.value(v, "", 0)
	return w.buf
}

// usualJSON is what most objects fit into, in bytes, and usualKeys how many keys they have: the writer begins with it.
const usualJSON, usualKeys = 4 << 10, 64

// maxOrders bounds how many orders of keys a writer remembers: metadata may have names without end.
const maxOrders = 1000

// encoded is a value that was written before, without indentation. Events share the text of their object, which is
// written once for all of them.
type encoded string

type jsonWriter struct {
	buf    []byte
	indent string
	keys   []string // A stack: each object that is being written has its keys on it.
	// orders are the keys of the last object of each name as they were written. The next one mostly has the same, and to
	// find that out takes less than to sort its own.
	orders map[string][]string
}

// write returns a value's text. A writer may be used again and again, and then needs no new memory but for the text.
func (w *jsonWriter) write(v any) encoded {
	if w.orders == nil {
		w.orders = map[string][]string{}
	}
	w.buf = w.buf[:0]
	w.value(v, "", 0)
	return encoded(w.buf)
}

// value writes what stands under a key, or is an element of what stands there.
func (w *jsonWriter) value(v any, under string, depth int) {
	switch x := v.(type) {
	case nil:
		w.buf = append(w.buf, "null"...)
	case string:
		w.text(x)
	case int64:
		w.buf = strconv.AppendInt(w.buf, x, 10)
	case bool:
		w.buf = strconv.AppendBool(w.buf, x)
	case json.Number:
		w.buf = append(w.buf, x...)
	case Object:
		w.object(x, under, depth)
	case []any:
		w.array(x, under, depth)
	case encoded:
		w.again(x, depth)
	default:
		w.value(normalize(v), under, depth)
	}
}

func (w *jsonWriter) object(o Object, under string, depth int) {
	switch {
	case o == nil:
		w.buf = append(w.buf, "null"...)
		return
	case len(o) == 0:
		w.buf = append(w.buf, "{}"...)
		return
	}
	w.buf = append(w.buf, '{')
	first := len(w.keys)
	w.appendKeys(o, under)
	for i := first; i < len(w.keys); i++ {
		if i > first {
			w.buf = append(w.buf, ',')
		}
		key := w.keys[i]
		w.line(depth + 1)
		w.text(key)
		w.colon()
		w.value(o[key], key, depth+1)
	}
	w.keys = w.keys[:first]
	w.line(depth)
	w.buf = append(w.buf, '}')
}

// appendKeys puts an object's keys on the stack. What it is called by is its kind, or where it stands.
func (w *jsonWriter) appendKeys(o Object, under string) {
	name, ok := o["object"].(string)
	if !ok {
		name = under
	}
	known := w.orders[name]
	if len(known) == len(o) && !slices.ContainsFunc(known, func(key string) bool { _, ok := o[key]; return !ok }) {
		w.keys = append(w.keys, known...)
		return
	}
	first := len(w.keys)
	w.keys = appendKeys(w.keys, o)
	if w.orders != nil && len(w.orders) < maxOrders {
		w.orders[name] = slices.Clone(w.keys[first:])
	}
}

// appendKeys adds an object's keys in the order in which they are written.
func appendKeys(keys []string, o Object) []string {
	for _, key := range [...]string{"id", "object"} {
		if _, ok := o[key]; ok {
			keys = append(keys, key)
		}
	}
	first := len(keys)
	for key := range o {
		if key != "id" && key != "object" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys[first:])
	return keys
}

func (w *jsonWriter) colon() {
	w.buf = append(w.buf, ':')
	if w.indent != "" {
		w.buf = append(w.buf, ' ')
	}
}

func (w *jsonWriter) array(items []any, under string, depth int) {
	if len(items) == 0 {
		w.buf = append(w.buf, "[]"...)
		return
	}
	w.buf = append(w.buf, '[')
	for i, item := range items {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.line(depth + 1)
		w.value(item, under, depth+1)
	}
	w.line(depth)
	w.buf = append(w.buf, ']')
}

func (w *jsonWriter) line(depth int) {
	if w.indent == "" {
		return
	}
	w.buf = append(w.buf, '\n')
	for range depth {
		w.buf = append(w.buf, w.indent...)
	}
}

// text writes a string. The plain ones, which are nearly all, need no escaping and go in as they are.
func (w *jsonWriter) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == 0x7f {
			w.escaped(s)
			return
		}
	}
	w.buf = append(append(append(w.buf, '"'), s...), '"')
}

func (w *jsonWriter) escaped(s string) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // A string always encodes.
	w.buf = append(w.buf, bytes.TrimRight(buf.Bytes(), "\n")...)
}

// again writes what was encoded before, with the indentation of its new place.
func (w *jsonWriter) again(text encoded, depth int) {
	if w.indent == "" {
		w.buf = append(w.buf, text...)
		return
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			end := i + 1
			for text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			w.buf = append(w.buf, text[i:end+1]...)
			i = end
		case '{', '[':
			w.buf = append(w.buf, c)
			if closing := text[i+1]; closing == '}' || closing == ']' {
				w.buf = append(w.buf, closing)
				i++
				continue
			}
			depth++
			w.line(depth)
		case '}', ']':
			depth--
			w.line(depth)
			w.buf = append(w.buf, c)
		case ',':
			w.buf = append(w.buf, c)
			w.line(depth)
		case ':':
			w.colon()
		default:
			w.buf = append(w.buf, c)
		}
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
	out := Object(maps.Clone(m)) // Copies memory, where building it key by key would hash each of them.
	for k, v := range m {
		switch v.(type) {
		case nil, string, bool, int64:
		default:
			out[k] = normalize(v)
		}
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
