package middleware

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
)

// identify finds out who asks. A program under /api with a key is the key's, whatever cookies it
// sends along: a request that needs no form token must not count as a browser's.
func (s *stack) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if machine(c) {
			return next(c)
		}
		var id *auth.Identity
		var err error
		if key, ok := bearer(c); ok {
			id, err = s.Auth.IdentifyKey(c.Request().Context(), key)
		} else {
			id, err = s.Auth.Identify(c.Request())
		}
		if err != nil {
			if f := fault.From(err); f.Kind != fault.Internal {
				return err
			}
			return fault.Wrap(err, fault.Unavailable, "unavailable") // the database did not answer
		}
		if id != nil {
			c.Set(identityKey, id)
			noStore(c)
		}
		return next(c)
	}
}

// Identity is who asks, or nil.
func Identity(c echo.Context) *auth.Identity {
	id, _ := c.Get(identityKey).(*auth.Identity)
	return id
}

// bearer gives the API key of a request under /api.
func bearer(c echo.Context) (string, bool) {
	if !api(c) {
		return "", false
	}
	scheme, key, found := strings.Cut(c.Request().Header.Get(echo.HeaderAuthorization), " ")
	return strings.TrimSpace(key), found && strings.EqualFold(scheme, "Bearer")
}

// RequireUser lets signed-in users through. A visitor's browser is sent to sign in and comes back;
// a program is told.
func RequireUser() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if Identity(c) != nil {
				return next(c)
			}
			return askToSignIn(c)
		}
	}
}

// RequireUserOrKey lets signed-in users and API keys through.
func RequireUserOrKey() echo.MiddlewareFunc { return RequireUser() }

func askToSignIn(c echo.Context) error {
	if api(c) {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		return fault.New(fault.Unauthorized, "unauthorized")
	}
	to := "/login"
	if r := c.Request(); r.Method == http.MethodGet || r.Method == http.MethodHead {
		to = LoginPath(r.URL.RequestURI())
	}
	noStore(c)
	if c.Request().Header.Get("HX-Request") == "true" {
		c.Response().Header().Set("HX-Redirect", to) // a fragment must not become a sign-in form
		return c.NoContent(http.StatusUnauthorized)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// RequireGuest sends users who are signed in to the product, or to where they were going.
func RequireGuest() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if Identity(c) == nil {
				return next(c)
			}
			return c.Redirect(http.StatusSeeOther, NextPath(c.QueryParam("next")))
		}
	}
}

// RequireAdmin lets administrators through. For everybody else there is nothing here.
func RequireAdmin() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			s, ok := c.Get(stackKey).(*stack)
			if ok && Identity(c).Admin(s.Config.AdminEmails) {
				return next(c)
			}
			return fault.New(fault.NotFound, "not_found")
		}
	}
}
