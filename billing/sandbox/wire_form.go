package sandbox

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Limits of a form: how many pairs, and how deep a name may nest.
const (
	maxPairs = 2000
	maxDepth = 10
)

// decodeForm reads Stripe's bracket notation: a[b][0][c]=1, a[]=1 and expand[0]=x. A hash whose keys are all numbers
// is an array, in the order of the numbers. Pairs keep their order, because a[] depends on it.
func decodeForm(raw string) (Params, error) {
	root := Params{}
	if raw == "" {
		return root, nil
	}
	pairs := strings.Split(raw, "&")
	if len(pairs) > maxPairs {
		return nil, invalidf("", "Too many parameters: at most %d are accepted.", maxPairs)
	}
	for _, pair := range pairs {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(name)
		if err != nil {
			return nil, invalidf("", "Invalid request: the parameters could not be decoded.")
		}
		text, err := url.QueryUnescape(value)
		if err != nil {
			return nil, invalidf(key, "Invalid request: the parameters could not be decoded.")
		}
		path, ok := splitName(key)
		if !ok {
			return nil, invalidf(key, "Invalid request: the parameter name %s is malformed.", key)
		}
		if err := put(root, path, text, key); err != nil {
			return nil, err
		}
	}
	return arrays(root).(Params), nil
}

// splitName turns a[b][0] into a, b, 0. A name with a control character is malformed, since the package keeps notes
// of its own under such keys.
func splitName(name string) ([]string, bool) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return nil, false
	}
	head, rest, nested := strings.Cut(name, "[")
	if head == "" {
		return nil, false
	}
	path := []string{head}
	for nested {
		key, tail, closed := strings.Cut(rest, "]")
		if !closed || len(path) >= maxDepth {
			return nil, false
		}
		path = append(path, key)
		if tail == "" {
			return path, true
		}
		if !strings.HasPrefix(tail, "[") {
			return nil, false
		}
		rest = tail[1:]
	}
	return path, true
}

// put stores a value under its path. An empty segment appends: it takes the next free number, or stays in the last
// element while that lacks the next key (a[][x]=1&a[][y]=2 is one element).
func put(into Params, path []string, value, full string) error {
	current := into
	for i, key := range path {
		last := i == len(path)-1
		if key == "" {
			key = nextIndex(current, path, i)
		}
		if last {
			if _, nested := current[key].(Params); nested {
				return invalidf(full, "Invalid request: %s is given both as a value and as a hash.", full)
			}
			current[key] = value
			return nil
		}
		switch next := current[key].(type) {
		case Params:
			current = next
		case nil:
			fresh := Params{}
			current[key] = fresh
			current = fresh
		default:
			return invalidf(full, "Invalid request: %s is given both as a value and as a hash.", full)
		}
	}
	return nil
}

func nextIndex(current Params, path []string, i int) string {
	n := len(current)
	if i < len(path)-1 && n > 0 {
		if last, ok := current[strconv.Itoa(n-1)].(Params); ok && !last.Has(path[i+1]) {
			return strconv.Itoa(n - 1)
		}
	}
	return strconv.Itoa(n)
}

// arrays turns numeric hashes into arrays, from the leaves up.
func arrays(v any) any {
	p, ok := v.(Params)
	if !ok {
		return v
	}
	for key, value := range p {
		p[key] = arrays(value)
	}
	if len(p) == 0 {
		return p
	}
	indexes := make([]int, 0, len(p))
	for key := range p {
		n, err := strconv.Atoi(key)
		if err != nil || n < 0 || strconv.Itoa(n) != key {
			return p
		}
		indexes = append(indexes, n)
	}
	sort.Ints(indexes)
	items := make([]any, 0, len(p))
	for _, n := range indexes {
		items = append(items, p[strconv.Itoa(n)])
	}
	return items
}

// canonical writes parameters in one fixed order, for comparing two requests.
func canonical(v any) string {
	switch x := v.(type) {
	case Params:
		var b strings.Builder
		b.WriteByte('{')
		for _, key := range x.Keys() {
			b.WriteString(strconv.Quote(key) + ":" + canonical(x[key]) + ",")
		}
		return b.String() + "}"
	case []any:
		parts := make([]string, len(x))
		for i, item := range x {
			parts[i] = canonical(item)
		}
		return "[" + strings.Join(slices.Clip(parts), ",") + "]"
	case string:
		return strconv.Quote(x)
	default:
		return strconv.Quote(Params{"v": x}.Str("v"))
	}
}
