package auth_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func TestResetPassword(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		br := b.signIn(t, user)
		require.NoError(t, b.auth.ForgotPassword(t.Context(), "Ada@example.com"))
		token := b.lastToken(t, "reset_password")
		require.NoError(t, b.auth.ResetTokenValid(t.Context(), token))
		require.NoError(t, b.auth.ResetTokenValid(t.Context(), token), "looking must not use it up")

		err := b.reset(t, token, "short")
		assert.Equal(t, map[string]string{"password": "password_too_short"}, fields(err))
		require.NoError(t, b.reset(t, token, otherPassword))
		assert.Equal(t, "token_invalid", code(b.reset(t, token, goodPassword)))

		assert.Nil(t, b.who(t, br), "sessions from before must end")
		_, err = b.auth.SignIn(t.Context(), "ada@example.com", goodPassword)
		assert.Equal(t, "credentials_wrong", code(err))
		signedIn, err := b.auth.SignIn(t.Context(), "ada@example.com", otherPassword)
		require.NoError(t, err)
		assert.NotNil(t, signedIn.EmailVerifiedAt, "whoever read the mail owns the address")
		assert.Len(t, b.mails(t, "password_changed"), 1)
	})
}

func TestResetTokensDie(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		forgot := func() string {
			require.NoError(t, b.auth.ForgotPassword(t.Context(), user.Email))
			return b.lastToken(t, "reset_password")
		}
		dead := func(token, why string) {
			t.Helper()
			assert.Equal(t, "token_invalid", code(b.auth.ResetTokenValid(t.Context(), token)), why)
			assert.Equal(t, "token_invalid", code(b.reset(t, token, otherPassword)), why)
		}
		first, second := forgot(), forgot()
		dead(first, "a newer one kills it")
		b.clock.Advance(61 * time.Minute)
		dead(second, "it is too old")
		third := forgot()
		id := b.who(t, b.signIn(t, user))
		require.NoError(t, b.auth.ChangePassword(t.Context(), id, goodPassword, "an entirely new phrase"))
		dead(third, "the password was changed since")
		fourth := forgot()
		dead(fourth[1:], "it is cut short")
		dead(b.lastToken(t, "verify_email"), "it is for something else")
		dead("' OR 1=1 --", "it is no token")
		dead("\x00\xff", "it is no token")
		require.NoError(t, db.Write(t.Context()).Model(&user).Update("email", "new@example.com").Error)
		dead(fourth, "it was mailed to an address that is no longer the user's")
	})
}

func TestOneResetTokenWorksOnceInParallel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		b.signUp(t, "ada@example.com")
		require.NoError(t, b.auth.ForgotPassword(t.Context(), "ada@example.com"))
		token := b.lastToken(t, "reset_password")
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if b.reset(t, token, otherPassword) == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		assert.Equal(t, int64(1), won.Load())
		assert.Len(t, b.mails(t, "password_changed"), 1)
	})
}

func TestForgotPasswordFloodsNobody(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		b.signUp(t, "ada@example.com")
		for range 20 {
			require.NoError(t, b.auth.ForgotPassword(t.Context(), "ada@example.com"))
		}
		assert.Len(t, b.mails(t, "reset_password"), 5)
		require.NoError(t, b.auth.ForgotPassword(t.Context(), "nobody@example.com"))
		assert.Len(t, b.mails(t, "reset_password"), 5)
		err := b.auth.ForgotPassword(t.Context(), "no address")
		assert.Equal(t, map[string]string{"email": "email_invalid"}, fields(err))
	})
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		br := b.signIn(t, user)
		admins := []string{"ada@example.com"}
		assert.False(t, b.who(t, br).Admin(admins), "not before the address is proven")
		token := b.lastToken(t, "verify_email")
		found, err := b.auth.VerifyTokenUser(t.Context(), token)
		require.NoError(t, err)
		assert.Equal(t, user.ID, found.ID)
		assert.False(t, b.who(t, br).Verified(), "looking must not use it up")
		_, err = b.auth.VerifyEmail(t.Context(), token)
		require.NoError(t, err)
		assert.True(t, b.who(t, br).Verified())
		assert.True(t, b.who(t, br).Admin(admins))
		assert.False(t, b.who(t, br).Admin(nil))
		_, err = b.auth.VerifyEmail(t.Context(), token)
		assert.Equal(t, "token_invalid", code(err))
	})
}

func TestVerificationIsSentAgainWithinReason(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		br := b.signIn(t, b.signUp(t, "ada@example.com").User)
		first := b.lastToken(t, "verify_email")
		id := b.who(t, br)
		assert.Equal(t, "rate_limited", code(b.auth.ResendVerification(t.Context(), id)), "the first was just sent")
		sent := 0
		for range 10 {
			b.clock.Advance(2 * time.Minute)
			if b.auth.ResendVerification(t.Context(), id) == nil {
				sent++
			}
		}
		assert.Equal(t, 5, sent)
		_, err := b.auth.VerifyTokenUser(t.Context(), first)
		require.NoError(t, err, "an older mail that arrives late still works")
		b.clock.Advance(73 * time.Hour)
		_, err = b.auth.VerifyEmail(t.Context(), first)
		assert.Equal(t, "token_invalid", code(err))
	})
}

func TestChangePasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		here, there := b.signIn(t, user), b.signIn(t, user)
		id := b.who(t, here)
		err := b.auth.ChangePassword(t.Context(), id, "wrong", otherPassword)
		assert.Equal(t, map[string]string{"current": "password_wrong"}, fields(err))
		err = b.auth.ChangePassword(t.Context(), id, goodPassword, "password123")
		assert.Equal(t, map[string]string{"password": "password_common"}, fields(err))
		require.NoError(t, b.auth.ChangePassword(t.Context(), id, goodPassword, otherPassword))
		assert.NotNil(t, b.who(t, here))
		assert.Nil(t, b.who(t, there))
		_, err = b.auth.SignIn(t.Context(), user.Email, otherPassword)
		require.NoError(t, err)
	})
}

func TestOneVerificationTokenWorksOnceInParallel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		for i := range 5 {
			b.signUp(t, fmt.Sprintf("user%d@example.com", i))
			token := b.lastToken(t, "verify_email")
			var won atomic.Int64
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 8 {
				wg.Go(func() {
					<-start
					if _, err := b.auth.VerifyEmail(t.Context(), token); err == nil {
						won.Add(1)
					}
				})
			}
			close(start)
			wg.Wait()
			assert.Equal(t, int64(1), won.Load())
		}
	})
}
