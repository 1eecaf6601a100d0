package middleware

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/config"
)

// headers are the same for every answer, errors included, so they are composed once.
type headers struct {
	csp    string
	secure bool
}

// newHeaders writes the policy. A form may lead to Stripe's pages, because browsers apply
// form-action to the redirect that answers it; in development they are at the sandbox's origin.
func newHeaders(c config.Config) headers {
	forms := []string{"'self'", "https://checkout.stripe.com", "https://billing.stripe.com"}
	if base, err := url.Parse(c.StripeAPIBase); err == nil && c.StripeAPIBase != config.StripeAPI && base.Host != "" {
		forms = append(forms, base.Scheme+"://"+base.Host)
	}
	return headers{secure: c.Secure(), csp: strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
		"font-src 'self'", "connect-src 'self'", "manifest-src 'self'", "frame-src 'self'",
		"form-action " + strings.Join(forms, " "),
		"frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'",
	}, "; ")}
}

func (s *stack) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", s.headers.csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if s.headers.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		// What is on a path with a token in it must not go to the next site in a Referer.
		if strings.Contains(c.Path(), ":token") {
			h.Set("Referrer-Policy", "no-referrer")
			noStore(c)
		}
		if c.Request().Method == http.MethodTrace {
			return echo.ErrMethodNotAllowed
		}
		return next(c)
	}
}

// noStore keeps an answer out of every cache, the browser's included: it was for one person.
func noStore(c echo.Context) { c.Response().Header().Set(echo.HeaderCacheControl, "no-store") }

// Framed lets one of our own pages show this answer in a sandboxed frame: the preview of a mail,
// which is styled inline, runs no script and may open its links only outside the frame.
func Framed(c echo.Context) {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "+
		"sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "+
		"form-action 'none'; base-uri 'none'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	noStore(c)
}
