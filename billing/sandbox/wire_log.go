package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Bounds of the request log: how many requests it keeps, and how much of each body.
const (
	maxLogged  = 1000
	maxExcerpt = 16 << 10
)

// LoggedRequest is one entry of the request log that the console shows.
type LoggedRequest struct {
	Seq            int64
	ID             string
	At             int64 // Virtual time, in unix seconds.
	Method, Path   string
	Status         int // 0 when the connection was cut.
	Millis         int64
	IdempotencyKey string
	Params         string // Canonical JSON of the decoded parameters.
	Response       string
}

// log keeps the request for the console. It comes after the answer and outside its transaction, so that refused
// requests are kept too; a failure to log is no failure of the request.
func (c *call) log(status int, body []byte) {
	params := strings.ReplaceAll(canonical(redactCards(c.raw)), ",}", "}")
	millis := c.s.opts.Now().Sub(c.started).Milliseconds()
	err := c.s.Do(context.WithoutCancel(c.r.Context()), func(tx *Tx) error {
		result, err := tx.sql.Exec(`INSERT INTO requests
			(id, at, method, path, status, millis, idempotency_key, params, response) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.id, tx.now, c.r.Method, c.r.URL.Path, status, millis, c.key, excerpt(params), excerpt(string(body)))
		if err != nil {
			return fmt.Errorf("log request: %w", err)
		}
		seq, err := result.LastInsertId()
		if err != nil || seq%100 != 0 {
			return err
		}
		_, err = tx.sql.Exec(`DELETE FROM requests WHERE seq <= ?`, seq-maxLogged)
		return err
	})
	if err != nil {
		c.s.log.Warn("sandbox request not logged", "request", c.id, "error", err)
	}
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

func excerpt(text string) string {
	if len(text) <= maxExcerpt {
		return text
	}
	return strings.ToValidUTF8(text[:maxExcerpt], "") + "..."
}

// Requests returns the latest entries of the request log, newest first.
func (tx *Tx) Requests(limit int) ([]LoggedRequest, error) {
	rows, err := tx.sql.Query(`SELECT seq, id, at, method, path, status, millis, idempotency_key, params, response
		FROM requests ORDER BY seq DESC LIMIT ?`, min(max(limit, 1), maxLogged))
	if err != nil {
		return nil, fmt.Errorf("read request log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []LoggedRequest
	for rows.Next() {
		var l LoggedRequest
		err := rows.Scan(&l.Seq, &l.ID, &l.At, &l.Method, &l.Path, &l.Status, &l.Millis, &l.IdempotencyKey, &l.Params,
			&l.Response)
		if err != nil {
			return nil, fmt.Errorf("read request log: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
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
