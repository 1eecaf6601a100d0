// Package fault is the vocabulary of things that go wrong in a way somebody can act on.
//
// A fault carries a kind, which decides the HTTP status, and a code, which decides the words. The
// words themselves live in views, so that a catalogue of languages can be laid under them; the
// cause stays wrapped inside for the log and never reaches a user.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure this is. handlers/errors.go maps each kind to a status.
type Kind string

// The kinds. An error that is no fault at all counts as Internal.
const (
	Invalid         Kind = "invalid"          // the request cannot be understood or is not allowed as it stands
	Unauthorized    Kind = "unauthorized"     // nobody is signed in
	Forbidden       Kind = "forbidden"        // signed in, but not allowed
	NotFound        Kind = "not_found"        // no such thing, or none that the asker may know of
	Conflict        Kind = "conflict"         // the state of the thing does not allow it now
	PaymentRequired Kind = "payment_required" // the plan does not include it
	TooLarge        Kind = "too_large"        // the body exceeds its limit
	RateLimited     Kind = "rate_limited"     // too many tries; RetryAfter says when to come back
	Unavailable     Kind = "unavailable"      // something we depend on is down or slow
	Internal        Kind = "internal"         // our own mistake
)

// Error is a failure with words for its reader. Params fill the words (amounts, names, limits);
// Fields maps form fields to codes of their own.
type Error struct {
	Kind       Kind
	Code       string
	Params     map[string]string
	Fields     map[string]string
	RetryAfter time.Duration
	Err        error
}

// Error is for logs: kind, code and cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Kind, e.Code)
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, e.Code, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes a fault without a cause. pairs are alternating parameter names and values.
func New(kind Kind, code string, pairs ...string) *Error {
	return Wrap(nil, kind, code, pairs...)
}

// Wrap makes a fault from a cause, which stays private to the log.
func Wrap(err error, kind Kind, code string, pairs ...string) *Error {
	e := &Error{Kind: kind, Code: code, Err: err}
	for i := 0; i+1 < len(pairs); i += 2 {
		if e.Params == nil {
			e.Params = map[string]string{}
		}
		e.Params[pairs[i]] = pairs[i+1]
	}
	return e
}

// Form makes an Invalid fault whose fields each have a code.
func Form(fields map[string]string) *Error {
	return &Error{Kind: Invalid, Code: "invalid_form", Fields: fields}
}

// From finds the fault in err, or describes err as Internal.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Err: err}
}

// Is reports whether err carries a fault with this code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
