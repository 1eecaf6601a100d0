package models_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// TestStatementInsideAndOutsideOfTransaction runs one statement, that nobody has run before, in a
// transaction while somebody else waits to run it outside. A program that has just started under load
// does so all the time.
func TestStatementInsideAndOutsideOfTransaction(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const statement = "UPDATE accounts SET name = name WHERE id = ?"
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		pool, err := db.SQL()
		require.NoError(t, err)
		outside := make(chan error, 1)
		require.NoError(t, db.Tx(ctx, func(tx *gorm.DB) error {
			go func() { outside <- db.Write(ctx).Exec(statement, 1).Error }()
			if db.Dialect == models.SQLite { // on Postgres nobody has to wait for the one connection
				awaitWaiter(ctx, t, func() bool { return pool.Stats().WaitCount > 0 })
			}
			return tx.Exec(statement, 1).Error
		}))
		require.NoError(t, <-outside)
	})
}

// awaitWaiter waits until somebody waits, of which the pool tells nobody by itself.
func awaitWaiter(ctx context.Context, t *testing.T, waiting func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !waiting() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("nobody waits for the connection")
		}
	}
}
