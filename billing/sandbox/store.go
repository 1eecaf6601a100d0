package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	_ "github.com/mattn/go-sqlite3" // The database/sql driver: one file holds all that the sandbox knows.
)

// tables is the whole database. Objects are opaque JSON with the few columns that lists and engines look up by.
const tables = `
CREATE TABLE IF NOT EXISTS objects (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	object TEXT NOT NULL,
	customer TEXT NOT NULL DEFAULT '',
	subscription TEXT NOT NULL DEFAULT '',
	created INTEGER NOT NULL,
	deleted INTEGER NOT NULL DEFAULT 0,
	data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (object, seq);
CREATE INDEX IF NOT EXISTS objects_customer ON objects (customer, object, seq) WHERE customer <> '';
CREATE INDEX IF NOT EXISTS objects_subscription ON objects (subscription, object, seq) WHERE subscription <> '';
CREATE TABLE IF NOT EXISTS events (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	type TEXT NOT NULL,
	account TEXT NOT NULL DEFAULT '',
	created INTEGER NOT NULL,
	object_id TEXT NOT NULL DEFAULT '',
	data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_object ON events (object_id, seq);
CREATE TABLE IF NOT EXISTS deliveries (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	event TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	rank INTEGER NOT NULL,
	attempt INTEGER NOT NULL DEFAULT 0,
	next_at INTEGER NOT NULL,
	state TEXT NOT NULL DEFAULT 'pending',
	status INTEGER NOT NULL DEFAULT 0,
	excerpt TEXT NOT NULL DEFAULT '',
	at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, next_at, rank);
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS idempotency (
	scope TEXT NOT NULL,
	key TEXT NOT NULL,
	hash TEXT NOT NULL,
	status INTEGER NOT NULL,
	request TEXT NOT NULL,
	body TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (scope, key)
);
CREATE INDEX IF NOT EXISTS idempotency_at ON idempotency (at);
CREATE TABLE IF NOT EXISTS agenda (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	at INTEGER NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	clock TEXT NOT NULL DEFAULT '', -- The test clock by which the step is due; '' is the account's own clock.
	PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS agenda_clock ON agenda (clock, at);
CREATE TABLE IF NOT EXISTS requests (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	at INTEGER NOT NULL,
	method TEXT NOT NULL,
	path TEXT NOT NULL,
	status INTEGER NOT NULL,
	millis INTEGER NOT NULL,
	idempotency_key TEXT NOT NULL DEFAULT '',
	params TEXT NOT NULL,
	response TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
`

// openStore opens the file, or a private database in memory when path is empty. There is one connection, so writers
// queue up in Go instead of meeting each other's locks, and every request sees the world as its predecessor left it.
// SQLite's own locks between threads (_mutex) would guard it once more.
func openStore(ctx context.Context, path string) (*sql.DB, error) {
	dsn := "file::memory:?_txlock=immediate&_mutex=no&_stmt_cache_size=200"
	if path != "" {
		escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
		dsn = "file:" + escaped + "?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_busy_timeout=5000" +
			"&_mutex=no&_stmt_cache_size=200"
	}
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, fmt.Errorf("open sandbox database: %w", err)
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	db.SetConnMaxIdleTime(0)
	if path == "" {
		// Most commits make SQLite look at every page of a database in memory, so large pages keep it fast as it grows.
		if _, err := db.ExecContext(ctx, `PRAGMA page_size = 16384`); err != nil {
			return nil, errors.Join(fmt.Errorf("set up sandbox memory: %w", err), db.Close())
		}
	}
	// A file of an earlier version has an agenda without clocks. What stood on it belonged to the account.
	var old bool
	err = db.QueryRowContext(ctx, `SELECT count(*) > 0 AND NOT max(name = 'clock') FROM pragma_table_info('agenda')`).
		Scan(&old)
	if err == nil && old {
		_, err = db.ExecContext(ctx, `ALTER TABLE agenda ADD COLUMN clock TEXT NOT NULL DEFAULT ''`)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("upgrade sandbox tables: %w", err), db.Close())
	}
	if _, err := db.ExecContext(ctx, tables); err != nil {
		return nil, errors.Join(fmt.Errorf("create sandbox tables: %w", err), db.Close())
	}
	return db, nil
}

// meta reads one setting; the second result tells whether it was there.
func (tx *Tx) meta(key string) (string, bool, error) {
	var value string
	err := tx.sql.direct.QueryRow(`SELECT value FROM meta WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read setting %s: %w", key, err)
	}
	return value, true, nil
}

func (tx *Tx) setMeta(key, value string) error {
	_, err := tx.sql.direct.Exec(`INSERT INTO meta (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("write setting %s: %w", key, err)
	}
	return nil
}
