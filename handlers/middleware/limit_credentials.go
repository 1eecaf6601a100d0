package middleware

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
)

// credentialLimiter holds the buckets of clients and of e-mail addresses apart, so that a flood of
// one cannot push the other out of memory. familiar are the pairs of address and client that have
// signed in: each has a bucket of its own, which no attacker elsewhere can empty.
type credentialLimiter struct {
	limits                    Limits
	clients, emails, familiar *buckets
}

func newCredentialLimiter(limits Limits) *credentialLimiter {
	return &credentialLimiter{
		limits: limits, clients: newBuckets(limits.Keys), emails: newBuckets(limits.Keys), familiar: newBuckets(limits.Keys),
	}
}

// LimitCredentials bounds how often one client may try, and how often one e-mail address may be
// tried, whoever tries. An address is free again once somebody has signed in to it; a client is
// not, because an attacker can sign in to an account of their own between guesses.
func LimitCredentials() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			s, ok := c.Get(stackKey).(*stack)
			if !ok {
				return next(c)
			}
			email := attempted(c)
			if wait := s.limiter.take(c, email, s.Now()); wait > 0 {
				return tooOften(wait)
			}
			if err := next(c); err != nil {
				return err
			}
			// Only right credentials lead on from a form that tries them.
			if email != "" && c.Response().Status == http.StatusSeeOther {
				s.limiter.emails.forget(email)
				s.limiter.familiar.remember(pair(c, email), s.limiter.limits.Email)
			}
			return nil
		}
	}
}

func (l *credentialLimiter) take(c echo.Context, email string, now time.Time) time.Duration {
	limit, ok := l.limits.Routes[c.Path()]
	if !ok {
		limit = l.limits.Client
	}
	if wait := l.clients.take(c.Path()+" "+clientKey(c.RealIP()), limit, now); wait > 0 {
		return wait
	}
	if id := Identity(c); id != nil {
		return l.emails.take(id.User.PublicID, l.limits.User, now)
	}
	switch {
	case email == "":
		return 0
	case l.familiar.known(pair(c, email)):
		return l.familiar.take(pair(c, email), l.limits.Email, now)
	}
	return l.emails.take(email, l.limits.Email, now)
}

// attempted is the address that a visitor's form tries to sign in to. Asking for a mail is none: it
// must not use up the tries, and is limited where the mail is written.
func attempted(c echo.Context) string {
	if Identity(c) != nil || (c.Path() != "/login" && c.Path() != "/signup") {
		return ""
	}
	email, ok := auth.NormalizeEmail(c.Request().PostForm.Get("email"))
	if !ok {
		return ""
	}
	return email
}

func pair(c echo.Context, email string) string { return email + " " + clientKey(c.RealIP()) }

func tooOften(wait time.Duration) error {
	f := fault.New(fault.RateLimited, "rate_limited", "retry_after", words(wait))
	f.RetryAfter = wait
	return f
}

// words says a wait in whole seconds or minutes, rounded up.
func words(wait time.Duration) string {
	seconds := int64((wait + time.Second - 1) / time.Second)
	switch {
	case seconds <= 1:
		return "a second"
	case seconds < 60:
		return fmt.Sprintf("%d seconds", seconds)
	case seconds <= 90:
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", (seconds+59)/60)
}
