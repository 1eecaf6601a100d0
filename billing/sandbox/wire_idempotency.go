package sandbox

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	maxIdempotencyKey = 255
	idempotencyLife   = 24 * time.Hour
)

// remembered is the answer that an earlier request with the same key got.
type remembered struct {
	status  int
	request string
	body    []byte
}

// requestHash tells whether two requests are the same: method, path and parameters.
func requestHash(method, path string, p Params) string {
	sum := sha256.Sum256([]byte(method + " " + path + " " + canonical(p)))
	return hex.EncodeToString(sum[:])
}

// recall looks for the answer to an earlier request with this key. The same key with other parameters is refused.
// Keys live by the wall clock: a fast-forward must not make an application's retry charge twice.
func (tx *Tx) recall(scope, key, hash string) (*remembered, error) {
	oldest := tx.s.opts.Now().Add(-idempotencyLife).Unix()
	if _, err := tx.sql.direct.Exec(`DELETE FROM idempotency WHERE at < ?`, oldest); err != nil {
		return nil, fmt.Errorf("forget old idempotency keys: %w", err)
	}
	var earlier remembered
	var earlierHash, body string
	err := tx.sql.direct.QueryRow(`SELECT hash, status, request, body FROM idempotency WHERE scope = ? AND key = ?`, scope, key).
		Scan(&earlierHash, &earlier.status, &earlier.request, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up idempotency key: %w", err)
	}
	if earlierHash != hash {
		return nil, &Error{
			Status: http.StatusBadRequest, Type: typeIdempotency,
			Message: fmt.Sprintf("Keys for idempotent requests can only be used with the same parameters they were "+
				"first used with. Try using a key other than '%s' if you meant to execute a different request.", key),
		}
	}
	earlier.body = []byte(body)
	return &earlier, nil
}

// remember keeps an answer in the transaction that has its effect, so that there is never one without the other.
func (tx *Tx) remember(scope, key, hash string, status int, body []byte) error {
	_, err := tx.sql.direct.Exec(`INSERT INTO idempotency (scope, key, hash, status, request, body, at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		scope, key, hash, status, tx.request, string(body), tx.s.opts.Now().Unix())
	if err != nil {
		return fmt.Errorf("remember idempotency key: %w", err)
	}
	return nil
}

// memorable reports whether an answer is kept: one whose execution began. A request refused for its parameters may be
// corrected and sent again under the same key, and 502 to 504 come from in front of the API.
func memorable(status int) bool {
	return status < 400 || status == http.StatusPaymentRequired || status == http.StatusInternalServerError
}

// flightSet holds the keys of requests that are running now.
type flightSet struct {
	mu   sync.Mutex
	keys map[string]bool
}

// enter reports false when a request with the key is already running.
func (f *flightSet) enter(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[key] {
		return false
	}
	if f.keys == nil {
		f.keys = map[string]bool{}
	}
	f.keys[key] = true
	return true
}

func (f *flightSet) leave(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, key)
}

func keyInUse(key string) *Error {
	return &Error{
		Status: http.StatusConflict, Type: typeIdempotency, Code: "idempotency_key_in_use",
		Message: fmt.Sprintf("There is currently another in-progress request using this Idempotent Key (that probably "+
			"means you submitted twice, and the other request is still going through): %s. Please try again later.", key),
	}
}
