package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Bounds of a page. The API takes a limit outside them for the nearest bound.
const (
	defaultPage = 10
	maxPage     = 100
)

// listPage is what a list request asks for.
type listPage struct {
	limit         int
	after, before string
}

func (r *apiRequest) page() (listPage, error) {
	p := listPage{limit: defaultPage, after: r.Params.Str("starting_after"), before: r.Params.Str("ending_before")}
	n, given, err := r.Params.Int("limit")
	if err != nil {
		return p, err
	}
	if given {
		p.limit = int(max(1, min(n, maxPage)))
	}
	if p.after != "" && p.before != "" {
		return p, invalidf("", "Received both starting_after and ending_before parameters. Please pass in only one.")
	}
	return p, nil
}

// list answers a list request: newest first, one page, with the query's conditions and the request's own created
// filter. Other filters of the request are the handler's to put into the query, because only documented ones count.
func (r *apiRequest) list(kind string, q Query) (Object, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	r.Tx.s.hideClockObjects(kind, &q)
	where, args := q.conditions(kind)
	created, createdArgs, err := r.createdFilter()
	if err != nil {
		return nil, err
	}
	where += created
	args = append(args, createdArgs...)
	return r.listRows("objects", where, args, p, func(id string) error {
		return missing(http.StatusBadRequest, kind, id, p.cursorParam())
	})
}

func (p listPage) cursorParam() string {
	if p.before != "" {
		return "ending_before"
	}
	return "starting_after"
}

// listRows reads one page of a table that has seq, id and data. A page before a cursor is read backwards and turned
// round.
func (r *apiRequest) listRows(table, where string, args []any, p listPage, unknown func(string) error) (Object, error) {
	order, cursor := "DESC", p.after
	comparison := "<"
	if p.before != "" {
		order, cursor, comparison = "ASC", p.before, ">"
	}
	if cursor != "" {
		var seq int64
		err := r.Tx.sql.QueryRow(`SELECT seq FROM `+table+` WHERE id = ?`, cursor).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, unknown(cursor)
		}
		if err != nil {
			return nil, fmt.Errorf("find cursor %s: %w", cursor, err)
		}
		where += " AND seq " + comparison + " ?"
		args = append(args, seq)
	}
	found, err := scan(r.Tx.sql, `SELECT data FROM `+table+` WHERE `+where+` ORDER BY seq `+order+
		` LIMIT `+strconv.Itoa(p.limit+1), args...)
	if err != nil {
		return nil, err
	}
	more := len(found) > p.limit
	if more {
		found = found[:p.limit]
	}
	data := make([]any, len(found))
	for i, o := range found {
		if order == "ASC" {
			data[len(found)-1-i] = o
		} else {
			data[i] = o
		}
	}
	return Object{"object": "list", "data": data, "has_more": more, "url": r.Path}, nil
}

// spanCondition is a range of times, as a condition on rows.
type spanCondition struct {
	where string
	args  []any
}

// createdFilter reads created as a time or as a range of gt, gte, lt and lte.
func (r *apiRequest) createdFilter() (string, []any, error) {
	span, err := r.span("created", "created")
	if err != nil || span.where == "" {
		return "", nil, err
	}
	return " AND " + span.where, span.args, nil
}

// span reads a parameter that is a time or a range of times, as a condition on a column.
func (r *apiRequest) span(name, column string, columnArgs ...any) (spanCondition, error) {
	var out spanCondition
	add := func(op string, at int64) {
		if out.where != "" {
			out.where += " AND "
		}
		out.where += column + " " + op + " ?"
		out.args = append(append(out.args, columnArgs...), at)
	}
	if !r.Params.Given(name) {
		return out, nil
	}
	bounds := r.Params.Sub(name)
	if bounds == nil {
		at, _, err := r.Params.Int(name)
		add("=", at)
		return out, err
	}
	for _, bound := range []struct{ key, op string }{{"gt", ">"}, {"gte", ">="}, {"lt", "<"}, {"lte", "<="}} {
		at, given, err := bounds.Int(bound.key)
		if err != nil {
			return out, err
		}
		if given {
			add(bound.op, at)
		}
	}
	return out, nil
}

// timeFilters put the named parameters, each a time or a range of times, into a query's conditions under the same path.
func (r *apiRequest) timeFilters(q *Query, names ...string) error {
	for _, name := range names {
		span, err := r.span(name, "json_extract(data, ?)", jsonPath(name))
		if err != nil {
			return err
		}
		if span.where != "" {
			q.spans = append(q.spans, span)
		}
	}
	return nil
}

// filters copies the named parameters, where given, into a query's conditions under the same path.
func (r *apiRequest) filters(q *Query, names ...string) {
	for _, name := range names {
		if !r.Params.Given(name) {
			continue
		}
		q.where(name, r.Params.Str(name))
	}
}

// where adds a condition: the value at a dotted path is the text.
func (q *Query) where(path, text string) {
	if q.Where == nil {
		q.Where = map[string]string{}
	}
	q.Where[path] = text
}
