package auth_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// TestP07_AFormWritesWhatItIsAboutAndNothingElse: the request has read the user before an admin and another tab change
// what it knows, and writes after that.
func TestP07_AFormWritesWhatItIsAboutAndNothingElse(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		stale := b.who(t, b.signIn(t, user))
		require.NoError(t, db.Write(t.Context()).Model(&models.User{}).Where("id = ?", user.ID).Updates(map[string]any{
			"disabled_at": b.clock.Now(), "email_verified_at": b.clock.Now(), "email": "countess@example.com",
		}).Error)
		require.NoError(t, b.auth.UpdatePreferences(t.Context(), stale, "de-DE", "Europe/Berlin"))
		require.NoError(t, b.auth.UpdateProfile(t.Context(), stale, "Ada Lovelace", nil))
		var now models.User
		require.NoError(t, db.Read(t.Context()).Take(&now, user.ID).Error)
		require.NotNil(t, now.DisabledAt, "who was disabled stays so")
		require.NotNil(t, now.EmailVerifiedAt)
		require.Equal(t, "countess@example.com", now.Email)
		require.Equal(t, "de-DE", now.Locale, "and one form keeps what the other has written")
		require.Equal(t, "Ada Lovelace", now.Name)
	})
}

// TestP07_WhatWasDeletedStaysDeleted has a session and a user end in the middle of a request that has read them.
func TestP07_WhatWasDeletedStaysDeleted(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		br := b.signIn(t, user)
		stale := b.who(t, br)
		br.do(func(w http.ResponseWriter, r *http.Request) {
			_, err := b.auth.Identify(r) // reads the session, which stays with the request
			require.NoError(t, err)
			require.NoError(t, db.Write(t.Context()).Where("user_id = ?", user.ID).Delete(&models.Session{}).Error)
			require.NoError(t, b.auth.SetFlash(w, r, auth.Notice{Kind: "success", Code: "profile_saved"}))
		})
		require.Zero(t, b.count(t, &models.Session{}), "signed out elsewhere is signed out")
		require.Nil(t, b.who(t, br))

		require.NoError(t, db.Write(t.Context()).Where("user_id = ?", user.ID).Delete(&models.Membership{}).Error)
		require.NoError(t, db.Write(t.Context()).Exec("UPDATE users SET email = 'gone@example.com' WHERE id = ?", user.ID).Error)
		rows := b.count(t, &models.User{})
		stale.User.ID += 1000 // the row of somebody who is no more
		_ = b.auth.UpdateProfile(context.Background(), stale, "A ghost", nil)
		_ = b.auth.UpdatePreferences(context.Background(), stale, "de-DE", "UTC")
		require.Equal(t, rows, b.count(t, &models.User{}))
		require.Zero(t, b.count(t, &models.User{}, "name = 'A ghost'"))
	})
}

// TestP07_TwoChangesOfAPasswordAreOne has two requests read the user's row, and the second write after the first has.
func TestP07_TwoChangesOfAPasswordAreOne(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		br := b.signIn(t, user)
		here, there := b.who(t, b.signIn(t, user)), b.who(t, br)
		require.NoError(t, b.auth.ChangePassword(t.Context(), here, goodPassword, otherPassword))
		err := b.auth.ChangePassword(t.Context(), there, goodPassword, "nine bridges over the canal")
		require.Error(t, err, "who changes it by a password that is no more is refused")
		require.Nil(t, b.who(t, br), "and was signed out by the first")
		_, err = b.auth.SignIn(t.Context(), "ada@example.com", otherPassword)
		require.NoError(t, err)
	})
}
