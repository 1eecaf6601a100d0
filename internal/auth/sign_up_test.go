package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func TestSignUpCreatesEverythingAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		var inTx models.Account
		result, err := b.auth.SignUp(t.Context(), auth.SignUpInput{
			Name: "  Ada   Lovelace ", Email: " Ada@Example.COM ", Password: goodPassword,
			Locale: "de-DE", TimeZone: "Europe/Berlin",
		}, func(_ *gorm.DB, _ models.User, account models.Account) error { inTx = account; return nil })
		require.NoError(t, err)
		assert.Equal(t, "ada@example.com", result.User.Email)
		assert.Equal(t, "Ada Lovelace", result.User.Name)
		assert.Equal(t, "de-DE", result.User.Locale)
		assert.Equal(t, "Europe/Berlin", result.User.TimeZone)
		assert.Equal(t, result.Account.ID, inTx.ID)
		assert.False(t, result.Existing)
		assert.Nil(t, result.User.EmailVerifiedAt)
		var member models.Membership
		require.NoError(t, db.Read(t.Context()).Take(&member).Error)
		assert.Equal(t, models.RoleOwner, member.Role)
		mails := b.mails(t, "verify_email")
		require.Len(t, mails, 1)
		assert.True(t, mails[0].Secret)
		assert.Equal(t, "ada@example.com", mails[0].ToAddress)
		assert.Contains(t, mails[0].HTML, b.lastToken(t, "verify_email"))
		assert.Zero(t, b.count(t, &models.Token{}, "id_hash = ?", b.lastToken(t, "verify_email")), "hashed at rest")
	})
}

func TestSignUpIsAllOrNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		failed := errors.New("the rest of sign-up failed")
		_, err := b.auth.SignUp(t.Context(), auth.SignUpInput{Name: "Ada", Email: "ada@example.com", Password: goodPassword},
			func(*gorm.DB, models.User, models.Account) error { return failed })
		require.ErrorIs(t, err, failed)
		for _, model := range []any{
			&models.User{}, &models.Account{}, &models.Membership{}, &models.Token{}, &models.Mail{},
		} {
			assert.Zero(t, b.count(t, model), "%T", model)
		}
	})
}

func TestSignUpTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	long := strings.Repeat("x", 101)
	cases := []struct {
		name, email, password string
		want                  map[string]string
	}{
		{"", "", "", map[string]string{
			"name": "name_required", "email": "email_invalid", "password": "password_too_short",
		}},
		{"   ", "ada@example.com", goodPassword, map[string]string{"name": "name_required"}},
		{long, "ada@example.com", goodPassword, map[string]string{"name": "name_too_long"}},
		{"Ada\r\nBcc: x@y.z", "ada@example.com", goodPassword, map[string]string{"name": "name_invalid"}},
		{"Ada\x00", "ada@example.com", goodPassword, map[string]string{"name": "name_invalid"}},
		{"Ada\u202eevil", "ada@example.com", goodPassword, map[string]string{"name": "name_invalid"}},
		{"Ada\xff", "ada@example.com", goodPassword, map[string]string{"name": "name_invalid"}},
		{"Ada", "ada", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "Ada <ada@example.com>", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "ada@example.com\r\nBcc: x@y.z", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "a@b@example.com", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "ada@example", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "ada@[127.0.0.1]", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "\"a b\"@example.com", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "adа@example.com", goodPassword, map[string]string{"email": "email_invalid"}}, // a Cyrillic а
		{"Ada", strings.Repeat("a", 250) + "@example.com", goodPassword, map[string]string{"email": "email_invalid"}},
		{"Ada", "ada@example.com", "1234567", map[string]string{"password": "password_too_short"}},
		{"Ada", "ada@example.com", strings.Repeat("é", 129), map[string]string{"password": "password_too_long"}},
		{"Ada", "ada@example.com", "password1", map[string]string{"password": "password_common"}},
		{"Ada", "ada@example.com", "PassWord1", map[string]string{"password": "password_common"}},
		{"Ada", "ada@example.com", "aaaaaaaaaa", map[string]string{"password": "password_common"}},
		{"Ada", "ada.lovelace@example.com", "ada.lovelace1815", map[string]string{"password": "password_common"}},
		{"Ada", "ada@example.com", "Tollgate2026!", map[string]string{"password": "password_common"}},
	}
	for _, tc := range cases {
		_, err := b.auth.SignUp(t.Context(), auth.SignUpInput{Name: tc.name, Email: tc.email, Password: tc.password}, nil)
		assert.Equal(t, tc.want, fields(err), "%q %q %q", tc.name, tc.email, tc.password)
	}
	assert.Zero(t, b.count(t, &models.User{}))
}

func TestPasswordsOfEveryKindSignInAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		for i, password := range []string{
			strings.Repeat("ab", 32), strings.Repeat("abc", 24), strings.Repeat("a1", 36) + "x", strings.Repeat("xyz ", 32),
			"🦉🦉🦊🦊🐢🐢🐝🐝", "with\x00a NUL inside", "  spaces around  ", strings.Repeat("é", 64) + strings.Repeat("ü", 64),
		} {
			email := fmt.Sprintf("user%d@example.com", i)
			_, err := b.auth.SignUp(t.Context(), auth.SignUpInput{Name: "Ada", Email: email, Password: password}, nil)
			require.NoError(t, err, password)
			_, err = b.auth.SignIn(t.Context(), email, password)
			require.NoError(t, err, password)
			for _, wrong := range []string{password + "x", password[:len(password)-1], strings.TrimSpace(password) + " y"} {
				_, err = b.auth.SignIn(t.Context(), email, wrong)
				assert.Equal(t, "credentials_wrong", code(err), "%q for %q", wrong, password)
			}
		}
	})
}

func TestSigningUpAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		first := b.signUp(t, "ada@example.com")
		again, err := b.auth.SignUp(t.Context(),
			auth.SignUpInput{Name: "Someone", Email: "ADA@example.com", Password: goodPassword}, nil)
		require.NoError(t, err)
		assert.True(t, again.Existing)
		assert.Equal(t, first.User.ID, again.User.ID)
		assert.Empty(t, b.mails(t, "account_exists"))

		for range 3 {
			_, err = b.auth.SignUp(t.Context(),
				auth.SignUpInput{Name: "Mallory", Email: "ada@example.com", Password: otherPassword}, nil)
			assert.Equal(t, map[string]string{"email": "email_taken"}, fields(err))
		}
		assert.Len(t, b.mails(t, "account_exists"), 1, "the owner hears of it once a day")
		assert.Equal(t, int64(1), b.count(t, &models.User{}))
		_, err = b.auth.SignIn(t.Context(), "ada@example.com", otherPassword)
		assert.Equal(t, "credentials_wrong", code(err))
	})
}

func TestO11_ParallelSignUpsMakeOneUser(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		var wg sync.WaitGroup
		var made, existing [20]bool
		for i := range 20 {
			wg.Go(func() {
				email := "ada@example.com"
				if i%2 == 0 {
					email = "Ada@Example.com"
				}
				result, err := b.auth.SignUp(context.WithoutCancel(t.Context()),
					auth.SignUpInput{Name: "Ada", Email: email, Password: goodPassword}, nil)
				assert.NoError(t, err)
				made[i], existing[i] = !result.Existing, result.Existing
			})
		}
		wg.Wait()
		assert.Equal(t, int64(1), b.count(t, &models.User{}))
		assert.Equal(t, int64(1), b.count(t, &models.Account{}))
		assert.Len(t, b.mails(t, "verify_email"), 1)
		winners := 0
		for i := range made {
			if made[i] {
				winners++
			}
		}
		assert.Equal(t, 1, winners)
	})
}

func TestSignInRefuses(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		for _, try := range [][2]string{
			{"ada@example.com", otherPassword},
			{"nobody@example.com", goodPassword},
			{"", ""},
			{"ada@example.com", ""},
			{"ada@example.com' OR '1'='1", goodPassword},
			{"\xff\x00", goodPassword},
			{"ada@example.com", strings.Repeat("x", 1<<16)},
		} {
			_, err := b.auth.SignIn(t.Context(), try[0], try[1])
			assert.Equal(t, "credentials_wrong", code(err), "%q", try[0])
		}
		_, err := b.auth.SignIn(t.Context(), " ADA@example.com", goodPassword)
		require.NoError(t, err)
		require.NoError(t, db.Write(t.Context()).Model(&user).Update("disabled_at", b.clock.Now()).Error)
		_, err = b.auth.SignIn(t.Context(), "ada@example.com", goodPassword)
		assert.Equal(t, "credentials_wrong", code(err))
	})
}

func TestOldHashesAreReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	user := b.signUp(t, "ada@example.com").User
	weak, err := argon2id.CreateHash(goodPassword, &argon2id.Params{
		Memory: 8 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32,
	})
	require.NoError(t, err)
	require.NoError(t, b.db.Write(t.Context()).Model(&user).Update("password_hash", weak).Error)
	_, err = b.auth.SignIn(t.Context(), "ada@example.com", goodPassword)
	require.NoError(t, err)
	var after models.User
	require.NoError(t, b.db.Read(t.Context()).Take(&after, user.ID).Error)
	params, _, _, err := argon2id.DecodeHash(after.PasswordHash)
	require.NoError(t, err)
	assert.Equal(t, uint32(19*1024), params.Memory)
	assert.Equal(t, uint32(2), params.Iterations)
	_, err = b.auth.SignIn(t.Context(), "ada@example.com", goodPassword)
	require.NoError(t, err)
}
