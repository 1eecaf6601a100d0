package models

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the tables to the newest version. Two programs may call it at once: the second
// waits for the first and finds nothing to do.
func (db *DB) Migrate(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	unlock, err := db.lockMigrations(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// lockMigrations makes SQLite's migrators take turns; on Postgres goose does that with an advisory
// lock. goose reads the version before it opens its transaction, so that two of them would apply
// the same step. The lock is a transaction on an empty database beside ours: it works on every
// system that SQLite works on, and is released when its holder dies.
func (db *DB) lockMigrations(ctx context.Context) (unlock func(), err error) {
	if db.Dialect != SQLite {
		return func() {}, nil
	}
	pool, err := sql.Open("sqlite3", "file:"+db.migrateLock+"?_txlock=exclusive&_busy_timeout=60000")
	if err != nil {
		return nil, fmt.Errorf("lock migrations: %w", err)
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock migrations: %w", err), pool.Close())
	}
	return func() {
		_ = tx.Rollback() // nothing was written
		_ = pool.Close()
	}, nil
}

// Migrated reports whether every migration that this program knows has been applied.
func (db *DB) Migrated(ctx context.Context) (bool, error) {
	provider, err := db.provider()
	if err != nil {
		return false, err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return false, fmt.Errorf("migration state: %w", err)
	}
	return !pending, nil
}

// rollback undoes every migration; only tests have a use for it.
func (db *DB) rollback(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := provider.DownTo(ctx, 0); err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// migrateTo applies the migrations up to a version; only tests stop on the way.
func (db *DB) migrateTo(ctx context.Context, version int64) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrate to %d: %w", version, err)
	}
	return nil
}

func (db *DB) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+string(db.Dialect))
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	pool, err := db.SQL()
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{}
	if db.Dialect == Postgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120)) // every second
		if err != nil {
			return nil, fmt.Errorf("migrate: %w", err)
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, pool, dir, options...)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return provider, nil
}
