package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// Dialect names the database in use.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// txDeadline bounds a transaction whose caller set no deadline. On SQLite a transaction that waits
// for itself would otherwise wait for ever, because there is one writing connection.
const txDeadline = 10 * time.Second

// postgresLimits bound what one program can do to another on the same server. Who waits for a row longer than
// SQLite's writers would gives up, and can say so. A transaction in which nothing has happened for longer than
// any may last belongs to a program that was suspended or cut off, and the rows that it holds are let go.
// They are set by a statement, because a pooler refuses parameters that it does not know at connection.
const postgresLimits = `SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'`

// txAttempts bounds how often a transaction that gave way to another is run.
const txAttempts = 4

// DB is an open database. On SQLite writes go through one connection, so that no transaction ever
// meets a locked database, and reads through a pool beside it; on Postgres both are one pool.
type DB struct {
	Dialect Dialect
	Pool    *pgxpool.Pool // nil on SQLite

	write *gorm.DB
	read  *gorm.DB

	migrateLock string // the file that SQLite's migrators take turns on
}

// Open connects to a DATABASE_URL: sqlite:PATH or postgres://…. It creates the folder of a SQLite
// file but no tables; Migrate does that. now stamps rows that carry no time of their own.
func Open(ctx context.Context, databaseURL string, now func() time.Time) (*DB, error) {
	switch {
	case strings.HasPrefix(databaseURL, "sqlite:"):
		return openSQLite(strings.TrimPrefix(databaseURL, "sqlite:"), now)
	case strings.HasPrefix(databaseURL, "postgres://"), strings.HasPrefix(databaseURL, "postgresql://"):
		return openPostgres(ctx, databaseURL, now)
	}
	return nil, errors.New("DATABASE_URL must begin with sqlite: or postgres://")
}

// config leaves the keeping of prepared statements to the drivers, each of which keeps them with the
// connection that they belong to. GORM's own cache is one for the whole pool, and whoever is first to use
// a statement prepares it while the others wait: where that first one waits for the only connection, and
// the transaction that has it needs the statement too, both wait until a deadline ends one of them.
func config(now func() time.Time) *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		NowFunc:                func() time.Time { return now().UTC().Truncate(time.Microsecond) },
		Logger:                 queryLog{},
	}
}

func openSQLite(path string, now func() time.Time) (*DB, error) {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the database folder: %w", err)
		}
	}
	query := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {"5000"},
		"_foreign_keys": {"on"}, "_txlock": {"immediate"}, "_stmt_cache_size": {"200"},
	}
	write, err := openSQLitePool("file:"+path+"?"+query.Encode(), 1, now)
	if err != nil {
		return nil, err
	}
	query.Set("mode", "ro")
	query.Set("_txlock", "deferred")
	query.Set("_query_only", "true")
	query.Del("_journal_mode") // a reader cannot change it, and the writer has set it
	read, err := openSQLitePool("file:"+path+"?"+query.Encode(), max(2, runtime.NumCPU()), now)
	if err != nil {
		return nil, err
	}
	return &DB{Dialect: SQLite, write: write, read: read, migrateLock: path + "-migrate"}, nil
}

func openSQLitePool(dsn string, size int, now func() time.Time) (*gorm.DB, error) {
	db, err := gorm.Open(sqlite.Open(dsn), config(now))
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return db, nil
}

func openPostgres(ctx context.Context, databaseURL string, now func() time.Time) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("parse DATABASE_URL: %w", err)
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return conn.PgConn().Exec(ctx, postgresLimits).Close()
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), config(now))
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	return &DB{Dialect: Postgres, Pool: pool, write: db, read: db}, nil
}

// Read begins a query that changes nothing.
//
// SQLite plans a prepared statement anew each time that one of its values is bound which the plan
// could depend on: one that a column is compared with for equality, and LIMIT. That takes several
// times as long as the query. Statements on the way of every request avoid it by writing such a value
// as CAST(? AS its type), into which the planner does not look.
func (db *DB) Read(ctx context.Context) *gorm.DB { return db.read.WithContext(ctx) }

// Write begins a single statement that changes something. For more than one, use Tx.
func (db *DB) Write(ctx context.Context) *gorm.DB { return db.write.WithContext(ctx) }

// Tx runs fn in one transaction and commits when it returns nil. fn must use only the tx it is
// given: on SQLite any other write would wait for this one until the deadline. A transaction that the
// database gave up in favour of another one is run again, so fn must bear being run twice.
func (db *DB) Tx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, txDeadline)
		defer cancel()
	}
	var err error
	for range txAttempts {
		if err = db.write.WithContext(ctx).Transaction(fn); !gaveWay(err) {
			return err
		}
	}
	return err
}

// SkipLocked ends a query that chooses rows for an update: rows that another program is choosing are passed over.
// SQLite has one writer, and neither needs this nor has it.
func (db *DB) SkipLocked() string {
	if db.Dialect == SQLite {
		return ""
	}
	return "FOR UPDATE SKIP LOCKED"
}

// gaveWay reports whether Postgres, or a database that speaks its protocol, ended a transaction to
// let another one through: 40001 serialization_failure, 40P01 deadlock_detected.
// Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
func gaveWay(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && (failure.Code == "40001" || failure.Code == "40P01")
}

// SQL is the pool that writes go through, for the libraries that speak database/sql.
func (db *DB) SQL() (*sql.DB, error) { return db.write.DB() }

// Through puts something between GORM and the database, on the pool that is written to and on the one that is only
// read from, where there is one. Tests that make a database fail, or a program die, use it.
func (db *DB) Through(wrap func(next gorm.ConnPool, writes bool) gorm.ConnPool) {
	for i, g := range []*gorm.DB{db.write, db.read} {
		if i > 0 && db.read == db.write {
			continue
		}
		g.ConnPool = wrap(g.ConnPool, i == 0)
		g.Statement.ConnPool = g.ConnPool
	}
}

// Ping reports whether both pools answer.
func (db *DB) Ping(ctx context.Context) error {
	for _, g := range []*gorm.DB{db.write, db.read} {
		pool, err := g.DB()
		if err != nil {
			return fmt.Errorf("database: %w", err)
		}
		if err := pool.PingContext(ctx); err != nil {
			return fmt.Errorf("database: %w", err)
		}
	}
	return nil
}

// Close releases every connection.
func (db *DB) Close() error {
	var errs []error
	for _, g := range []*gorm.DB{db.read, db.write} {
		pool, err := g.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	if db.Pool != nil {
		db.Pool.Close()
	}
	return errors.Join(errs...)
}
