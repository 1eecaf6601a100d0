package middleware_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/config"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

const password = "correct horse battery staple"

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

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// bundle is the middleware around a handful of routes, served over real HTTP.
type bundle struct {
	auth  *auth.Service
	clock *clock
	log   *lines
	url   string
}

type change func(*middleware.Options)

func setup(t *testing.T, db *models.DB, changes ...change) bundle {
	t.Helper()
	b := bundle{clock: newClock(), log: &lines{}}
	logger := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e := echo.New()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	b.url = server.URL
	service, err := auth.New(auth.Options{
		DB: db, Outbox: mail.New(mail.Options{DB: db, Sender: mail.Mailbox{}, Now: b.clock.Now}), Now: b.clock.Now,
		AppName: "Tollgate", AppURL: server.URL, SessionSecrets: []string{"a-secret-of-more-than-32-characters-"},
	})
	require.NoError(t, err)
	b.auth = service
	options := middleware.Options{
		Config: config.Config{
			AppURL: server.URL, StripeAPIBase: "http://127.0.0.1:12111", AdminEmails: []string{"root@example.com"},
		},
		Auth: service, Logger: logger, Now: b.clock.Now,
	}
	for _, change := range changes {
		change(&options)
	}
	require.NoError(t, middleware.Install(e, options))
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		var he *echo.HTTPError
		if errors.As(err, &he) {
			_ = c.String(he.Code, http.StatusText(he.Code))
			return
		}
		f := fault.From(err)
		_ = c.String(map[fault.Kind]int{
			fault.Invalid: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.NotFound: 404,
			fault.TooLarge: 413, fault.RateLimited: 429, fault.Internal: 500, fault.Unavailable: 503,
		}[f.Kind], f.Code)
	}
	b.routes(e)
	return b
}

func (b bundle) routes(e *echo.Echo) {
	ok := func(c echo.Context) error { return c.String(http.StatusOK, "ok") }
	echoForm := func(c echo.Context) error { return c.String(http.StatusOK, c.Request().PostForm.Get("name")) }
	form := func(c echo.Context) error {
		token, err := middleware.FormToken(c)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, token)
	}
	e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "["+middleware.CSRF(c)+"]") })
	e.GET("/form", form)
	e.POST("/form", echoForm)
	e.GET("/reset-password/:token", ok)
	e.GET("/panic", func(echo.Context) error { panic("sk_live_in_the_middle") })
	e.GET("/framed", func(c echo.Context) error { middleware.Framed(c); return ok(c) })
	e.GET("/app", ok, middleware.RequireUser())
	e.POST("/app", ok, middleware.RequireUser())
	e.GET("/admin", ok, middleware.RequireAdmin())
	e.GET("/login", form, middleware.RequireGuest())
	e.POST("/login", b.login, middleware.LimitCredentials())
	e.GET("/api/thing", func(c echo.Context) error {
		return c.String(http.StatusOK, middleware.Identity(c).User.Email)
	}, middleware.RequireUserOrKey())
	e.POST("/api/thing", ok, middleware.RequireUserOrKey())
	e.POST("/webhooks/stripe", func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return fault.Wrap(err, fault.TooLarge, "too_large")
		}
		return c.String(http.StatusOK, string(body))
	})
}

func (b bundle) login(c echo.Context) error {
	form := c.Request().PostForm
	user, err := b.auth.SignIn(c.Request().Context(), form.Get("email"), form.Get("password"))
	if err != nil {
		return c.String(http.StatusUnprocessableEntity, "credentials_wrong")
	}
	if err := b.auth.Begin(c.Response(), c.Request(), user, c.RealIP()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app")
}

func (b bundle) signUp(t *testing.T, email string) models.User {
	t.Helper()
	result, err := b.auth.SignUp(t.Context(), auth.SignUpInput{Name: "Ada", Email: email, Password: password}, nil)
	require.NoError(t, err)
	return result.User
}

// browser keeps cookies, follows no redirect, and may send headers of its own.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	header http.Header
}

func (b bundle) browser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return browser{t: t, base: b.url, header: http.Header{}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	body string
}

func (br browser) send(method, path string, form url.Values) answer {
	br.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(br.t.Context(), method, br.base+path, body)
	require.NoError(br.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range br.header {
		r.Header[name] = values
	}
	response, err := br.client.Do(r)
	require.NoError(br.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(br.t, err)
	return answer{response, string(text)}
}

func (br browser) get(path string) answer { br.t.Helper(); return br.send(http.MethodGet, path, nil) }

// submit fetches a form for its token, as a browser would, and posts to the same path.
func (br browser) submit(path string, pairs ...string) answer {
	br.t.Helper()
	form := url.Values{"_csrf": {br.get(path).body}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return br.send(http.MethodPost, path, form)
}

func (b bundle) signedIn(t *testing.T, email string) browser {
	t.Helper()
	b.signUp(t, email)
	br := b.browser(t)
	require.Equal(t, http.StatusSeeOther, br.submit("/login", "email", email, "password", password).StatusCode)
	return br
}
