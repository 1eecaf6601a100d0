package middleware_test

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/models/modelstest"
)

func limits(l middleware.Limits) change {
	return func(o *middleware.Options) { o.Limits = &l }
}

func tight() middleware.Limits {
	return middleware.Limits{
		Client: middleware.Rate{Burst: 8, Every: time.Minute}, Email: middleware.Rate{Burst: 5, Every: time.Minute},
		User: middleware.Rate{Burst: 5, Every: time.Minute}, Keys: 1000,
	}
}

func TestGuessingStopsHoweverTheClientIsForged(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t), limits(tight()))
	b.signUp(t, "ada@example.com")
	guesser := b.browser(t)
	refused := 0
	for i := range 20 {
		guesser.header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		guesser.header.Set("X-Real-Ip", fmt.Sprintf("198.51.100.%d", i))
		a := guesser.submit("/login", "email", fmt.Sprintf("user%d@example.com", i), "password", "wrong wrong")
		if a.StatusCode == 429 {
			refused++
			assert.Equal(t, "rate_limited", a.body)
		}
	}
	assert.Equal(t, 12, refused)
}

func TestOneAddressIsGuessedAtFromManyClients(t *testing.T) {
	t.Parallel()
	b := setup(t, modelstest.SQLite(t), limits(tight()), func(o *middleware.Options) {
		o.Config.TrustedProxies = []string{"127.0.0.1", "::1"}
	})
	b.signUp(t, "ada@example.com")
	from := func(ip, secret string) int {
		br := b.browser(t)
		br.header.Set("X-Forwarded-For", ip)
		return br.submit("/login", "email", "Ada@example.com ", "password", secret).StatusCode
	}
	home := "203.0.113.5"
	require.Equal(t, 303, from(home, password))
	var last int
	for i := range 10 {
		last = from(fmt.Sprintf("198.51.100.%d", i), "wrong wrong")
	}
	assert.Equal(t, 429, last, "the address's own limit")
	assert.Equal(t, 429, from("192.0.2.1", password), "a stranger with the right password has to wait")
	assert.Equal(t, 303, from(home, password), "the owner gets in from where they did before")

	for i := range 10 {
		from(fmt.Sprintf("198.51.100.%d", 100+i), "wrong wrong")
	}
	b.clock.Advance(2 * time.Minute)
	assert.Equal(t, 303, from("192.0.2.1", password), "and from anywhere once the attack has stopped")
}

func TestClientsBehindOneNetworkCountAsOne(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "junk": "junk",
	} {
		assert.Equal(t, want, middleware.ClientKey(ip))
	}
}

func TestP15_MemoryOfLimitsIsBounded(t *testing.T) {
	t.Parallel()
	b := middleware.NewBuckets(10_000)
	rate := middleware.Rate{Burst: 3, Every: time.Minute}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 200_000 {
		b.Take(fmt.Sprintf("198.51.%d", i), rate, now)
	}
	assert.LessOrEqual(t, b.Len(), 10_000)
	runtime.KeepAlive(b)

	for range 3 {
		require.Zero(t, b.Take("one", rate, now))
	}
	assert.InDelta(t, time.Minute, b.Take("one", rate, now), float64(time.Second))
	assert.InDelta(t, time.Minute, b.Take("one", rate, now), float64(time.Second), "asking again costs nothing")
	assert.Zero(t, b.Take("one", rate, now.Add(61*time.Second)))
}

func TestProxiesAreBelievedOnlyIfNamed(t *testing.T) {
	t.Parallel()
	ask := func(proxies []string, remote, forwarded string) string {
		e := echo.New()
		b := setupEcho(t, e, proxies)
		require.NoError(t, b)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = remote + ":4321"
		r.Header.Set("X-Forwarded-For", forwarded)
		r.Header.Set("X-Real-Ip", "198.51.100.99")
		return e.IPExtractor(r)
	}
	assert.Equal(t, "10.0.0.1", ask(nil, "10.0.0.1", "198.51.100.1"))
	assert.Equal(t, "198.51.100.1", ask([]string{"10.0.0.0/8"}, "10.0.0.1", "198.51.100.1"))
	assert.Equal(t, "198.51.100.1", ask([]string{" 10.0.0.1 "}, "10.0.0.1", "6.6.6.6, 198.51.100.1"), "the nearest untrusted")
	assert.Equal(t, "192.0.2.1", ask([]string{"10.0.0.1"}, "192.0.2.1", "198.51.100.1"))
	assert.Error(t, setupEcho(t, echo.New(), []string{"proxy.internal"}))
}

func setupEcho(t *testing.T, e *echo.Echo, proxies []string) error {
	t.Helper()
	o := middleware.Options{Now: time.Now}
	o.Config.AppURL, o.Config.TrustedProxies = "http://localhost:8080", proxies
	return middleware.Install(e, o)
}
