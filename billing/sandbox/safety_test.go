package sandbox_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// Each test here is one rule that keeps the sandbox from doing harm. That a release does not even contain it is tested
// where releases are built, in release_test.go at the root, and that the program refuses to start with a live key
// beside it in config.

func TestSafetyListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		"127.0.0.1:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "[::]:0": false, "192.0.2.1:0": false,
		"example.com:0": false,
	} {
		s, err := sandbox.New(sandbox.Options{Addr: addr, Now: time.Now})
		require.NoError(t, err)
		err = s.Start(t.Context())
		if ok {
			require.NoError(t, err, addr)
		} else {
			require.ErrorContains(t, err, "not a loopback address", addr)
		}
		require.NoError(t, s.Close())
	}
	s, err := sandbox.New(sandbox.Options{Addr: "0.0.0.0:0", Now: time.Now, AllowRemote: true})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()), "a container asks for it by name")
	require.NoError(t, s.Close())
}

// A web page elsewhere cannot reach the sandbox through a name of its own that leads to this machine.
func TestSafetyAnswersOnlyToItsOwnNames(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t, func(o *sandbox.Options) { o.AllowedHosts = []string{"stripe.test"} })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL(), "http://"))
	require.NoError(t, err)
	for host, ok := range map[string]bool{
		"127.0.0.1:" + port: true, "localhost": true, "[::1]:" + port: true, "app.localhost:1": true, "stripe.test:80": true,
		"evil.example": false, "127.0.0.1.evil.example": false, "localhost.evil.example:" + port: false, "0.0.0.0": false,
		"10.0.0.7": false,
	} {
		for _, path := range []string{"/v1/account", "/_sim/clock", "/_stripe/", "/_stripe/assets/base.css"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
			require.NoError(t, err)
			req.SetBasicAuth(s.SecretKey(), "")
			req.Host = host
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, ok, res.StatusCode != http.StatusMisdirectedRequest, "%s on %s: %d", path, host, res.StatusCode)
		}
	}
}

// No answer lets a script of another origin read it.
func TestSafetyAllowsNoOtherOrigin(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
		for _, path := range []string{"/v1/customers", "/_sim/faults", "/_stripe/", "/_stripe/switches/reset"} {
			req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, nil)
			require.NoError(t, err)
			req.SetBasicAuth(s.SecretKey(), "")
			req.Header.Set("Origin", "http://evil.example")
			req.Header.Set("Access-Control-Request-Method", "POST")
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			for name := range res.Header {
				require.NotContains(t, name, "Access-Control", "%s %s", method, path)
			}
			if strings.HasPrefix(path, "/_sim/") {
				require.Equal(t, http.StatusForbidden, res.StatusCode, "%s %s", method, path)
			}
		}
	}
}

func TestSafetyKeysAreOfOneInstallation(t *testing.T) {
	t.Parallel()
	one, two := sandboxtest.New(t), sandboxtest.New(t)
	require.NotEqual(t, one.SecretKey(), two.SecretKey())
	require.NotEqual(t, one.WebhookSecret(), two.WebhookSecret())
	require.True(t, strings.HasPrefix(one.SecretKey(), sandbox.KeyPrefix))
	_, err := sandboxtest.ClientOf(one.URL(), two.SecretKey()).Customers.New(&stripe.CustomerParams{})
	require.ErrorContains(t, err, "Invalid API Key provided")
}

// A live key is refused loudly, as the sandbox's own and as a client's, and is not kept in the log.
func TestSafetyRefusesLiveKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sk_" + "live_0123456789abcdef", "rk_" + "live_0123456789abcdef"} {
		_, err := sandbox.New(sandbox.Options{Now: time.Now, SecretKey: key})
		require.ErrorContains(t, err, "live key")
		s := sandboxtest.New(t)
		_, err = sandboxtest.ClientOf(s.URL(), key).Customers.New(&stripe.CustomerParams{})
		require.ErrorContains(t, err, "Nothing was done")
		require.Zero(t, count(t, s, "/v1/customers"))
		require.NotContains(t, exported(t, s), key)
	}
}

// Webhooks stay on this machine, whatever names resolve to, redirects say or a file holds.
func TestSafetyWebhooksStayOnThisMachine(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	own := send(t, s, "POST", "/v1/webhook_endpoints", "url=http://127.0.0.1:1/hook&enabled_events[]=*").body["id"].(string)
	for _, target := range []string{
		"http://192.0.2.1/x", "https://example.com/x", "http://127.0.0.1.example.com/", "http://169.254.169.254/latest",
		"http://[2001:db8::1]/", "http://0.0.0.0:80/", "ftp://127.0.0.1/x", "file:///etc/passwd", "//127.0.0.1/x", "127.0.0.1",
	} {
		form := "enabled_events[]=*&url=" + url.QueryEscape(target)
		got := send(t, s, "POST", "/v1/webhook_endpoints", form)
		require.Equal(t, "url", got.err(t)["param"], target)
		got = send(t, s, "POST", "/v1/webhook_endpoints/"+own, form)
		require.Equal(t, http.StatusBadRequest, got.status, target)
		_, err := sandbox.New(sandbox.Options{Now: time.Now, WebhookURL: target})
		require.Error(t, err, target)
	}
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	moved := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	t.Cleanup(moved.Close)
	require.Equal(t, 200, send(t, s, "POST", "/v1/webhook_endpoints/"+own, "url="+url.QueryEscape(moved.URL)).status)
	forged := strings.ReplaceAll(exported(t, s), moved.URL, "http://192.0.2.1/x")
	customer(t, s, "A")
	s.MustIdle()
	require.Zero(t, reached.Load(), "a redirect is a failed delivery")
	require.Equal(t, http.StatusTemporaryRedirect, delivered(t, s)[0].Status)

	require.NoError(t, s.Import(t.Context(), strings.NewReader(forged)))
	customer(t, s, "B")
	s.MustIdle()
	require.Contains(t, delivered(t, s)[0].Excerpt, "to this machine only")
}

func delivered(t *testing.T, s *sandboxtest.Sandbox) (out []sandbox.Delivery) {
	t.Helper()
	require.NoError(t, s.View(context.Background(), func(tx *sandbox.Tx) error {
		var err error
		out, err = tx.Deliveries("", 10)
		return err
	}))
	require.NotEmpty(t, out)
	return out
}

// Every form of every page is refused without the token, and from another site, before anything happens.
func TestSafetyFormsNeedTheirToken(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	posts := 0
	for _, pattern := range sandbox.PagePatterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if method != http.MethodPost {
			continue
		}
		posts++
		path = strings.NewReplacer("{id}", "x", "{card}", "x", "{price}", "x").Replace(path)
		b := newBrowser(t, s.URL())
		token := b.open("/_stripe/switches").Find("[name=_csrf]").AttrOr("value", "")
		for _, forged := range []struct{ token, origin string }{
			{"", ""}, {token + "x", ""}, {token, "http://evil.example"},
		} {
			req, err := http.NewRequest(http.MethodPost, s.URL()+path, strings.NewReader(url.Values{"_csrf": {forged.token}}.Encode()))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if forged.origin != "" {
				req.Header.Set("Origin", forged.origin)
			}
			require.Equal(t, http.StatusForbidden, b.do(req).status, "%s %+v", path, forged)
		}
	}
	require.Greater(t, posts, 10)
}

// Pages run no script but their own, may be framed by nobody, and set a cookie that other sites cannot use.
func TestSafetyPagesAreFencedIn(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	cs := s.checkout(s.pro)
	for _, path := range []string{
		"/_stripe/", "/_stripe/objects", "/_stripe/events", "/_stripe/deliveries", "/_stripe/requests", "/_stripe/clock",
		"/_stripe/switches", "/_stripe/nothing", cs.URL,
	} {
		page := newBrowser(t, s.URL()).open(path)
		policy := page.header.Get("Content-Security-Policy")
		for _, rule := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'",
			"frame-ancestors 'none'", "form-action 'self'",
		} {
			require.Contains(t, policy, rule, path)
		}
		require.NotContains(t, policy, "unsafe", path)
		require.Equal(t, "DENY", page.header.Get("X-Frame-Options"), path)
		require.Equal(t, "nosniff", page.header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-store", page.header.Get("Cache-Control"), path)
		cookie := page.header.Get("Set-Cookie")
		require.Contains(t, cookie, "SameSite=Lax", path)
		require.Contains(t, cookie, "HttpOnly", path)
	}
}

// What the API was given is text on a page, whatever it looks like.
func TestSafetyPagesEscapeWhatTheyShow(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	evil := `<script>alert(1)</script><img src=x onerror=alert(1)>"'`
	product := s.product(evil)
	cs := s.checkout(s.price(product, 500, "month"))
	c, err := s.Client.Customers.New(&stripe.CustomerParams{Name: &evil, Email: stripe.String("a@example.com")})
	require.NoError(t, err)
	b := newBrowser(t, s.URL())
	for _, path := range []string{
		cs.URL, "/_stripe/objects?kind=customer", "/_stripe/objects/" + c.ID, "/_stripe/objects/" + product, "/_stripe/events",
		"/_stripe/requests", "/_stripe/objects?kind=" + url.QueryEscape(evil), "/_stripe/events?type=" + url.QueryEscape(evil),
	} {
		page := b.open(path) // Which itself refuses any inline script.
		require.Zero(t, page.Find("img[src=x]").Length(), path)
	}
	require.Contains(t, b.open(cs.URL).text("main"), "<script>alert(1)</script>")
}

// A page sends the browser to this machine only; anywhere else it shows a link and says where it leads.
func TestSafetyRedirectsStayOnThisMachine(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	for _, target := range []string{"https://shop.example/done", "http://127.0.0.1.shop.example/done", "http://user@shop.example/"} {
		cs := s.checkout(s.pro, func(p *stripe.CheckoutSessionParams) { p.SuccessURL = &target })
		page := newBrowser(t, s.URL()).open(cs.URL).press(oneClick)
		require.Equal(t, http.StatusOK, page.status, target)
		require.Empty(t, page.location)
		require.Equal(t, target, page.Find("main a").AttrOr("href", ""))
		require.Contains(t, page.text("main"), target)
	}
	for _, target := range []string{"javascript:alert(1)", "data:text/html,x", "//shop.example"} {
		_, err := s.Client.CheckoutSessions.New(&stripe.CheckoutSessionParams{
			Mode: stripe.String("subscription"), SuccessURL: &target,
			LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: &s.pro, Quantity: stripe.Int64(1)}},
		})
		var refused *stripe.Error
		require.True(t, errors.As(err, &refused), "%s: %v", target, err)
	}
}

// No real card is taken, and of no card is the number kept: not in objects, events, the request log or the keys.
func TestSafetyCardNumbersAreNeverKept(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	real := "4539148803436467" // A valid number that is nobody's test card.
	card := func(number string) string {
		return "type=card&card[exp_month]=12&card[exp_year]=2030&card[cvc]=737&card[number]=" + number
	}
	got := send(t, s.Sandbox, "POST", "/v1/payment_methods", card(real), "Idempotency-Key", "k1")
	require.Equal(t, http.StatusPaymentRequired, got.status)
	require.Equal(t, "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid "+
		"test cards, visit: https://stripe.com/docs/testing.", got.err(t)["message"])
	got = send(t, s.Sandbox, "POST", "/v1/payment_methods", card("4242424242424242"), "Idempotency-Key", "k2")
	require.Equal(t, 200, got.status)
	send(t, s.Sandbox, "POST", "/v1/customers", "source="+real)
	send(t, s.Sandbox, "POST", "/v1/customers", "coupon=4539-1488-0343-6467")

	page := newBrowser(t, s.URL()).open(s.checkout(s.pro).URL)
	typed := []string{"email", "kim@example.com", "card_exp", "12 / 30", "card_cvc", "737"}
	page = page.press("#pay", append(typed, "card_number", "4539 1488 0343 6467")...)
	require.Contains(t, page.text("[role=alert]"), "non test card")
	require.NotContains(t, page.text("body")+page.Find("#card_number").AttrOr("value", ""), "6467")
	page.press("#pay", append(typed, "card_number", "4242 4242 4242 4242")...)

	file := exported(t, s.Sandbox)
	for _, number := range []string{real, "4539 1488 0343 6467", "4539-1488-0343-6467", "4242424242424242", `"737"`} {
		for line := range strings.Lines(file) {
			if strings.Contains(line, number) || strings.Contains(line, strings.ReplaceAll(number, `"`, `\"`)) {
				t.Errorf("%s is kept in %.300s", number, line)
			}
		}
	}
}

// Nothing claims to be live, and every page says that it is not; the browser in these tests looks for the ribbon.
func TestSafetyNothingIsLive(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-11-23T09:00")
	s.subscribe(s.buyer("pm_card_visa"), s.pro)
	file := exported(t, s.Sandbox)
	require.Contains(t, file, `"livemode":false`)
	require.NotContains(t, file, `"livemode":true`)
	require.Contains(t, newBrowser(t, s.URL()).open("/_stripe/").text(".ribbon"), "no real money")
}
