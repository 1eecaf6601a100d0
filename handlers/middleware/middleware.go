// Package middleware is what happens around every request, whatever it asks for.
//
// From the outside in: the request gets an id, its one line in the log and headers that forbid a
// browser whatever no page of ours needs; a panic becomes an error; time and body are bounded;
// another site's requests are refused; whoever asks is identified; and a form must carry the token
// that was made for this browser.
//
// The guards (RequireUser, RequireAdmin, …) stand on the lines of the route table. They read what
// Install has put into the request.
package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/config"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// Options is what the middleware needs.
type Options struct {
	Config config.Config
	Auth   *auth.Service
	Logger *slog.Logger
	Now    func() time.Time // the wall clock
	Limits *Limits          // nil means DefaultLimits
}

// requestTimeout bounds the work for one request. What waits for Stripe sets a tighter one itself.
const requestTimeout = 15 * time.Second

// stack is what every request shares.
type stack struct {
	Options
	headers     headers
	crossOrigin *http.CrossOriginProtection
	limiter     *credentialLimiter
}

// keys under which a request carries what happened to it so far.
const (
	stackKey     = "tollgate.stack"
	requestIDKey = "tollgate.request_id"
	identityKey  = "tollgate.identity"
	tokenKey     = "tollgate.form_token"
)

// Install puts the middleware on an Echo instance, in order, and tells it whom to believe about
// addresses.
func Install(e *echo.Echo, o Options) error {
	app, err := url.Parse(o.Config.AppURL)
	if err != nil {
		return fmt.Errorf("middleware: %w", err)
	}
	if o.Limits == nil {
		limits := DefaultLimits()
		o.Limits = &limits
	}
	s := &stack{
		Options: o, headers: newHeaders(o.Config), crossOrigin: http.NewCrossOriginProtection(),
		limiter: newCredentialLimiter(*o.Limits),
	}
	// Behind a proxy the Host may be an internal name, so the public origin is named.
	if err := s.crossOrigin.AddTrustedOrigin(app.Scheme + "://" + app.Host); err != nil {
		return fmt.Errorf("middleware: %w", err)
	}
	if e.IPExtractor, err = ipExtractor(o.Config.TrustedProxies); err != nil {
		return err
	}
	e.Use(s.begin, s.log, s.secure, s.recover, s.bound, s.refuseCrossOrigin, s.identify, s.checkForm)
	return nil
}

// ipExtractor believes X-Forwarded-For only as far as it was written by the proxies named, given as
// addresses or networks. Without any it believes nobody.
func ipExtractor(proxies []string) (echo.IPExtractor, error) {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect(), nil
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, proxy := range proxies {
		proxy = strings.TrimSpace(proxy)
		if ip := net.ParseIP(proxy); ip != nil {
			proxy += "/128"
			if ip.To4() != nil {
				proxy = ip.String() + "/32"
			}
		}
		_, network, err := net.ParseCIDR(proxy)
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: %q is neither an address nor a network", proxy)
		}
		trust = append(trust, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(trust...), nil
}

// begin gives the request its id. One that a client sends is ignored: it could be somebody else's.
func (s *stack) begin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := models.NewToken()
		c.Set(stackKey, s)
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

// RequestID names the request in the log, in error pages and in the answer's X-Request-Id.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// recover turns a panic into an error like any other. The stack goes to the log with it.
func (s *stack) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			problem := recover()
			if problem == nil {
				return
			}
			if problem == http.ErrAbortHandler { //nolint:errorlint // net/http compares it by identity
				panic(problem)
			}
			err = fault.Wrap(panicked(problem), fault.Internal, "internal")
		}()
		return next(c)
	}
}

// bound limits how long the request's work may take and how much it may send.
func (s *stack) bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		limit := int64(bodyLimit)
		if isForm(r) {
			limit = formLimit
		}
		if r.ContentLength > limit {
			return fault.New(fault.TooLarge, "too_large")
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, limit)
		c.SetRequest(r)
		return next(c)
	}
}

const (
	bodyLimit = 1 << 20
	formLimit = 64 << 10
)

// machine reports whether a route is for programs that prove themselves in their own way, or for
// files that are the same for everybody: neither has a session or a form. It goes by the route that
// was matched and not by the path, which can be spelled in many ways.
func machine(c echo.Context) bool {
	switch c.Path() {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	return strings.HasPrefix(c.Path(), "/webhooks/") || strings.HasPrefix(c.Path(), "/static/")
}

// nowhere reports whether no route matched, so that the answer will be 404 or 405 whoever asks.
func nowhere(c echo.Context) bool {
	return c.Path() == "" || c.Path() == "/*" || c.Get(echo.ContextKeyHeaderAllow) != nil
}

// api reports whether the answer is for a program.
func api(c echo.Context) bool { return strings.HasPrefix(c.Request().URL.Path, "/api/") }
