// Package modelstest gives tests a real, empty, migrated database, and the same test on both kinds.
//
// SQLite tests get a file of their own. Postgres tests share one throw-away server per test
// process, started on first use from whatever PostgreSQL is installed, and each gets a database of
// its own copied from a migrated template. TEST_DATABASE_URL names a server to use instead. Where
// there is no PostgreSQL at all, these tests skip and say so; with CI=true a skip is a failure.
package modelstest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/tollgate/models"
)

// setupDeadline bounds everything that a test waits for before its body begins.
const setupDeadline = time.Minute

// Each runs body once on SQLite and once on Postgres, as parallel subtests on fresh databases.
func Each(t *testing.T, body func(t *testing.T, db *models.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		body(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		body(t, Postgres(t))
	})
}

// SQLite gives a migrated database in a temporary file, closed when the test ends.
func SQLite(t testing.TB) *models.DB {
	t.Helper()
	return Open(t, SQLiteURL(t))
}

// Postgres gives a migrated database on a real server, dropped when the test ends, or skips.
func Postgres(t testing.TB) *models.DB {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// Open connects to a URL that SQLiteURL or PostgresURL gave and closes it when the test ends. A
// test that needs two programs on one database opens it twice.
func Open(t testing.TB, databaseURL string) *models.DB {
	t.Helper()
	db, err := models.Open(t.Context(), databaseURL, time.Now)
	if err != nil {
		t.Fatalf("open %s: %v", databaseURL, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return db
}

// sqliteTemplate is a migrated file, made once per process: copying it is ten times faster than
// migrating, and a suite makes hundreds.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tollgate-sqlite-")
	if err != nil {
		return nil, fmt.Errorf("sqlite template: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing the last connection has folded the log into the file
})

// SQLiteURL gives the DATABASE_URL of a migrated file that nobody has open.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return SQLiteIn(t, filepath.Join(t.TempDir(), "test.db"))
}

// SQLiteIn is SQLiteURL for a file of the caller's choice.
func SQLiteIn(t testing.TB, path string) string {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// postgresServer is the server that this process's tests share. It stops by itself when the
// process ends, however that happens: see StartPostgres.
var postgresServer = sync.OnceValues(func() (server, error) {
	if external := os.Getenv("TEST_DATABASE_URL"); external != "" {
		return server{url: external}, nil
	}
	admin, stop, err := StartPostgres("")
	if err != nil {
		return server{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupDeadline)
	defer cancel()
	const template = "tollgate_template"
	if err := execute(ctx, admin, "CREATE DATABASE "+template); err != nil {
		return server{}, err
	}
	if err := migrate(withDatabase(admin, template)); err != nil {
		return server{}, err
	}
	return server{url: admin, template: template, stop: stop}, nil
})

// server is where test databases are made. Without a template, as on a server that is not ours,
// every database is migrated afresh so that nothing is left behind there. stop is never called, but
// letting go of it would let the collector close the pipe that keeps the server running.
type server struct {
	url, template string
	stop          func()
}

var databases atomic.Int64

// PostgresURL gives the DATABASE_URL of a migrated database that nobody has open, dropped when the
// test ends, or skips.
func PostgresURL(t testing.TB) string {
	t.Helper()
	srv, err := postgresServer()
	if err != nil {
		skip(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), setupDeadline)
	defer cancel()
	name := fmt.Sprintf("tollgate_test_%d_%d", os.Getpid(), databases.Add(1))
	statement := "CREATE DATABASE " + name
	if srv.template != "" {
		statement += " TEMPLATE " + srv.template
	}
	if err := execute(ctx, srv.url, statement); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(t, srv.url, name) })
	databaseURL := withDatabase(srv.url, name)
	if srv.template == "" {
		if err := migrate(databaseURL); err != nil {
			t.Fatal(err)
		}
	}
	return databaseURL
}

func drop(t testing.TB, admin, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), setupDeadline)
	defer cancel()
	if err := execute(ctx, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		t.Errorf("drop the test's database: %v", err)
	}
}

// skip passes over a test that needs PostgreSQL where there is none. In CI that would be a hole in
// what was proven, so there it fails.
func skip(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI must run the Postgres tests: %v", err)
	}
	t.Skipf("no Postgres to test on: %v", err)
}

func migrate(databaseURL string) error {
	ctx, cancel := context.WithTimeout(context.Background(), setupDeadline)
	defer cancel()
	db, err := models.Open(ctx, databaseURL, time.Now)
	if err != nil {
		return fmt.Errorf("migrate a template: %w", err)
	}
	if err := db.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate a template: %w", err)
	}
	return db.Close()
}

func execute(ctx context.Context, databaseURL, statement string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("connect to postgres: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server // the next connection reports it better than we could here
	}
	u.Path = "/" + name
	return u.String()
}
