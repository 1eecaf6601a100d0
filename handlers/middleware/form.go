package middleware

import (
	"errors"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
)

// formField is the hidden field, and formHeader what a script may send instead.
const (
	formField  = "_csrf"
	formHeader = "X-CSRF-Token"
)

// refuseCrossOrigin turns away what a browser says another site has sent. The token below would
// stop it as well: two locks, of different make.
func (s *stack) refuseCrossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if machine(c) || nowhere(c) {
			return next(c)
		}
		if err := s.crossOrigin.Check(c.Request()); err != nil {
			return fault.Wrap(err, fault.Forbidden, "csrf_failed")
		}
		return next(c)
	}
}

// checkForm wants the browser's own token with everything that changes something. Exempt are the
// routes for machines and requests that an API key made, which no browser sends by itself.
func (s *stack) checkForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
			return next(c)
		}
		if id := Identity(c); machine(c) || nowhere(c) || (id != nil && id.APIKey != nil) {
			return next(c)
		}
		if err := parseForm(r); err != nil {
			return err
		}
		token := r.Header.Get(formHeader)
		if token == "" {
			token = r.PostForm.Get(formField)
		}
		ok, err := s.Auth.CheckForm(r, token)
		if err != nil {
			return err
		}
		if !ok && Identity(c) == nil && s.Auth.HadSession(r) {
			return fault.New(fault.Unauthorized, "session_expired")
		}
		if !ok {
			return fault.New(fault.Forbidden, "csrf_failed")
		}
		return next(c)
	}
}

func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	return kind == echo.MIMEApplicationForm || kind == echo.MIMEMultipartForm
}

// parseForm reads the body once, for the token and for the handler. No form here uploads a file.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	if kind, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); err == nil && kind == echo.MIMEMultipartForm {
		err = r.ParseMultipartForm(formLimit)
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Wrap(err, fault.TooLarge, "too_large")
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_request")
	}
	return nil
}

// CSRF is the token for the forms on a page. A visitor gets none, so that pages without forms set
// no cookie and can be kept; a form for visitors asks for FormToken.
func CSRF(c echo.Context) string {
	if Identity(c) == nil {
		return ""
	}
	token, err := FormToken(c)
	if err != nil {
		return "" // the form will be refused, with words
	}
	return token
}

// FormToken is the token for a form, whoever reads it. A visitor is given a cookie to bind it to.
func FormToken(c echo.Context) (string, error) {
	if token, ok := c.Get(tokenKey).(string); ok {
		return token, nil
	}
	s, ok := c.Get(stackKey).(*stack)
	if !ok {
		return "", errors.New("form token: the middleware is not installed")
	}
	token, err := s.Auth.FormToken(c.Response(), c.Request())
	if err != nil {
		return "", err
	}
	noStore(c)
	c.Set(tokenKey, token)
	return token, nil
}

// Flash takes the notice that the last request left for this page.
func Flash(c echo.Context) (auth.Notice, bool) {
	s, ok := c.Get(stackKey).(*stack)
	if !ok {
		return auth.Notice{}, false
	}
	notice, found, err := s.Auth.TakeFlash(c.Response(), c.Request())
	return notice, found && err == nil // a notice is not worth a failed page
}
