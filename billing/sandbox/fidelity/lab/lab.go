// Package lab runs sandboxes in the judge's own process: no port, no webhooks, a wall clock that stands still, and so
// thousands of lives a minute. Everything else is the real thing, from the decoding of the form to the JSON.
package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox"
)

// Lab is one sandbox, and what a client of its API needs.
type Lab struct {
	Sandbox *sandbox.Sandbox
	// Spoil, when set, may falsify every answer before the judge sees it. Only the controls of the judges use it.
	Spoil func(method, path string, answer Object)

	handler http.Handler
	start   time.Time
	calls   int
}

// New makes a sandbox in memory whose clock stands at a moment such as 2026-01-31T10:00 (UTC), until Advance moves it.
// Each change may alter its options.
func New(moment string, changes ...func(*sandbox.Options)) (*Lab, error) {
	start, err := Moment(moment)
	if err != nil {
		return nil, err
	}
	l := &Lab{start: start}
	opts := sandbox.Options{Now: func() time.Time { return l.start }, RelaxedDelivery: true}
	for _, change := range changes {
		change(&opts)
	}
	l.Sandbox, err = sandbox.New(opts)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	l.handler = l.Sandbox.Handler()
	return l, nil
}

// Moment reads a time of the form 2026-01-31T10:00 or 2026-01-31T10:00:59, in UTC.
func Moment(text string) (time.Time, error) {
	layout := "2006-01-02T15:04"
	if strings.Count(text, ":") == 2 {
		layout += ":05"
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return t, fmt.Errorf("lab: %w", err)
	}
	return t, nil
}

// Refusal is an answer other than 200.
type Refusal struct {
	Status  int
	Method  string
	Path    string
	Message string
	Code    string
}

// Error tells what was refused, and why.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s %s: %d %s %s", r.Method, r.Path, r.Status, r.Code, r.Message)
}

// Post sends a form of alternating names and values. An answer other than 200 is a *Refusal.
func (l *Lab) Post(path string, form ...string) (Object, error) {
	return l.send(http.MethodPost, path, form)
}

// Get reads, with a query of alternating names and values.
func (l *Lab) Get(path string, query ...string) (Object, error) {
	return l.send(http.MethodGet, path, query)
}

// Delete deletes or cancels, with a query of alternating names and values.
func (l *Lab) Delete(path string, query ...string) (Object, error) {
	return l.send(http.MethodDelete, path, query)
}

func (l *Lab) send(method, path string, form []string) (Object, error) {
	l.calls++
	body, target := encode(form), path
	if method != http.MethodPost && body != "" {
		target, body = path+"?"+body, ""
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "http://127.0.0.1"+target, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+l.Sandbox.SecretKey())
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	l.handler.ServeHTTP(w, req)
	answer, err := Decode(w.body.Bytes())
	if err != nil {
		return nil, fmt.Errorf("lab: %s %s: %w", method, path, err)
	}
	if w.status != http.StatusOK {
		return answer, &Refusal{
			Status: w.status, Method: method, Path: path, Message: answer.Str("error.message"),
			Code: answer.Str("error.code"),
		}
	}
	if l.Spoil != nil {
		l.Spoil(method, path, answer)
	}
	return answer, nil
}

func encode(form []string) string {
	var b strings.Builder
	for i := 0; i+1 < len(form); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(form[i]))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(form[i+1]))
	}
	return b.String()
}

// All reads a list to its end, the newest object first.
func (l *Lab) All(path string, query ...string) ([]Object, error) {
	var out []Object
	for {
		q := append([]string{"limit", "100"}, query...)
		if len(out) > 0 {
			q = append(q, "starting_after", out[len(out)-1].ID())
		}
		page, err := l.Get(path, q...)
		if err != nil {
			return nil, err
		}
		out = append(out, page.List("data")...)
		if page["has_more"] != true {
			return out, nil
		}
	}
}

// Events returns everything that happened, the oldest first.
func (l *Lab) Events() ([]Object, error) {
	rows, err := l.Rows("events")
	for i, row := range rows {
		rows[i] = row.Obj("data")
	}
	return rows, err
}

// Rows reads whole tables of the sandbox's database off an export of it, in their own order. It is the way to see much
// at once: a list of the API comes in pages, each of which is worked out anew.
func (l *Lab) Rows(tables ...string) ([]Object, error) {
	var out bytes.Buffer
	if err := l.Sandbox.Export(context.Background(), &out); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	var rows []Object
	for line := range bytes.Lines(out.Bytes()) {
		for _, table := range tables {
			if !bytes.HasPrefix(line, []byte(`{"table":"`+table+`"`)) {
				continue
			}
			row, err := Decode(line)
			if err != nil {
				return nil, fmt.Errorf("lab: %w", err)
			}
			rows = append(rows, row.Obj("row"))
		}
	}
	if l.Spoil != nil {
		for _, row := range rows {
			l.Spoil("EXPORT", tables[0], row.Obj("data"))
		}
	}
	return rows, nil
}

// Advance moves the clock and does on the way all that falls due.
func (l *Lab) Advance(d time.Duration) error { return l.Sandbox.Advance(context.Background(), d) }

// AdvanceTo moves the clock to a moment in unix seconds.
func (l *Lab) AdvanceTo(at int64) error {
	return l.Sandbox.AdvanceTo(context.Background(), time.Unix(at, 0))
}

// Now is the sandbox's time, in unix seconds.
func (l *Lab) Now() int64 { return l.Sandbox.Now().Unix() }

// Reset makes the sandbox as good as new, and sets its clock to a moment in unix seconds. No request may be under way.
func (l *Lab) Reset(at int64) error {
	l.start = time.Unix(at, 0)
	return l.Sandbox.Reset(context.Background())
}

// Close ends the sandbox.
func (l *Lab) Close() error { return l.Sandbox.Close() }

// Calls counts the requests made so far.
func (l *Lab) Calls() int { return l.calls }

// recorder is a response writer that only keeps.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// Object is an answer of the API. Its numbers are json.Number, so that no amount passes through a float.
type Object map[string]any

// Decode reads one object.
func Decode(raw []byte) (Object, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var o Object
	if err := dec.Decode(&o); err != nil {
		return nil, fmt.Errorf("decode %.200s: %w", raw, err)
	}
	return o, nil
}

// At follows a path such as items.data.0.price.id; it is nil where the path ends early.
func (o Object) At(path string) any {
	var v any = map[string]any(o)
	for part := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// Str is the text at a path, and "" where there is none.
func (o Object) Str(path string) string {
	s, _ := o.At(path).(string)
	return s
}

// Int is the integer at a path, and 0 where there is none.
func (o Object) Int(path string) int64 {
	n, _ := o.At(path).(json.Number)
	i, _ := n.Int64()
	return i
}

// Has reports whether something other than null is at a path.
func (o Object) Has(path string) bool { return o.At(path) != nil }

// Bool is the truth at a path.
func (o Object) Bool(path string) bool { return o.At(path) == true }

// Obj is the object at a path, or nil.
func (o Object) Obj(path string) Object {
	m, _ := o.At(path).(map[string]any)
	return m
}

// List is the objects of an array, or of the list object, at a path.
func (o Object) List(path string) []Object {
	v := o.At(path)
	if m, ok := v.(map[string]any); ok {
		v = m["data"]
	}
	items, _ := v.([]any)
	out := make([]Object, 0, len(items))
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// ID is the object's id.
func (o Object) ID() string { return o.Str("id") }
