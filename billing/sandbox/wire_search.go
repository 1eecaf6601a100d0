package sandbox

import (
	"encoding/base64"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// clause is one condition of a search query, such as -metadata["plan"]:"pro".
type clause struct {
	field, op, value string
	negated          bool
}

// search answers a search request: email:"a" AND -name~"b" or created>100 OR created<50, never both joins in one
// query. fields are what may be searched besides created and metadata.
func (r *apiRequest) search(kind string, fields ...string) (Object, error) {
	if err := r.Params.Require("query"); err != nil {
		return nil, err
	}
	clauses, either, err := parseSearch(r.Params.Str("query"), fields)
	if err != nil {
		return nil, err
	}
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	offset, err := searchOffset(r.Params.Str("page"))
	if err != nil {
		return nil, err
	}
	all, err := r.Tx.Find(kind, Query{})
	if err != nil {
		return nil, err
	}
	matched := slices.DeleteFunc(all, func(o Object) bool { return !matches(o, clauses, either) })
	offset = min(offset, len(matched))
	end := min(offset+p.limit, len(matched))
	data := make([]any, 0, p.limit)
	for _, o := range matched[offset:end] {
		data = append(data, o)
	}
	out := Object{
		"object": "search_result", "data": data, "has_more": end < len(matched), "next_page": nil,
		"url": r.Path,
	}
	if end < len(matched) {
		out["next_page"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return out, nil
}

func searchOffset(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, invalidf("page", "Invalid page: %s", token)
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 0 {
		return 0, invalidf("page", "Invalid page: %s", token)
	}
	return n, nil
}

// parseSearch reads the query; the second result tells whether one matching clause is enough.
func parseSearch(query string, fields []string) ([]clause, bool, error) {
	bad := invalidf("query", "We were unable to parse your search query. Try using the format "+
		"`metadata[\"key\"]:\"value\"` to query for metadata or key:\"value\" to query for other fields.")
	var clauses []clause
	joins := map[string]bool{}
	rest := strings.TrimSpace(query)
	for rest != "" {
		c, tail, ok := parseClause(rest)
		if !ok {
			return nil, false, bad
		}
		if !searchable(c.field, fields) {
			return nil, false, invalidf("query", "Field `%s` is an unsupported search field for resource.", c.field)
		}
		clauses = append(clauses, c)
		if len(clauses) > 10 {
			return nil, false, invalidf("query", "A search query can have at most 10 clauses.")
		}
		rest = strings.TrimSpace(tail)
		if rest == "" {
			break
		}
		join, tail, more := strings.Cut(rest, " ")
		switch strings.ToUpper(join) {
		case "AND", "OR":
			joins[strings.ToUpper(join)] = true
			rest = strings.TrimSpace(tail)
			if !more || rest == "" {
				return nil, false, bad
			}
		default:
			joins["AND"] = true // Clauses that only a space separates are joined by AND.
		}
	}
	if len(clauses) == 0 || len(joins) > 1 {
		return nil, false, bad
	}
	return clauses, joins["OR"], nil
}

func searchable(field string, fields []string) bool {
	name, _, _ := strings.Cut(field, ".")
	return name == "metadata" || field == "created" || slices.Contains(fields, field)
}

// parseClause reads one clause from the front of the text and returns the rest.
func parseClause(text string) (clause, string, bool) {
	var c clause
	if strings.HasPrefix(text, "-") {
		c.negated, text = true, text[1:]
	}
	i := strings.IndexAny(text, `:~<>[`)
	if i <= 0 {
		return c, "", false
	}
	c.field, text = text[:i], text[i:]
	if text[0] == '[' {
		key, tail, ok := quoted(text[1:])
		if !ok || !strings.HasPrefix(tail, "]") {
			return c, "", false
		}
		c.field, text = c.field+"."+key, tail[1:]
	}
	for _, op := range []string{">=", "<=", ":", "~", ">", "<"} {
		if strings.HasPrefix(text, op) {
			c.op, text = op, text[len(op):]
			break
		}
	}
	if c.op == "" || text == "" {
		return c, "", false
	}
	if text[0] == '"' || text[0] == '\'' {
		value, tail, ok := quoted(text)
		c.value = value
		return c, tail, ok
	}
	value, tail, _ := strings.Cut(text, " ")
	c.value = value
	return c, tail, value != ""
}

func quoted(text string) (string, string, bool) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return "", "", false
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == quote:
			return b.String(), text[i+1:], true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}

func matches(o Object, clauses []clause, either bool) bool {
	for _, c := range clauses {
		if c.match(o) != c.negated == either {
			return either
		}
	}
	return !either
}

// match compares without regard to case; a null field matches only the value null.
func (c clause) match(o Object) bool {
	var text string
	if key, ok := strings.CutPrefix(c.field, "metadata."); ok {
		text = o.Obj("metadata").get(key)
	} else {
		text = o.get(c.field)
	}
	switch c.op {
	case ":":
		if c.value == "null" {
			return text == ""
		}
		return strings.EqualFold(text, c.value)
	case "~":
		return len(c.value) >= 3 && strings.Contains(strings.ToLower(text), strings.ToLower(c.value))
	}
	left, ok1 := new(big.Rat).SetString(text)
	right, ok2 := new(big.Rat).SetString(c.value)
	if !ok1 || !ok2 {
		return false
	}
	switch cmp := left.Cmp(right); c.op {
	case ">":
		return cmp > 0
	case "<":
		return cmp < 0
	case ">=":
		return cmp >= 0
	default:
		return cmp <= 0
	}
}

// get returns a scalar as text: by its own key, which unlike for Str may contain dots, or else by a dotted path.
func (o Object) get(key string) string {
	if _, ok := o[key]; ok {
		return Params(o).Str(key)
	}
	return Params{"value": o.at(key)}.Str("value")
}
