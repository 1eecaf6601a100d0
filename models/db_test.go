package models_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func newUser(email string) *models.User {
	return &models.User{PublicID: models.NewPublicID("usr"), Email: email, Name: "Ada"}
}

func TestOpenRefusesAnUnknownScheme(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://localhost/x", "tollgate.db"} {
		_, err := models.Open(t.Context(), url, time.Now)
		require.Error(t, err, url)
	}
}

func TestARowComesBackAsItWas(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		verified := time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC)
		user := newUser("ada@example.com")
		user.EmailVerifiedAt = &verified
		require.NoError(t, db.Write(t.Context()).Create(user).Error)
		require.NotZero(t, user.ID)

		var got models.User
		require.NoError(t, db.Read(t.Context()).Take(&got, user.ID).Error)
		require.True(t, verified.Equal(*got.EmailVerifiedAt), "times keep their microseconds and zone")
		require.WithinDuration(t, user.CreatedAt, got.CreatedAt, 0)
		require.Nil(t, got.DisabledAt)
	})
}

func TestAUniqueViolationIsTheSameErrorOnBoth(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		require.NoError(t, db.Write(t.Context()).Create(newUser("ada@example.com")).Error)
		err := db.Write(t.Context()).Create(newUser("ada@example.com")).Error
		require.ErrorIs(t, err, gorm.ErrDuplicatedKey)
	})
}

func TestForeignKeysHold(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		err := db.Write(t.Context()).Create(&models.Membership{AccountID: 1, UserID: 1, Role: models.RoleOwner}).Error
		require.ErrorIs(t, err, gorm.ErrForeignKeyViolated)
	})
}

func TestTxKeepsAllOrNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		boom := errors.New("boom")
		err := db.Tx(t.Context(), func(tx *gorm.DB) error {
			require.NoError(t, tx.Create(newUser("ada@example.com")).Error)
			return boom
		})
		require.ErrorIs(t, err, boom)
		var count int64
		require.NoError(t, db.Read(t.Context()).Model(&models.User{}).Count(&count).Error)
		require.Zero(t, count)
	})
}

// The one mistake that the single writing connection makes possible: using the database again
// inside its own transaction. It must end in an error, never hang.
func TestP06_WritingOutsideTheTransactionEndsWithTheDeadline(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := db.Tx(ctx, func(tx *gorm.DB) error {
		require.NoError(t, tx.Create(newUser("inside@example.com")).Error)
		return db.Write(ctx).Create(newUser("outside@example.com")).Error
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)

	require.NoError(t, db.Write(t.Context()).Create(newUser("after@example.com")).Error)
	var emails []string
	require.NoError(t, db.Read(t.Context()).Model(&models.User{}).Pluck("email", &emails).Error)
	require.Equal(t, []string{"after@example.com"}, emails, "the connection came back, the rest did not")
}

// A transaction without a deadline of its own still gets one.
func TestP06_TxBoundsItself(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		require.NoError(t, db.Tx(t.Context(), func(tx *gorm.DB) error {
			_, bounded := tx.Statement.Context.Deadline()
			require.True(t, bounded)
			return nil
		}))
	})
}

func TestTheReadingPoolCannotWrite(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	require.Error(t, db.Read(t.Context()).Create(newUser("ada@example.com")).Error)
}

// Sixteen writers and readers at once: on SQLite with shared connections this is where "database is
// locked" comes from.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const writers, rows = 16, 10
		errs := make(chan error, writers*rows*2)
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for range rows {
					errs <- db.Tx(t.Context(), func(tx *gorm.DB) error {
						return tx.Create(newUser(models.NewToken() + "@example.com")).Error
					})
					var one models.User
					errs <- db.Read(t.Context()).Take(&one).Error
				}
			})
		}
		group.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		var count int64
		require.NoError(t, db.Read(t.Context()).Model(&models.User{}).Count(&count).Error)
		require.EqualValues(t, writers*rows, count)
	})
}
