package sandbox

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Query says which objects Find and lists return: all conditions hold at once.
type Query struct {
	Customer     string
	Subscription string
	// Where compares the value at a dotted path with text; booleans compare as "true" and "false", and null as "".
	Where map[string]string
	// Not excludes objects whose value at a dotted path equals the text.
	Not map[string]string
	// In demands that the value at a dotted path is one of the texts; an empty list demands nothing.
	In map[string][]string
	// Some demands that an element of the array at the first path has the text at the second one.
	Some []SomeElement
	// CreatedFrom and CreatedTo bound the creation time, inclusively; 0 is open.
	CreatedFrom, CreatedTo int64
	// Limit bounds the result; 0 means 10,000, which is also the most.
	Limit       int
	OldestFirst bool
	// spans are ranges of times that the request asks for.
	spans []spanCondition
}

// SomeElement is a condition on the elements of an array: one of them has Value at a path within it.
type SomeElement struct{ Array, Path, Value string }

const maxFind = 10_000

// Find returns the objects of a kind that match, newest first unless the query says otherwise. Deleted ones never
// match.
func (tx *Tx) Find(kind string, q Query) ([]Object, error) {
	where, args := q.conditions(kind)
	order := "DESC"
	if q.OldestFirst {
		order = "ASC"
	}
	limit := q.Limit
	if limit <= 0 || limit > maxFind {
		limit = maxFind
	}
	rows, err := tx.sql.about(kind)
	if err != nil {
		return nil, err
	}
	return scan(rows, `SELECT data FROM objects WHERE `+where+` ORDER BY seq `+order+` LIMIT `+strconv.Itoa(limit), args...)
}

// querier is a way to the tables.
type querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
}

func scan(q querier, query string, args ...any) ([]Object, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("find objects: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Object
	for rows.Next() {
		var raw string
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("read object: %w", err)
		}
		o, err := decodeObject(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

func (q Query) conditions(kind string) (string, []any) {
	parts, args := []string{"object = ?", "deleted = 0"}, []any{kind}
	add := func(part string, values ...any) {
		parts = append(parts, part)
		args = append(args, values...)
	}
	// The indexes leave out what has no customer and no subscription, and SQLite uses them only for queries that say so.
	if q.Customer != "" {
		add("customer <> '' AND customer = ?", q.Customer)
	}
	if q.Subscription != "" {
		add("subscription <> '' AND subscription = ?", q.Subscription)
	}
	if q.CreatedFrom != 0 {
		add("created >= ?", q.CreatedFrom)
	}
	if q.CreatedTo != 0 {
		add("created <= ?", q.CreatedTo)
	}
	// json_type tells booleans from numbers, which json_extract alone gives both as 0 and 1.
	const text = `CASE json_type(data, ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
		ELSE coalesce(CAST(json_extract(data, ?) AS TEXT), '') END`
	for path, value := range q.Where {
		add(text+` = ?`, jsonPath(path), jsonPath(path), value)
	}
	for path, value := range q.Not {
		add(text+` <> ?`, jsonPath(path), jsonPath(path), value)
	}
	for path, values := range q.In {
		if len(values) == 0 {
			continue
		}
		in := []any{jsonPath(path), jsonPath(path)}
		for _, value := range values {
			in = append(in, value)
		}
		add(text+` IN (?`+strings.Repeat(", ?", len(values)-1)+`)`, in...)
	}
	for _, some := range q.Some {
		add(`EXISTS (SELECT 1 FROM json_each(data, ?) WHERE json_extract(value, ?) = ?)`,
			jsonPath(some.Array), jsonPath(some.Path), some.Value)
	}
	for _, span := range q.spans {
		add(span.where, span.args...)
	}
	return strings.Join(parts, " AND "), args
}

// jsonPath turns "items.data.0.price.id" into SQLite's form of it.
func jsonPath(path string) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, key := range strings.Split(path, ".") {
		if _, err := strconv.Atoi(key); err == nil {
			b.WriteString("[" + key + "]")
			continue
		}
		b.WriteString(`."` + strings.ReplaceAll(key, `"`, "") + `"`)
	}
	return b.String()
}
