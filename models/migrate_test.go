package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func TestMigrationsGoUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		done, err := db.Migrated(t.Context())
		require.NoError(t, err)
		require.True(t, done)

		require.NoError(t, models.Rollback(db, t.Context()))
		done, err = db.Migrated(t.Context())
		require.NoError(t, err)
		require.False(t, done)
		require.Error(t, db.Read(t.Context()).Take(&models.User{}).Error, "the tables are gone")

		require.NoError(t, db.Migrate(t.Context()))
		require.NoError(t, db.Write(t.Context()).Create(newUser("ada@example.com")).Error)
	})
}

// Two copies of the program that start at once on an empty database both come up.
func TestP08_TwoMigratorsAtOnce(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, url string) {
		first, second := modelstest.Open(t, url), modelstest.Open(t, url)
		require.NoError(t, models.Rollback(first, t.Context()))
		errs := make(chan error, 2)
		for _, db := range []*models.DB{first, second} {
			go func() { errs <- db.Migrate(t.Context()) }()
		}
		require.NoError(t, <-errs)
		require.NoError(t, <-errs)
		done, err := second.Migrated(t.Context())
		require.NoError(t, err)
		require.True(t, done)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, modelstest.SQLiteURL(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, modelstest.PostgresURL(t))
	})
}
