package auth_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// app is an authenticator app: it knows the secret and the time.
type app struct {
	secret string
	clock  *clock
}

// at is the code that the app shows at some distance from now.
func (a app) at(t *testing.T, off time.Duration) string {
	t.Helper()
	shown, err := totp.GenerateCode(a.secret, a.clock.Now().Add(off))
	require.NoError(t, err)
	return shown
}

// wrong is a code that is right at no time near.
func (a app) wrong(t *testing.T) string {
	t.Helper()
	near := map[string]bool{}
	for off := -5 * time.Minute; off <= 5*time.Minute; off += 30 * time.Second {
		near[a.at(t, off)] = true
	}
	for _, guess := range []string{"000000", "123456", "654321", "111111"} {
		if !near[guess] {
			return guess
		}
	}
	t.Fatal("every guess is right")
	return ""
}

// enrolled turns the second step on for a browser, and moves past the code that did.
func (b bundle) enrolled(t *testing.T, br browser) (app, []string) {
	t.Helper()
	id := b.who(t, br)
	require.NoError(t, b.auth.StartTOTP(t.Context(), id))
	enrolment, err := b.auth.Enrolment(t.Context(), id)
	require.NoError(t, err)
	phone := app{secret: strings.ReplaceAll(enrolment.Secret, " ", ""), clock: b.clock}
	codes, err := b.auth.ConfirmTOTP(t.Context(), id, phone.at(t, 0))
	require.NoError(t, err)
	b.clock.Advance(time.Minute)
	return phone, codes
}

// begin shows the first factor on a browser that is new.
func (b bundle) begin(t *testing.T, user models.User) browser {
	t.Helper()
	br := newBrowser(t)
	br.do(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "code_needed", code(b.auth.Begin(w, r, user, "192.0.2.7")))
	})
	return br
}

// finish shows the second.
func (b bundle) finish(br browser, typed string) (err error) {
	br.do(func(w http.ResponseWriter, r *http.Request) { _, err = b.auth.Finish(w, r, typed, "192.0.2.7") })
	return err
}

func TestTheSecondStepCountsOnceAnAppIsConfirmed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.signUp(t, "ada@example.com").User
		br := b.signIn(t, user)
		assert.Equal(t, "verify_first", code(b.auth.StartTOTP(t.Context(), b.who(t, br))), "nobody locks another's address")
		_, err := b.auth.VerifyEmail(t.Context(), b.lastToken(t, "verify_email"))
		require.NoError(t, err)
		id := b.who(t, br)
		require.NoError(t, b.auth.StartTOTP(t.Context(), id))
		first, err := b.auth.Enrolment(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, b.auth.StartTOTP(t.Context(), id))
		second, err := b.auth.Enrolment(t.Context(), id)
		require.NoError(t, err)
		assert.NotEqual(t, first.Secret, second.Secret, "starting again is a new secret")
		assert.Equal(t, "\x89PNG", string(second.QR[:4]))
		b.signIn(t, user) // which asks for no code yet
		phone := app{secret: strings.ReplaceAll(second.Secret, " ", ""), clock: b.clock}
		_, err = b.auth.ConfirmTOTP(t.Context(), id, phone.wrong(t))
		assert.Equal(t, map[string]string{"code": "code_wrong"}, fields(err))
		codes, err := b.auth.ConfirmTOTP(t.Context(), id, phone.at(t, 0))
		require.NoError(t, err)
		assert.Len(t, codes, 10)
		assert.Len(t, b.mails(t, "second_factor_on"), 1)
		_, err = b.auth.Enrolment(t.Context(), id)
		assert.Equal(t, "not_found", code(err), "the secret is never shown again")
		assert.Equal(t, "second_factor_on", code(b.auth.StartTOTP(t.Context(), id)))
		state, err := b.auth.SecondFactor(t.Context(), id)
		require.NoError(t, err)
		assert.True(t, state.On)
		assert.EqualValues(t, 10, state.CodesLeft)

		var row models.TOTP
		require.NoError(t, db.Read(t.Context()).Take(&row).Error)
		assert.NotContains(t, row.Secret, phone.secret, "sealed")
		var kept []models.RecoveryCode
		require.NoError(t, db.Read(t.Context()).Find(&kept).Error)
		for _, k := range kept {
			assert.NotContains(t, codes, k.CodeHash)
		}
		b.begin(t, user)
		require.NoError(t, b.auth.TurnTOTPOff(t.Context(), id))
		assert.Len(t, b.mails(t, "second_factor_off"), 1)
		b.signIn(t, user) // as before
	})
}

func TestHalfwayIsNowhere(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.verified(t, "ada@example.com")
		home := b.signIn(t, user)
		phone, _ := b.enrolled(t, home)
		sessions := b.count(t, &models.Session{})
		half := b.begin(t, user)
		assert.Nil(t, b.who(t, half))
		assert.Equal(t, sessions, b.count(t, &models.Session{}), "no session was made")
		cookies := half.jar.Cookies(half.at)
		require.Len(t, cookies, 1)
		as := half.request()
		as.Header.Set("Cookie", "__Host-tollgate="+cookies[0].Value)
		stolen, err := b.auth.Identify(as)
		require.NoError(t, err)
		assert.Nil(t, stolen, "its cookie under the session's name is nobody's")

		assert.Equal(t, "sign_in_over", code(b.finish(newBrowser(t), phone.at(t, 0))), "a code alone is nothing")
		b.clock.Advance(10 * time.Minute)
		assert.Equal(t, "sign_in_over", code(b.finish(half, phone.at(t, 0))), "too late")
		half = b.begin(t, user)
		require.NoError(t, b.auth.ChangePassword(t.Context(), b.who(t, home), goodPassword, otherPassword))
		assert.Equal(t, "sign_in_over", code(b.finish(half, phone.at(t, 0))), "the password was changed")
		half = b.begin(t, user)
		copied := newBrowser(t)
		copied.jar.SetCookies(copied.at, half.jar.Cookies(half.at))
		require.NoError(t, b.finish(half, phone.at(t, 0)))
		assert.NotNil(t, b.who(t, half))
		b.clock.Advance(time.Minute)
		assert.Equal(t, "sign_in_over", code(b.finish(copied, phone.at(t, 0))), "it is used up")

		again := b.signIn2(t, user, phone)
		again.do(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "code_needed", code(b.auth.Begin(w, r, user, "")))
		})
		assert.Nil(t, b.who(t, again), "who signs in anew is out until the code")
		half = b.begin(t, user)
		require.NoError(t, db.Write(t.Context()).Model(&user).Update("disabled_at", b.clock.Now()).Error)
		b.clock.Advance(time.Minute)
		assert.Equal(t, "sign_in_over", code(b.finish(half, phone.at(t, 0))), "disabled")
	})
}

func (b bundle) signIn2(t *testing.T, user models.User, phone app) browser {
	t.Helper()
	b.clock.Advance(time.Minute)
	br := b.begin(t, user)
	require.NoError(t, b.finish(br, phone.at(t, 0)))
	return br
}

func TestACodeWorksOnceAndNearItsTime(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.verified(t, "ada@example.com")
		phone, codes := b.enrolled(t, b.signIn(t, user))
		wrong := func(typed, why string) {
			t.Helper()
			assert.Equal(t, map[string]string{"code": "code_wrong"}, fields(b.finish(b.begin(t, user), typed)), why)
		}
		right := func(typed, why string) {
			t.Helper()
			assert.NoError(t, b.finish(b.begin(t, user), typed), why)
		}
		wrong(phone.at(t, 61*time.Second), "of a later time")
		wrong(phone.at(t, -61*time.Second), "of an earlier time")
		wrong("", "nothing")
		wrong("12345\x00", "no code")
		early := phone.at(t, -30*time.Second)
		right(phone.at(t, 30*time.Second), "the app is ahead")
		wrong(phone.at(t, 30*time.Second), "it was used")
		wrong(phone.at(t, 0), "it is older than one that was used")
		wrong(early, "so is this")
		b.clock.Advance(time.Minute)
		now := phone.at(t, 0)
		right(" "+now[:3]+" "+now[3:]+" ", "people put spaces in it")

		right(strings.ToUpper(codes[3]), "a recovery code")
		wrong(codes[3], "once")
		right(strings.ReplaceAll(codes[4], "-", " "), "another")
		wrong("abcd-efgh-ijkl-mnop-qrst-uvwx", "made up")
		assert.Len(t, b.mails(t, "recovery_code_used"), 2)
		id := b.who(t, b.signIn2(t, user, phone))
		renewed, err := b.auth.RenewRecoveryCodes(t.Context(), id)
		require.NoError(t, err)
		wrong(codes[5], "there are new ones")
		right(renewed[5], "a new one")
		assert.Len(t, b.mails(t, "recovery_codes_renewed"), 1)

		eve := b.verified(t, "eve@example.com")
		_, hers := b.enrolled(t, b.signIn(t, eve))
		wrong(hers[0], "of somebody else")
	})
}

func TestOneCodeLetsOneInInParallel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.verified(t, "ada@example.com")
		phone, codes := b.enrolled(t, b.signIn(t, user))
		for _, typed := range []string{phone.at(t, 0), codes[0]} {
			var in atomic.Int64
			var wait sync.WaitGroup
			for range 6 {
				br := b.begin(t, user)
				wait.Go(func() {
					if b.finish(br, typed) == nil {
						in.Add(1)
					}
				})
			}
			wait.Wait()
			assert.EqualValues(t, 1, in.Load())
		}
	})
}

// TestA06_WrongCodesStopAndTheOwnerStillGetsIn has somebody with the right password try codes.
func TestA06_WrongCodesStopAndTheOwnerStillGetsIn(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.verified(t, "ada@example.com")
		phone, codes := b.enrolled(t, b.signIn(t, user))
		attack := func() {
			t.Helper()
			for range 10 {
				require.Equal(t, "invalid_form", code(b.finish(b.begin(t, user), phone.wrong(t))))
			}
			for range 5 {
				require.Equal(t, "codes_limited", code(b.finish(b.begin(t, user), phone.wrong(t))))
			}
			require.Equal(t, "codes_limited", code(b.finish(b.begin(t, user), phone.at(t, 0))), "nor does the right one")
		}
		attack()
		assert.Len(t, b.mails(t, "codes_wrong"), 1, "the owner is warned, once a day")
		assert.NoError(t, b.finish(b.begin(t, user), codes[0]), "and gets in all the while")
		b.clock.Advance(time.Hour)
		assert.NoError(t, b.finish(b.begin(t, user), phone.at(t, 0)), "and by the app when it stops")
		b.clock.Advance(time.Minute)
		attack()
		require.NoError(t, b.auth.ForgotPassword(t.Context(), user.Email))
		require.NoError(t, b.reset(t, b.lastToken(t, "reset_password"), otherPassword))
		assert.NoError(t, b.finish(b.begin(t, user), phone.at(t, 0)), "and at once with a new password")
	})
}

// TestA05_SealedSecretsSurviveARotation replaces the session secret, and then drops the old one.
func TestA05_SealedSecretsSurviveARotation(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const origin = "https://app.tollgate.test"
		clock := newClock()
		before := setupWith(t, db, clock, origin, oldSecret)
		user := before.verified(t, "ada@example.com")
		phone, _ := before.enrolled(t, before.signIn(t, user))
		both := setupWith(t, db, clock, origin, newSecret, oldSecret)
		both.signIn2(t, user, phone)
		without := setupWith(t, db, clock, origin, newSecret)
		clock.Advance(time.Minute)
		assert.Equal(t, "internal", code(without.finish(without.begin(t, user), phone.at(t, 0))), "dropped too early")
		require.NoError(t, without.auth.Sweep(t.Context()), "which is no reason to fail")
		require.NoError(t, both.auth.Sweep(t.Context()))
		without.signIn2(t, user, phone)
	})
}

// TestASealedSecretOpensForItsOwnerOnly copies a row in the database to another user.
func TestASealedSecretOpensForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		ada, eve := b.verified(t, "ada@example.com"), b.verified(t, "eve@example.com")
		b.enrolled(t, b.signIn(t, ada))
		phone, _ := b.enrolled(t, b.signIn(t, eve))
		var hers models.TOTP
		require.NoError(t, db.Read(t.Context()).Take(&hers, "user_id = ?", eve.ID).Error)
		require.NoError(t, db.Write(t.Context()).Model(&models.TOTP{}).Where("user_id = ?", ada.ID).
			Updates(map[string]any{"secret": hers.Secret, "used_step": 0}).Error)
		assert.Equal(t, "internal", code(b.finish(b.begin(t, ada), phone.at(t, 0))))
	})
}
