package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
	"example.com/tollgate/views/layout"
)

// noticeReset is the one notice that somebody who is not signed in can be met with. It stands in the
// address, because there is no session to keep it; any other value shows nothing.
const noticeReset = "password_reset"

func (s *site) loginForm(c echo.Context) error {
	return s.showLogin(c, http.StatusOK, views.LoginPage{Next: c.QueryParam("next")})
}

// login signs the browser in under a new session and goes on to where it was going.
func (s *site) login(c echo.Context) error {
	form := c.Request().PostForm
	user, err := s.Auth.SignIn(c.Request().Context(), form.Get("email"), form.Get("password"))
	if err != nil {
		refused, ok := refusal(err, "credentials_wrong")
		if !ok {
			return err
		}
		return s.showLogin(c, http.StatusUnprocessableEntity, views.LoginPage{
			Form: refused, Email: form.Get("email"), Next: form.Get("next"),
		})
	}
	return s.enter(c, user, "")
}

// enter signs in whoever has shown to be the user, and goes on to where the form says they were going.
// notice is what the next page says, if anything. Who has a second factor is asked for a code first.
func (s *site) enter(c echo.Context, user models.User, notice string) error {
	next := middleware.NextPath(c.Request().PostForm.Get("next"))
	err := s.Auth.Begin(c.Response(), c.Request(), user, c.RealIP())
	if fault.Is(err, "code_needed") {
		return back(c, views.LoginCodePath(keepNext(next), false))
	}
	if err != nil {
		return err
	}
	by(c, user)
	if notice == "" {
		return back(c, next)
	}
	return s.backWith(c, next, notice)
}

func (s *site) showLogin(c echo.Context, status int, page views.LoginPage) error {
	p, err := s.formPage(c, views.LoginTitle)
	if err != nil {
		return err
	}
	if c.QueryParam("notice") == noticeReset {
		p.Flash = &layout.Flash{Kind: layout.Success, Text: views.Message(noticeReset, nil)}
	}
	page.Page, page.Next = p, keepNext(page.Next)
	return render(c, status, views.Login(page))
}

// logout ends the session itself, so that a copy of the cookie is worth nothing.
func (s *site) logout(c echo.Context) error {
	if err := s.Auth.End(c.Response(), c.Request()); err != nil {
		return err
	}
	return back(c, "/")
}
