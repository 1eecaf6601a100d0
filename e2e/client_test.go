package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// maxBody bounds what a test reads of one answer.
const maxBody = 4 << 20

// client speaks HTTP to the application, with cookies and without a browser. It follows no redirect.
type client struct {
	app  *program
	http *http.Client
}

func newClient(app *program) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it only fails for options, and there are none
	}
	return &client{app: app, http: &http.Client{
		Jar: jar, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// cookies gives a client the cookies of a tab, so that it is the same user.
func (b *tab) client() *client {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	found, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{b.app.url}})
	if err != nil {
		b.t.Fatalf("read the cookies: %v", err)
	}
	c := newClient(b.app)
	home, err := url.Parse(b.app.url)
	if err != nil {
		b.t.Fatal(err)
	}
	var cookies []*http.Cookie
	for _, cookie := range found.Cookies {
		cookies = append(cookies, &http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	c.http.Jar.SetCookies(home, cookies)
	return c
}

// answer is what came back.
type answer struct {
	status   int
	location string
	body     string
}

// send makes one request. The header holds pairs of names and values.
func (c *client) send(ctx context.Context, method, address string, form url.Values, header ...string) (answer, error) {
	if strings.HasPrefix(address, "/") {
		address = c.app.url + address
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	return answer{res.StatusCode, res.Header.Get("Location"), string(body)}, err
}

func (c *client) get(ctx context.Context, address string, header ...string) (answer, error) {
	return c.send(ctx, http.MethodGet, address, nil, header...)
}

// submit sends a form with the token of the page that has it.
func (c *client) submit(ctx context.Context, page, action string, form url.Values) (answer, error) {
	shown, err := c.get(ctx, page)
	if err != nil {
		return answer{}, err
	}
	_, after, found := strings.Cut(shown.body, `name="_csrf" value="`)
	token, _, _ := strings.Cut(after, `"`)
	if !found {
		return shown, fmt.Errorf("%s has no form: status %d, to %q", page, shown.status, shown.location)
	}
	form.Set("_csrf", token)
	return c.send(ctx, http.MethodPost, action, form)
}

// within asks for a page again and again until it says all the words, and fails once the time is over that
// began at the click. It says how long it took.
func (b *tab) within(limit time.Duration, clicked time.Time, address string, words ...string) {
	b.t.Helper()
	c := b.client()
	ctx, cancel := context.WithDeadline(b.ctx, clicked.Add(limit))
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	var last answer
	for {
		page, err := c.get(ctx, address)
		if err == nil {
			last = page
			if containsAll(plain(page.body), words) {
				took := time.Since(clicked).Round(time.Millisecond)
				b.t.Logf("%s says %q after %s, within the goal of %s: %t", address, words, took, goal, took <= goal)
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.snap("failed")
			b.t.Fatalf("%s does not say %q within %s; it says:\n%s", address, words, limit, clip(plain(last.body)))
		}
	}
}

func containsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func clip(text string) string { return text[:min(len(text), 2000)] }

// stripeAPI is the sandbox as a program of the operator's sees it.
type stripeAPI struct {
	base, key string
}

// call sends a form to the API and reads the answer.
func (s stripeAPI) call(ctx context.Context, method, path string, form url.Values) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	target := s.base + path
	var body io.Reader
	if method == http.MethodGet {
		target += "?" + form.Encode()
	} else {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(s.key, "")
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&out); err != nil {
		return nil, fmt.Errorf("%s %s: status %d: %w", method, path, res.StatusCode, err)
	}
	if res.StatusCode != http.StatusOK {
		return out, fmt.Errorf("%s %s: status %d: %v", method, path, res.StatusCode, out["error"])
	}
	return out, nil
}

// must is call for a test that has nothing to do without the answer.
func (s stripeAPI) must(t testing.TB, method, path string, form url.Values) map[string]any {
	t.Helper()
	out, err := s.call(t.Context(), method, path, form)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// list reads the data of a list.
func (s stripeAPI) list(t testing.TB, path string, form url.Values) []map[string]any {
	t.Helper()
	data, _ := s.must(t, http.MethodGet, path, form)["data"].([]any)
	var out []map[string]any
	for _, each := range data {
		if object, ok := each.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}
