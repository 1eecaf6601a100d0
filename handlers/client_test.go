package handlers_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/models/modelstest"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// site is the whole program, serving on a port of its own with its own sandbox.
type site struct {
	*app.App
	t   *testing.T
	url string
}

// eachSite runs a test against the whole program on both databases.
func eachSite(t *testing.T, body func(t *testing.T, s *site)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		body(t, newSite(t, modelstest.SQLiteURL(t)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		body(t, newSite(t, modelstest.PostgresURL(t)))
	})
}

func newSite(t *testing.T, databaseURL string) *site {
	t.Helper()
	return newLoggedSite(t, databaseURL, io.Discard)
}

// newLoggedSite is newSite for a test that reads what an operator would.
func newLoggedSite(t *testing.T, databaseURL string, log io.Writer) *site {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	origin := "http://" + listener.Addr().String()
	cfg, err := config.Parse([]string{
		"APP_ENV=test", "APP_URL=" + origin, "ADDR=127.0.0.1:0", "DATABASE_URL=" + databaseURL,
		"STRIPE_API_BASE=http://127.0.0.1:0", "ADMIN_EMAILS=admin@example.com",
		"SESSION_SECRETS=0123456789abcdef0123456789abcdef",
	})
	require.NoError(t, err)
	cfg.DataDir = filepath.Join(t.TempDir(), "data")
	a, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(log, nil)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- a.Serve(ctx, listener, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		require.NoError(t, a.Close())
	})
	return &site{App: a, t: t, url: origin}
}

// browser is a visitor with cookies and no JavaScript. It does not follow redirects.
type browser struct {
	*site
	t      *testing.T
	client *http.Client
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{site: s, t: t, client: &http.Client{
		Jar: jar, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signedUp is a browser that has just signed up.
func (s *site) signedUp(t *testing.T, name string) *browser {
	t.Helper()
	b := s.browser(t)
	a := b.submit(b.get("/signup"), `form[action="/signup"]`, url.Values{
		"name": {name}, "email": {name + "@example.com"}, "password": {"correct horse battery"},
	})
	require.Equal(t, http.StatusSeeOther, a.status, a.text())
	require.Equal(t, "/app", a.location)
	return b
}

// answer is a response that has been read.
type answer struct {
	t        *testing.T
	status   int
	location string
	header   http.Header
	body     []byte
	path     string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	response, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return answer{
		t: b.t, status: response.StatusCode, location: response.Header.Get("Location"), header: response.Header,
		body: body, path: r.URL.Path,
	}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = b.url + path
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, target, body)
	require.NoError(b.t, err)
	return r
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

// post sends a form as it is given, token and all.
func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// submit fills in and sends a form of a page, with everything that is in it.
func (b *browser) submit(page answer, selector string, values url.Values) answer {
	b.t.Helper()
	form := page.doc().Find(selector).First()
	require.Equal(b.t, 1, form.Length(), "%s has no form %s", page.path, selector)
	fields := url.Values{}
	form.Find("input[name]").Each(func(_ int, input *goquery.Selection) {
		fields.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	for name, value := range values {
		fields[name] = value
	}
	return b.post(form.AttrOr("action", page.path), fields)
}

// token is a form token for this browser, for requests that no form of a page makes.
func (b *browser) token() string {
	b.t.Helper()
	token := b.get("/app/settings").doc().Find(`input[name="_csrf"]`).First().AttrOr("value", "")
	require.NotEmpty(b.t, token)
	return token
}

func (a answer) doc() *goquery.Document {
	a.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(a.body)))
	require.NoError(a.t, err)
	return doc
}

// text is what a reader sees in the main part of a page, with single spaces.
func (a answer) text() string {
	a.t.Helper()
	return strings.Join(strings.Fields(a.doc().Find("main").Text()), " ")
}

func (a answer) json() map[string]any {
	a.t.Helper()
	var out map[string]any
	require.NoError(a.t, json.Unmarshal(a.body, &out), string(a.body))
	return out
}

// pay confirms a Checkout Session the way the hosted page does.
func (s *site) pay(checkoutURL, card string) {
	s.t.Helper()
	session := checkoutURL[strings.LastIndex(checkoutURL, "/")+1:]
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost,
		s.Config.StripeAPIBase+"/v1/payment_pages/"+session+"/confirm", strings.NewReader("payment_method="+card))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(s.Config.StripeSecretKey, "")
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, response.StatusCode, string(body))
}

// subscribe takes a browser through Checkout and back.
func (b *browser) subscribe(lookupKey string) {
	b.t.Helper()
	order := b.get("/app/billing/checkout?price=" + lookupKey)
	require.Equal(b.t, http.StatusOK, order.status, order.text())
	away := b.submit(order, `form[action="/app/billing/checkout"]`, nil)
	require.Equal(b.t, http.StatusSeeOther, away.status, away.text())
	b.pay(away.location, "pm_card_visa")
	home := b.get("/app/billing/return?session_id=cs_of_somebody_else")
	require.Equal(b.t, "/app/billing", home.location, home.text())
}
