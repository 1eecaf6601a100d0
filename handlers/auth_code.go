package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
)

// codeForm asks whoever has shown the right password, or read the mail, for the second factor.
func (s *site) codeForm(c echo.Context) error {
	halfway, err := s.Auth.Halfway(c.Request())
	if err != nil {
		return err
	}
	next := keepNext(c.QueryParam("next"))
	if !halfway {
		return back(c, middleware.LoginPath(next))
	}
	return s.showCode(c, http.StatusOK, views.LoginCodePage{Next: next, Recovery: c.QueryParam("recovery") != ""})
}

// code signs in with a code of the app or a recovery code. Which of the two the page asked for does
// not matter.
func (s *site) code(c echo.Context) error {
	form := c.Request().PostForm
	user, err := s.Auth.Finish(c.Response(), c.Request(), form.Get("code"), c.RealIP())
	if fault.Is(err, "sign_in_over") {
		return s.showLogin(c, http.StatusUnauthorized, views.LoginPage{
			Form: views.Form{FormError: views.Message("sign_in_over", nil)}, Next: form.Get("next"),
		})
	}
	if err == nil {
		by(c, user)
		return back(c, middleware.NextPath(form.Get("next")))
	}
	refused, ok := refusal(err, "codes_limited")
	if !ok {
		return err
	}
	return s.showCode(c, refusedCode(c, err), views.LoginCodePage{
		Form: refused, Next: form.Get("next"), Recovery: form.Get("recovery") != "",
	})
}

// refusedCode is the status of a form whose code was not accepted, and says when to come back.
func refusedCode(c echo.Context, err error) int {
	if wait := fault.From(err).RetryAfter; wait > 0 {
		sayRetryAfter(c, wait.Round(time.Second))
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

func (s *site) showCode(c echo.Context, status int, page views.LoginCodePage) error {
	p, err := s.formPage(c, views.LoginCodeTitle)
	if err != nil {
		return err
	}
	page.Page, page.Next = p, keepNext(page.Next)
	return render(c, status, views.LoginCode(page))
}
