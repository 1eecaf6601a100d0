package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

const (
	goodPassword  = "correct horse battery staple"
	otherPassword = "seven lamps on the pier"
	newSecret     = "a-new-secret-of-more-than-32-characters"
	oldSecret     = "an-old-secret-of-more-than-32-characters"
)

// clock is a wall clock that tests move.
type clock struct{ t atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.t.Store(&start)
	return c
}

func (c *clock) Now() time.Time { return *c.t.Load() }
func (c *clock) Advance(d time.Duration) {
	next := c.Now().Add(d)
	c.t.Store(&next)
}

type bundle struct {
	db    *models.DB
	clock *clock
	auth  *auth.Service
}

func setup(t *testing.T, db *models.DB) bundle {
	t.Helper()
	return setupWith(t, db, newClock(), "https://app.tollgate.test", newSecret, oldSecret)
}

func setupWith(t *testing.T, db *models.DB, c *clock, appURL string, secrets ...string) bundle {
	t.Helper()
	outbox := mail.New(mail.Options{DB: db, Sender: mail.Mailbox{}, Now: c.Now})
	service, err := auth.New(auth.Options{
		DB: db, Outbox: outbox, Now: c.Now, AppName: "Tollgate", AppURL: appURL,
		SessionSecrets: secrets, ForgotPace: time.Millisecond,
	})
	require.NoError(t, err)
	return bundle{db: db, clock: c, auth: service}
}

func (b bundle) signUp(t *testing.T, email string) auth.SignUpResult {
	t.Helper()
	result, err := b.auth.SignUp(t.Context(), auth.SignUpInput{Name: "Ada", Email: email, Password: goodPassword}, nil)
	require.NoError(t, err)
	return result
}

// reset chooses a new password by a mailed token.
func (b bundle) reset(t *testing.T, token, password string) error {
	t.Helper()
	_, err := b.auth.ResetPassword(t.Context(), token, password)
	return err
}

// mails gives the mails of a kind, oldest first.
func (b bundle) mails(t *testing.T, kind string) []models.Mail {
	t.Helper()
	var mails []models.Mail
	require.NoError(t, b.db.Read(t.Context()).Where("kind = ?", kind).Order("id").Find(&mails).Error)
	return mails
}

// lastToken lifts the token out of the newest mail of a kind, as its reader would.
func (b bundle) lastToken(t *testing.T, kind string) string {
	t.Helper()
	mails := b.mails(t, kind)
	require.NotEmpty(t, mails)
	found := regexp.MustCompile(`https://app\.tollgate\.test/[a-z-]+/([0-9a-f]{32})`).
		FindStringSubmatch(mails[len(mails)-1].Text)
	require.Len(t, found, 2)
	return found[1]
}

func (b bundle) count(t *testing.T, model any, where ...any) int64 {
	t.Helper()
	tx := b.db.Read(t.Context()).Model(model)
	if len(where) > 0 {
		tx = tx.Where(where[0], where[1:]...)
	}
	var n int64
	require.NoError(t, tx.Count(&n).Error)
	return n
}

// browser keeps cookies from one request to the next, as a browser on an https site does.
type browser struct {
	t   *testing.T
	jar http.CookieJar
	at  *url.URL
}

func (b browser) request() *http.Request {
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, b.at.String(), nil)
	for _, cookie := range b.jar.Cookies(b.at) {
		r.AddCookie(cookie)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	return r
}

// do runs one handler and takes its cookies.
func (b browser) do(handler func(w http.ResponseWriter, r *http.Request)) *http.Response {
	b.t.Helper()
	recorder := httptest.NewRecorder()
	handler(recorder, b.request())
	response := recorder.Result()
	b.jar.SetCookies(b.at, response.Cookies())
	return response
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func fields(err error) map[string]string {
	if err == nil {
		return nil
	}
	return fault.From(err).Fields
}
