package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrBackupElsewhere says that the database server has a tool of its own for this.
var ErrBackupElsewhere = errors.New("on Postgres a backup is made with pg_dump or by the provider")

// Backup writes a whole and consistent copy of a SQLite database to a new file, while programs go on writing to the
// original. It reads on a connection of its own, so that it holds nobody up. A file that is there already is never
// written over.
func Backup(ctx context.Context, databaseURL, path string) (err error) {
	from, ok := strings.CutPrefix(databaseURL, "sqlite:")
	if !ok {
		return ErrBackupElsewhere
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up: %s is there already (%w)", path, errors.Join(err, os.ErrExist))
	}
	db, err := sql.Open("sqlite3", "file:"+from+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}
