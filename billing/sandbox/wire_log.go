package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Bounds of the request log: how many requests it keeps, and how much of each body.
const (
	maxLogged  = 1000
	maxExcerpt = 16 << 10
	pruneEvery = 50 // How many requests more there may be before the oldest are dropped.
)

// LoggedRequest is one entry of the request log that the console shows.
type LoggedRequest struct {
	ID             string
	At             int64 // Virtual time, in unix seconds.
	Method, Path   string
	Status         int // 0 when the connection was cut.
	Millis         int64
	IdempotencyKey string
	Params         string // The decoded parameters as JSON, card numbers hidden.
	Response       string
}

// requestLog holds the entries that are not yet in the table. They go there with the next transaction that writes
// anything, because a commit of their own would make every request wait for the disk once more.
type requestLog struct {
	mu      sync.Mutex
	pending []LoggedRequest
}

func (l *requestLog) add(entry LoggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) >= maxLogged {
		l.pending = l.pending[1:]
	}
	l.pending = append(l.pending, entry)
}

func (l *requestLog) waiting() []LoggedRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.pending)
}

// written forgets entries that are in the table now.
func (l *requestLog) written(entries []LoggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := map[string]bool{}
	for _, entry := range entries {
		done[entry.ID] = true
	}
	l.pending = slices.DeleteFunc(l.pending, func(entry LoggedRequest) bool { return done[entry.ID] })
}

// log keeps the request for the console, whatever became of it.
func (c *call) log(status int, body []byte) {
	params := encode(redactCards(c.raw), "")
	c.s.requests.add(LoggedRequest{
		ID: c.id, At: c.s.Now().Unix(), Method: c.r.Method, Path: c.r.URL.Path, Status: status,
		Millis: c.s.opts.Now().Sub(c.started).Milliseconds(), IdempotencyKey: c.key,
		Params: excerpt(hideNumbers(string(params))), Response: excerpt(hideNumbers(string(body))),
	})
}

// flushLog writes the waiting entries in this transaction, and drops the oldest ones of the table.
func (tx *Tx) flushLog(entries []LoggedRequest) error {
	if len(entries) == 0 {
		return nil
	}
	prune := false
	for _, l := range entries {
		written, err := tx.sql.direct.Exec(`INSERT INTO requests
			(id, at, method, path, status, millis, idempotency_key, params, response) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			l.ID, l.At, l.Method, l.Path, l.Status, l.Millis, l.IdempotencyKey, l.Params, l.Response)
		if err != nil {
			return fmt.Errorf("log request: %w", err)
		}
		seq, _ := written.LastInsertId() // SQLite always knows.
		prune = prune || seq%pruneEvery == 0
	}
	if !prune {
		return nil
	}
	_, err := tx.sql.direct.Exec(`DELETE FROM requests WHERE seq <= (SELECT max(seq) FROM requests) - ?`, maxLogged)
	return err
}

// redactCards hides card numbers and security codes: not even test ones are kept.
func redactCards(p Params) Params {
	out := Params{}
	for key, value := range p {
		switch v := value.(type) {
		case Params:
			value = redactCards(v)
		case string:
			if key == "number" || key == "cvc" {
				value = "****"
			}
		}
		out[key] = value
	}
	return out
}

// hideNumbers replaces what could be a card number, wherever it was sent by mistake and wherever an error repeats it:
// 13 to 19 digits, perhaps in groups, with the check digit of one.
func hideNumbers(text string) string {
	var out strings.Builder
	kept, start, digits := 0, -1, 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] >= '0' && text[i] <= '9':
			if start < 0 {
				start = i
			}
			digits++
			continue
		case i < len(text) && start >= 0 && (text[i] == ' ' || text[i] == '-') && digits < 19:
			continue
		}
		if digits >= 13 && digits <= 19 && luhn(onlyDigits(text[start:i])) {
			out.WriteString(text[kept:start] + "****")
			kept = i
		}
		start, digits = -1, 0
	}
	return out.String() + text[kept:]
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

func excerpt(text string) string {
	if len(text) <= maxExcerpt {
		return text
	}
	return strings.ToValidUTF8(text[:maxExcerpt], "") + "..."
}

// Requests returns the latest entries of the request log, newest first.
func (tx *Tx) Requests(limit int) ([]LoggedRequest, error) {
	limit = min(max(limit, 1), maxLogged)
	out := tx.s.requests.waiting()
	slices.Reverse(out)
	rows, err := tx.sql.direct.Query(`SELECT id, at, method, path, status, millis, idempotency_key, params, response
		FROM requests ORDER BY seq DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("read request log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l LoggedRequest
		err := rows.Scan(&l.ID, &l.At, &l.Method, &l.Path, &l.Status, &l.Millis, &l.IdempotencyKey, &l.Params, &l.Response)
		if err != nil {
			return nil, fmt.Errorf("read request log: %w", err)
		}
		out = append(out, l)
	}
	return out[:min(limit, len(out))], rows.Err()
}

// Request returns one entry of the request log by its id.
func (tx *Tx) Request(id string) (LoggedRequest, error) {
	all, err := tx.Requests(maxLogged)
	if err != nil {
		return LoggedRequest{}, err
	}
	for _, l := range all {
		if l.ID == id {
			return l, nil
		}
	}
	return LoggedRequest{}, missing(http.StatusNotFound, "request", id, "id")
}
