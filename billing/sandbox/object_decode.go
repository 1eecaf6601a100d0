package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// decodeObject reads an object that encode wrote. What it accepts is JSON, but it is not a judge of JSON: nothing from
// outside comes here. Reading is what a fast-forward does most, and encoding/json takes three times as long, because
// it must first decide what everything is.
func decodeObject(raw string) (Object, error) {
	return (&jsonReader{raw: raw}).document()
}

// decodeEnvelope reads an event, but leaves its data as it is written.
func decodeEnvelope(raw string) (Object, error) {
	return (&jsonReader{raw: raw, sealed: "data"}).document()
}

func (r *jsonReader) document() (Object, error) {
	v, err := r.value(0)
	if err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	o, ok := v.(Object)
	if !ok {
		return nil, errors.New("decode object: it is none")
	}
	if r.skip(); r.at != len(r.raw) {
		return nil, fmt.Errorf("decode object: something follows it at %d", r.at)
	}
	return o, nil
}

// maxNesting bounds how deep stored JSON may go.
const maxNesting = 200

type jsonReader struct {
	raw string
	at  int
	// sealed is a key of the outermost object whose value is kept as it is written.
	sealed string
	pairs  []pair // A stack: what was read of each object that is not finished yet, so that its map has the right size.
}

type pair struct {
	key   string
	value any
}

func (r *jsonReader) skip() {
	for r.at < len(r.raw) {
		switch r.raw[r.at] {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek returns the next character that is no space, and 0 at the end.
func (r *jsonReader) peek() byte {
	r.skip()
	if r.at >= len(r.raw) {
		return 0
	}
	return r.raw[r.at]
}

func (r *jsonReader) unexpected() error { return fmt.Errorf("unexpected input at %d", r.at) }

func (r *jsonReader) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, errors.New("nested too deeply")
	}
	switch c := r.peek(); c {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return r.text()
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.word("null")
	default:
		return r.number()
	}
}

func (r *jsonReader) word(want string) error {
	if len(r.raw)-r.at < len(want) || r.raw[r.at:r.at+len(want)] != want {
		return r.unexpected()
	}
	r.at += len(want)
	return nil
}

func (r *jsonReader) object(depth int) (any, error) {
	r.at++
	if r.peek() == '}' {
		r.at++
		return Object{}, nil
	}
	first := len(r.pairs)
	for {
		if r.peek() != '"' {
			return nil, r.unexpected()
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if r.peek() != ':' {
			return nil, r.unexpected()
		}
		r.at++
		value, err := r.member(key, depth+1)
		if err != nil {
			return nil, err
		}
		r.pairs = append(r.pairs, pair{key, value})
		switch r.peek() {
		case ',':
			r.at++
		case '}':
			r.at++
			out := make(Object, len(r.pairs)-first)
			for _, p := range r.pairs[first:] {
				out[p.key] = p.value
			}
			r.pairs = r.pairs[:first]
			return out, nil
		default:
			return nil, r.unexpected()
		}
	}
}

// member reads an object's value under a key.
func (r *jsonReader) member(key string, depth int) (any, error) {
	if depth > 1 || r.sealed == "" || key != r.sealed || r.peek() != '{' {
		return r.value(depth)
	}
	start, open := r.at, 0
	for ; r.at < len(r.raw); r.at++ {
		switch r.raw[r.at] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				r.at++
				return encoded(r.raw[start:r.at]), nil
			}
		case '"':
			for r.at++; r.at < len(r.raw) && r.raw[r.at] != '"'; r.at++ {
				if r.raw[r.at] == '\\' {
					r.at++
				}
			}
		}
	}
	return nil, r.unexpected()
}

func (r *jsonReader) array(depth int) (any, error) {
	out := []any{}
	r.at++
	if r.peek() == ']' {
		r.at++
		return out, nil
	}
	for {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
		switch r.peek() {
		case ',':
			r.at++
		case ']':
			r.at++
			return out, nil
		default:
			return nil, r.unexpected()
		}
	}
}

// text reads a string. One with an escape or beyond ASCII goes to encoding/json, which knows all the rules.
func (r *jsonReader) text() (string, error) {
	start, plain := r.at, true
	for i := r.at + 1; i < len(r.raw); i++ {
		switch c := r.raw[i]; {
		case c == '\\':
			plain = false
			i++
		case c == '"':
			r.at = i + 1
			if plain {
				return r.raw[start+1 : i], nil
			}
			var s string
			err := json.Unmarshal([]byte(r.raw[start:r.at]), &s)
			return s, err
		case c < ' ' || c >= utf8.RuneSelf:
			plain = false
		}
	}
	return "", r.unexpected()
}

// number reads a whole number as int64 and anything else as json.Number.
func (r *jsonReader) number() (any, error) {
	start := r.at
	for r.at < len(r.raw) {
		c := r.raw[r.at]
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
		r.at++
	}
	text := r.raw[start:r.at]
	if n, ok := whole(text); ok {
		return n, nil
	}
	if !json.Valid([]byte(text)) {
		return nil, r.unexpected()
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	return json.Number(text), nil
}

// whole reads the numbers that are nearly all there are: digits without a leading zero, few enough for an int64.
func whole(text string) (int64, bool) {
	if len(text) == 0 || len(text) > 18 || (text[0] == '0' && len(text) > 1) {
		return 0, false
	}
	var n int64
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
