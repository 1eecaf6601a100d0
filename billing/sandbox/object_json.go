package sandbox

import (
	"bytes"
	"encoding/json"
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
