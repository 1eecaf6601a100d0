package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func TestAPIKeyActsForItsAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		id := b.who(t, b.signIn(t, b.signUp(t, "ada@example.com").User))
		stranger := b.who(t, b.signIn(t, b.signUp(t, "eve@example.com").User))
		key, secret, err := b.auth.CreateAPIKey(t.Context(), id, " nightly  export ")
		require.NoError(t, err)
		assert.Equal(t, "nightly export", key.Name)
		assert.True(t, strings.HasPrefix(secret, key.Prefix) && len(secret) >= 35)
		assert.Zero(t, b.count(t, &models.APIKey{}, "key_hash = ?", secret), "hashed at rest")

		found, err := b.auth.IdentifyKey(t.Context(), secret)
		require.NoError(t, err)
		assert.Equal(t, id.Account.ID, found.Account.ID)
		assert.Equal(t, id.User.ID, found.User.ID)
		require.NotNil(t, found.APIKey)
		assert.False(t, found.Admin([]string{"ada@example.com"}))

		assert.Equal(t, "not_found", code(b.auth.RevokeAPIKey(t.Context(), stranger, key.PublicID)))
		require.NoError(t, b.auth.RevokeAPIKey(t.Context(), id, key.PublicID))
		_, err = b.auth.IdentifyKey(t.Context(), secret)
		assert.Equal(t, "unauthorized", code(err))
		list, err := b.auth.APIKeys(t.Context(), id)
		require.NoError(t, err)
		assert.Empty(t, list)
	})
}

func TestAPIKeysThatDoNotWork(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		result := b.signUp(t, "ada@example.com")
		id := b.who(t, b.signIn(t, result.User))
		_, secret, err := b.auth.CreateAPIKey(t.Context(), id, "one")
		require.NoError(t, err)
		for _, wrong := range []string{"", "tg_", "tg_" + strings.Repeat("0", 32), secret[3:], secret + "0", "tg_\x00", "tg_' OR 1=1"} {
			_, err := b.auth.IdentifyKey(t.Context(), wrong)
			assert.Equal(t, "unauthorized", code(err), "%q", wrong)
		}
		require.NoError(t, db.Write(t.Context()).Model(&result.User).Update("disabled_at", b.clock.Now()).Error)
		_, err = b.auth.IdentifyKey(t.Context(), secret)
		assert.Equal(t, "unauthorized", code(err))
	})
}

func TestAPIKeyUseIsWrittenNowAndThen(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	id := b.who(t, b.signIn(t, b.signUp(t, "ada@example.com").User))
	_, secret, err := b.auth.CreateAPIKey(t.Context(), id, "one")
	require.NoError(t, err)
	lastUsed := func() *time.Time {
		_, err := b.auth.IdentifyKey(t.Context(), secret)
		require.NoError(t, err)
		keys, err := b.auth.APIKeys(t.Context(), id)
		require.NoError(t, err)
		return keys[0].LastUsedAt
	}
	start := b.clock.Now()
	require.True(t, lastUsed().Equal(start))
	b.clock.Advance(30 * time.Second)
	require.True(t, lastUsed().Equal(start))
	b.clock.Advance(31 * time.Second)
	require.True(t, lastUsed().Equal(b.clock.Now()))
}

func TestAPIKeysAreNamedAndCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	id := b.who(t, b.signIn(t, b.signUp(t, "ada@example.com").User))
	for name, want := range map[string]string{
		"": "api_key_name_required", "a\nb": "api_key_name_invalid", strings.Repeat("x", 61): "api_key_name_too_long",
	} {
		_, _, err := b.auth.CreateAPIKey(t.Context(), id, name)
		assert.Equal(t, map[string]string{"name": want}, fields(err))
	}
	for range 20 {
		_, _, err := b.auth.CreateAPIKey(t.Context(), id, "key")
		require.NoError(t, err)
	}
	_, _, err := b.auth.CreateAPIKey(t.Context(), id, "key")
	assert.Equal(t, "api_keys_full", code(err))
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		br := b.signIn(t, b.signUp(t, "ada@example.com").User)
		id := b.who(t, br)
		err := b.auth.UpdatePreferences(t.Context(), id, "xx-YY", "../../etc/passwd")
		assert.Equal(t, map[string]string{"locale": "locale_unknown", "zone": "zone_unknown"}, fields(err))
		require.NoError(t, b.auth.UpdatePreferences(t.Context(), id, "ja-JP", "Asia/Tokyo"))
		require.NoError(t, b.auth.UpdateProfile(t.Context(), id, "Countess", nil))
		err = b.auth.UpdateProfile(t.Context(), id, "x\u2066y", nil)
		assert.Equal(t, map[string]string{"name": "name_invalid"}, fields(err))
		user := b.who(t, br).User
		assert.Equal(t, []string{"ja-JP", "Asia/Tokyo", "Countess"}, []string{user.Locale, user.TimeZone, user.Name})
	})
}

func TestMatchLocale(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "en-US", "*": "en-US", "de": "de-DE", "de-AT,de;q=0.8": "de-AT", "fr-CA, en;q=0.5": "fr-CA",
		"en-GB,en;q=0.9": "en-GB", "pt": "pt-BR", "tlh": "en-US", strings.Repeat("a,", 5000): "en-US", "\x00;;;": "en-US",
	} {
		assert.Equal(t, want, auth.MatchLocale(header), header)
	}
	for _, zone := range auth.Zones() {
		_, err := time.LoadLocation(zone)
		assert.NoError(t, err)
	}
}
