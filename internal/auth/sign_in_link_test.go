package auth_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// mailedLink is the token of the newest mail that signs in.
func (b bundle) mailedLink(t *testing.T) string {
	t.Helper()
	mails := b.mails(t, "sign_in_link")
	require.NotEmpty(t, mails)
	found := regexp.MustCompile(`https://app\.tollgate\.test/login/link/([0-9a-f]{32})`).FindStringSubmatch(mails[len(mails)-1].Text)
	require.Len(t, found, 2)
	return found[1]
}

func (b bundle) verified(t *testing.T, email string) models.User {
	t.Helper()
	b.signUp(t, email)
	user, err := b.auth.VerifyEmail(t.Context(), b.lastToken(t, "verify_email"))
	require.NoError(t, err)
	return user
}

func TestALinkSignsInOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		ada := b.verified(t, "ada@example.com")
		require.NoError(t, b.auth.SendLink(t.Context(), " Ada@Example.com", "/app/billing"))
		first := b.mailedLink(t)
		assert.Contains(t, b.mails(t, "sign_in_link")[0].Text, first+"?next=%2Fapp%2Fbilling")
		require.NoError(t, b.auth.SendLink(t.Context(), ada.Email, ""))
		second := b.mailedLink(t)
		for range 2 {
			looked, err := b.auth.LinkUser(t.Context(), first)
			require.NoError(t, err, "neither looking nor a newer one uses it up")
			assert.Equal(t, ada.ID, looked.ID)
		}
		used, unproven, err := b.auth.UseLink(t.Context(), first)
		require.NoError(t, err)
		assert.Equal(t, ada.ID, used.ID)
		assert.False(t, unproven)
		for what, token := range map[string]string{"used": first, "outlived": second, "made up": "0123456789abcdef", "": "\x00"} {
			_, _, err := b.auth.UseLink(t.Context(), token)
			assert.Equal(t, "token_invalid", code(err), what)
		}
		_, err = b.auth.SignIn(t.Context(), ada.Email, goodPassword)
		require.NoError(t, err, "the password of a proven address stays")

		require.NoError(t, b.auth.SendLink(t.Context(), ada.Email, ""))
		b.clock.Advance(15 * time.Minute)
		_, _, err = b.auth.UseLink(t.Context(), b.mailedLink(t))
		assert.Equal(t, "token_invalid", code(err), "too old")
		assert.Zero(t, b.count(t, &models.Token{}, "id_hash IN ?", []string{first, second}), "only hashes are kept")
	})
}

// TestALinkTakesAnUnprovenAddressFromWhoeverClaimedIt has somebody sign up with the address of another.
func TestALinkTakesAnUnprovenAddressFromWhoeverClaimedIt(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		claimed := b.signUp(t, "ada@example.com").User
		stranger := b.signIn(t, claimed)
		_, key, err := b.auth.CreateAPIKey(t.Context(), b.who(t, stranger), "nightly")
		require.NoError(t, err)
		require.NoError(t, b.auth.SendLink(t.Context(), claimed.Email, ""))
		user, first, err := b.auth.UseLink(t.Context(), b.mailedLink(t))
		require.NoError(t, err)
		assert.True(t, first)
		assert.NotNil(t, user.EmailVerifiedAt)
		assert.Nil(t, b.who(t, stranger), "the stranger's session")
		_, err = b.auth.IdentifyKey(t.Context(), key)
		assert.Equal(t, "unauthorized", code(err), "the stranger's key")
		_, err = b.auth.SignIn(t.Context(), claimed.Email, goodPassword)
		assert.Equal(t, "credentials_wrong", code(err), "the stranger's password")
		assert.False(t, b.who(t, b.signIn(t, user)).HasPassword())
	})
}

func TestLinksAreLimitedSilently(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		b.signUp(t, "ada@example.com")
		for range 8 {
			require.NoError(t, b.auth.SendLink(t.Context(), "ada@example.com", ""))
		}
		assert.Len(t, b.mails(t, "sign_in_link"), 5)
		require.NoError(t, b.auth.SendLink(t.Context(), "nobody@example.com", ""))
		assert.Equal(t, map[string]string{"email": "email_invalid"}, fields(b.auth.SendLink(t.Context(), "nobody", "")))
		b.clock.Advance(time.Hour)
		require.NoError(t, b.auth.SendLink(t.Context(), "ada@example.com", ""))
		assert.Len(t, b.mails(t, "sign_in_link"), 6)
	})
}
