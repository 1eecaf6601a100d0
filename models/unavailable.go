package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
)

// Unavailable reports whether err says that the database cannot do this now, through no fault of the one who asked
// or of ours: it is full, locked, restarting, or not to be reached. The same request may well work in a minute, so
// it is answered so, and Stripe is asked to deliver again.
func Unavailable(err error) bool {
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		switch lite.Code {
		case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrCantOpen, sqlite3.ErrReadonly,
			sqlite3.ErrNomem, sqlite3.ErrInterrupt:
			return true
		}
		return false
	}
	var post *pgconn.PgError
	if errors.As(err, &post) {
		return postgresUnavailable(post.Code)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, context.DeadlineExceeded)
}

// postgresUnavailable knows the codes by their classes.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
func postgresUnavailable(code string) bool {
	for _, prefix := range []string{
		"08",                      // the connection failed
		"25P02", "25P03", "25P04", // the transaction was ended, for an earlier failure or for taking too long
		"25006",          // read-only: a standby that has not been promoted yet
		"40001", "40P01", // gave way to another, again and again
		"53",             // no disk, memory or connection left
		"55000", "55P03", // not ready, or locked by another
		"57014", "57P01", "57P02", "57P03", "57P05", // cancelled, or the server stops or starts
		"58030", // the disk failed
	} {
		if strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}
