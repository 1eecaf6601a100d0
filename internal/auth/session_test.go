package auth_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func newBrowser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return browser{t: t, jar: jar, at: &url.URL{Scheme: "https", Host: "app.tollgate.test", Path: "/"}}
}

func (b bundle) signIn(t *testing.T, user models.User) browser {
	t.Helper()
	br := newBrowser(t)
	br.do(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, b.auth.Begin(w, r, user, "192.0.2.7"))
	})
	return br
}

func (b bundle) who(t *testing.T, br browser) *auth.Identity {
	t.Helper()
	id, err := b.auth.Identify(br.request())
	require.NoError(t, err)
	return id
}

func TestSessionCarriesUserAccountAndRole(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		result := b.signUp(t, "ada@example.com")
		br := b.signIn(t, result.User)
		id := b.who(t, br)
		require.NotNil(t, id)
		assert.Equal(t, result.User.PublicID, id.User.PublicID)
		assert.Equal(t, result.Account.PublicID, id.Account.PublicID)
		assert.Equal(t, models.RoleOwner, id.Role)
		assert.Equal(t, "192.0.2.7", id.Session.IP)
		assert.Nil(t, b.who(t, newBrowser(t)))
	})
}

func TestSessionCookieIsLockedDown(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	user := b.signUp(t, "ada@example.com").User
	response := newBrowser(t).do(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, b.auth.Begin(w, r, user, ""))
	})
	cookies := response.Cookies()
	require.Len(t, cookies, 1)
	c := cookies[0]
	assert.Equal(t, "__Host-tollgate", c.Name)
	assert.True(t, c.Secure && c.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, c.SameSite)
	assert.Equal(t, "/", c.Path)
	assert.Empty(t, c.Domain)
	assert.Less(t, len(c.String()), 500)

	plain := setupWith(t, b.db, b.clock, "http://localhost:8080", newSecret)
	response = newBrowser(t).do(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, plain.auth.Begin(w, r, user, ""))
	})
	assert.Equal(t, "tollgate", response.Cookies()[0].Name)
	assert.False(t, response.Cookies()[0].Secure)

	var rows []models.Session
	require.NoError(t, b.db.Read(t.Context()).Find(&rows).Error)
	for _, row := range rows {
		assert.NotContains(t, c.Value, row.IDHash)
	}
}

func TestGarbageCookieIsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	for _, value := range []string{"", "x", strings.Repeat("a", 6000), "MTIz|abc|def", "\x7f\x01", "bm9uZQ=="} {
		r := newBrowser(t).request()
		r.Header.Set("Cookie", "__Host-tollgate="+value)
		id, err := b.auth.Identify(r)
		require.NoError(t, err)
		assert.Nil(t, id)
	}
}

func TestSignOutEndsCopiesOfTheCookie(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		br := b.signIn(t, b.signUp(t, "ada@example.com").User)
		stolen := br.request()
		response := br.do(func(w http.ResponseWriter, r *http.Request) { require.NoError(t, b.auth.End(w, r)) })
		assert.Negative(t, response.Cookies()[0].MaxAge)
		id, err := b.auth.Identify(stolen)
		require.NoError(t, err)
		assert.Nil(t, id)
		assert.Zero(t, b.count(t, &models.Session{}))
	})
}

func TestSignInGivesFreshID(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	user := b.signUp(t, "ada@example.com").User
	br := b.signIn(t, user)
	before := br.request()
	br.do(func(w http.ResponseWriter, r *http.Request) { require.NoError(t, b.auth.Begin(w, r, user, "")) })
	id, err := b.auth.Identify(before)
	require.NoError(t, err)
	assert.Nil(t, id, "the id from before signing in must be worth nothing")
	assert.NotNil(t, b.who(t, br))

	before = br.request()
	br.do(func(w http.ResponseWriter, r *http.Request) { require.NoError(t, b.auth.Rotate(w, r)) })
	id, err = b.auth.Identify(before)
	require.NoError(t, err)
	assert.Nil(t, id)
	assert.NotNil(t, b.who(t, br))
}

func TestSessionEndsByItself(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		idle := b.signIn(t, user)
		b.clock.Advance(14*24*time.Hour + time.Minute)
		assert.Nil(t, b.who(t, idle), "idle for 14 days")

		busy := b.signIn(t, user)
		for range 8 {
			require.NotNil(t, b.who(t, busy))
			b.clock.Advance(7 * 24 * time.Hour)
		}
		require.NotNil(t, b.who(t, busy), "56 days of weekly visits")
		b.clock.Advance(5 * 24 * time.Hour)
		assert.Nil(t, b.who(t, busy), "60 days at most")
		require.NoError(t, b.auth.Sweep(t.Context()))
		assert.Zero(t, b.count(t, &models.Session{}))
	})
}

func TestLastSeenIsWrittenNowAndThen(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	br := b.signIn(t, b.signUp(t, "ada@example.com").User)
	start := b.clock.Now()
	b.clock.Advance(4 * time.Minute)
	b.who(t, br)
	assert.True(t, b.who(t, br).Session.LastSeenAt.Equal(start))
	b.clock.Advance(2 * time.Minute)
	b.who(t, br)
	assert.True(t, b.who(t, br).Session.LastSeenAt.Equal(b.clock.Now()))
}

func TestWhoLosesTheRightIsOutAtTheNextRequest(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		disabled := b.signUp(t, "ada@example.com")
		removed := b.signUp(t, "bob@example.com")
		one, two := b.signIn(t, disabled.User), b.signIn(t, removed.User)
		require.NotNil(t, b.who(t, one))
		require.NotNil(t, b.who(t, two))
		require.NoError(t, db.Write(t.Context()).Model(&disabled.User).Update("disabled_at", b.clock.Now()).Error)
		require.NoError(t, db.Write(t.Context()).Where("user_id = ?", removed.User.ID).Delete(&models.Membership{}).Error)
		assert.Nil(t, b.who(t, one))
		assert.Nil(t, b.who(t, two))
	})
}

func TestP11_SecretsRotateWithoutSigningAnybodyOut(t *testing.T) {
	t.Parallel()
	db, c := modelstest.SQLite(t), newClock()
	before := setupWith(t, db, c, "https://app.tollgate.test", oldSecret)
	br := before.signIn(t, before.signUp(t, "ada@example.com").User)
	token := before.formToken(t, br)

	overlap := setupWith(t, db, c, "https://app.tollgate.test", newSecret, oldSecret)
	assert.NotNil(t, overlap.who(t, br))
	assert.True(t, overlap.formOK(t, br, token))

	after := setupWith(t, db, c, "https://app.tollgate.test", newSecret)
	assert.Nil(t, after.who(t, br))
	assert.False(t, after.formOK(t, br, token))
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		here, there, elsewhere := b.signIn(t, user), b.signIn(t, user), b.signIn(t, user)
		stranger := b.who(t, b.signIn(t, b.signUp(t, "eve@example.com").User))
		id := b.who(t, here)
		list, err := b.auth.Sessions(t.Context(), id)
		require.NoError(t, err)
		assert.Len(t, list, 3)

		target := b.who(t, there).Session.PublicID
		assert.Equal(t, "not_found", code(b.auth.RevokeSession(t.Context(), stranger, target)))
		assert.Equal(t, "not_found", code(b.auth.RevokeSession(t.Context(), id, "x\x00y")))
		require.NotNil(t, b.who(t, there))
		require.NoError(t, b.auth.RevokeSession(t.Context(), id, target))
		assert.Nil(t, b.who(t, there))

		require.NoError(t, b.auth.RevokeOtherSessions(t.Context(), id))
		assert.Nil(t, b.who(t, elsewhere))
		assert.NotNil(t, b.who(t, here))
	})
}

func TestOldestSessionsMakeRoom(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		first := b.signIn(t, user)
		for range 50 {
			b.clock.Advance(time.Second)
			b.signIn(t, user)
		}
		assert.Equal(t, int64(50), b.count(t, &models.Session{}))
		assert.Nil(t, b.who(t, first))
	})
}

func TestFlashIsShownOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		br := b.signIn(t, b.signUp(t, "ada@example.com").User)
		br.do(func(w http.ResponseWriter, r *http.Request) {
			require.NoError(t, b.auth.SetFlash(w, r, auth.Notice{Kind: "success", Code: "profile_saved"}))
		})
		for _, want := range []bool{true, false} {
			br.do(func(w http.ResponseWriter, r *http.Request) {
				notice, found, err := b.auth.TakeFlash(w, r)
				require.NoError(t, err)
				assert.Equal(t, want, found)
				if found {
					assert.Equal(t, auth.Notice{Kind: "success", Code: "profile_saved"}, notice)
				}
			})
		}
		newBrowser(t).do(func(w http.ResponseWriter, r *http.Request) {
			require.NoError(t, b.auth.SetFlash(w, r, auth.Notice{Kind: "success", Code: "x"}))
			assert.Empty(t, w.Header().Values("Set-Cookie"))
		})
	})
}

func (b bundle) formToken(t *testing.T, br browser) string {
	t.Helper()
	var token string
	br.do(func(w http.ResponseWriter, r *http.Request) {
		var err error
		token, err = b.auth.FormToken(w, r)
		require.NoError(t, err)
	})
	return token
}

func (b bundle) formOK(t *testing.T, br browser, token string) bool {
	t.Helper()
	ok, err := b.auth.CheckForm(br.request(), token)
	require.NoError(t, err)
	return ok
}

func TestFormTokenFitsOnlyItsBrowser(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	user := b.signUp(t, "ada@example.com").User
	one, two := b.signIn(t, user), b.signIn(t, user)
	token := b.formToken(t, one)
	assert.True(t, b.formOK(t, one, token))
	assert.NotEqual(t, token, b.formToken(t, one), "compression must find nothing that repeats")
	assert.False(t, b.formOK(t, two, token))
	for _, wrong := range []string{"", "x", token[1:], token + "A", strings.Repeat("A", len(token))} {
		assert.False(t, b.formOK(t, one, wrong), wrong)
	}
}

func TestAnonymousFormTokenIsBoundToItsCookie(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t))
	visitor, attacker := newBrowser(t), newBrowser(t)
	token := b.formToken(t, visitor)
	assert.True(t, b.formOK(t, visitor, token))
	assert.False(t, b.formOK(t, attacker, token))
	assert.False(t, b.formOK(t, newBrowser(t), token))

	// A pair of cookie and token that an attacker got for themselves and planted fits nobody who is
	// signed in.
	planted := b.formToken(t, attacker)
	victim := b.signIn(t, b.signUp(t, "ada@example.com").User)
	victim.jar.SetCookies(victim.at, attacker.jar.Cookies(attacker.at))
	assert.False(t, b.formOK(t, victim, planted))

	// A cookie that nobody signed binds nothing.
	r := newBrowser(t).request()
	r.Header.Set("Cookie", "__Host-tollgate-form=made-up")
	ok, err := b.auth.CheckForm(r, token)
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestRequestsAskTheDatabaseAsLittleAsPossible(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		br := b.signIn(t, b.signUp(t, "ada@example.com").User)
		var queries atomic.Int64
		count := func(*gorm.DB) { queries.Add(1) }
		callbacks := db.Read(t.Context()).Callback()
		require.NoError(t, callbacks.Row().Before("gorm:row").Register("test:row", count))
		require.NoError(t, callbacks.Query().Before("gorm:query").Register("test:query", count))

		require.NotNil(t, b.who(t, br))
		assert.Equal(t, int64(1), queries.Load(), "session, user, account and role in one")
		b.who(t, newBrowser(t))
		r := newBrowser(t).request()
		r.AddCookie(&http.Cookie{Name: "__Host-tollgate", Value: "made-up"})
		_, err := b.auth.Identify(r)
		require.NoError(t, err)
		assert.Equal(t, int64(1), queries.Load(), "no cookie of ours, no query")
	})
}
