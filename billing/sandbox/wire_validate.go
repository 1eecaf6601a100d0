package sandbox

import (
	"math/big"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// validate checks decoded parameters against an operation's schema and returns them with their types: whole numbers
// as int64, booleans as bool. Real Stripe refuses what it does not know, and so does the sandbox, or an application
// would learn of a misspelt parameter only in production.
func validate(node *schemaNode, extra []string, p Params) (Params, error) {
	if node == nil {
		return named(p, "").(Params), nil
	}
	return checkHash(node, extra, p, "")
}

func checkHash(node *schemaNode, extra []string, p Params, path string) (Params, error) {
	out := Params{pathKey: path}
	var unknown []string
	for _, key := range p.Keys() {
		prop := node.Props[key]
		if containsText(extra, key) && (prop == nil || p[key] == "") {
			out[key] = named(p[key], out.Path(key))
			continue
		}
		if prop == nil {
			unknown = append(unknown, out.Path(key))
			continue
		}
		value, err := checkValue(prop, p[key], out.Path(key))
		if err != nil {
			return nil, err
		}
		out[key] = value
	}
	if len(unknown) > 0 {
		return nil, unknownParams(unknown)
	}
	return out, checkRequired(node, out)
}

func unknownParams(names []string) *Error {
	word := "parameter"
	if len(names) > 1 {
		word = "parameters"
	}
	return invalidf(names[0], "Received unknown %s: %s", word, strings.Join(names, ", ")).withCode("parameter_unknown")
}

func checkRequired(node *schemaNode, p Params) error {
	var absent []string
	for key, prop := range node.Props {
		if prop.Required && !p.Has(key) {
			absent = append(absent, key)
		}
	}
	sort.Strings(absent)
	if len(absent) == 0 {
		return nil
	}
	return p.Require(absent...)
}

func containsText(list []string, text string) bool {
	for _, item := range list {
		if item == text {
			return true
		}
	}
	return false
}

// checkValue checks one value. Where the schema leaves a choice, the value's own form decides: a hash goes to the
// hash, a list to the list, and a text to the first alternative that takes it.
func checkValue(node *schemaNode, value any, path string) (any, error) {
	if text, ok := value.(string); ok && text == "" {
		return emptyValue(node, path)
	}
	if len(node.Any) > 0 {
		return checkAny(node, value, path)
	}
	switch node.Type {
	case "o":
		if sub, ok := value.(Params); ok {
			return checkHash(node, nil, sub, path)
		}
		if items, ok := value.([]any); ok && len(items) == 0 {
			return Params{pathKey: path}, nil
		}
		return nil, invalidf(path, "Invalid object")
	case "m":
		if sub, ok := mapValue(value); ok {
			return named(sub, path), nil
		}
		return nil, invalidf(path, "Invalid object")
	case "a":
		return checkArray(node, value, path)
	default:
		text, ok := value.(string)
		if !ok {
			return nil, invalidf(path, "Invalid %s", scalarName(node))
		}
		return checkText(node, text, path)
	}
}

// mapValue accepts a hash with any keys; one whose keys are all numbers was taken for a list while decoding.
func mapValue(value any) (Params, bool) {
	switch v := value.(type) {
	case Params:
		return v, true
	case []any:
		out := Params{}
		for i, item := range v {
			out[strconv.Itoa(i)] = item
		}
		return out, true
	default:
		return nil, false
	}
}

func checkArray(node *schemaNode, value any, path string) (any, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, invalidf(path, "Invalid array")
	}
	out := make([]any, len(items))
	for i, item := range items {
		if node.Items == nil {
			out[i] = item
			continue
		}
		checked, err := checkValue(node.Items, item, path+"["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		out[i] = checked
	}
	return out, nil
}

func checkAny(node *schemaNode, value any, path string) (any, error) {
	var last error
	for _, alt := range node.Any {
		if fits(alt, value) {
			checked, err := checkValue(alt, value, path)
			if err == nil {
				return checked, nil
			}
			last = err
		}
	}
	if last == nil {
		last = invalidf(path, "Invalid value for %s", path)
	}
	return nil, last
}

func fits(node *schemaNode, value any) bool {
	switch value.(type) {
	case Params:
		return node.Type == "o" || node.Type == "m"
	case []any:
		return node.Type == "a"
	default:
		return node.Type != "o" && node.Type != "m" && node.Type != "a"
	}
}

// emptyValue treats the empty string, which unsets a parameter where the specification allows it.
func emptyValue(node *schemaNode, path string) (any, error) {
	if node.Unset || node.Type == "m" || node.Type == "a" {
		return "", nil
	}
	for _, alt := range node.Any {
		if alt.Unset {
			return "", nil
		}
	}
	return nil, invalidf(path, "You passed an empty string for '%s'. We assume empty values are an attempt to unset a "+
		"parameter; however '%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value.",
		path, path, path).withCode("parameter_invalid_empty")
}

func checkText(node *schemaNode, text, path string) (any, error) {
	switch node.Type {
	case "i":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, invalidf(path, "Invalid integer: %s", text).withCode("parameter_invalid_integer")
		}
		return n, nil
	case "b":
		if text != "true" && text != "false" {
			return nil, invalidf(path, "Invalid boolean: %s", text)
		}
		return text == "true", nil
	case "n":
		if _, ok := new(big.Rat).SetString(text); !ok || strings.ContainsAny(text, "/eExXpP_") {
			return nil, invalidf(path, "Invalid decimal: %s", text)
		}
		return text, nil
	}
	if !node.accepts(text) {
		return nil, invalidf(path, "Invalid %s: must be one of %s", path, choices(node.Enum))
	}
	if node.Max > 0 && utf8.RuneCountInString(text) > node.Max {
		return nil, invalidf(path, "Invalid string: %s; must be at most %d characters", shortened(text), node.Max)
	}
	return text, nil
}

func shortened(text string) string {
	const head, tail = 10, 6
	runes := []rune(text)
	if len(runes) <= head+tail {
		return text
	}
	return string(runes[:head]) + "..." + string(runes[len(runes)-tail:])
}

func choices(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	case 2:
		return values[0] + " or " + values[1]
	default:
		return strings.Join(values[:len(values)-1], ", ") + ", or " + values[len(values)-1]
	}
}

func scalarName(node *schemaNode) string {
	switch node.Type {
	case "i":
		return "integer"
	case "b":
		return "boolean"
	case "n":
		return "decimal"
	default:
		return "string"
	}
}

// named notes in every hash the path that leads to it.
func named(v any, path string) any {
	switch x := v.(type) {
	case Params:
		x[pathKey] = path
		for _, key := range x.Keys() {
			x[key] = named(x[key], x.Path(key))
		}
	case []any:
		for i, item := range x {
			x[i] = named(item, path+"["+strconv.Itoa(i)+"]")
		}
	}
	return v
}
