package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
)

func (s *site) linkForm(c echo.Context) error {
	return s.showLink(c, http.StatusOK, views.LoginLinkPage{Next: c.QueryParam("next")})
}

// sendLink says the same, after the same time, whether or not there is such a user. It is also the
// second button of the form for signing in, whose password it does not look at.
func (s *site) sendLink(c echo.Context) error {
	form := c.Request().PostForm
	page := views.LoginLinkPage{Email: form.Get("email"), Next: form.Get("next")}
	err := s.Auth.SendLink(c.Request().Context(), page.Email, keepNext(page.Next))
	if err == nil {
		page.Sent = true
		return s.showLink(c, http.StatusOK, page)
	}
	refused, ok := refusal(err)
	if !ok {
		return err
	}
	page.Form = refused
	return s.showLink(c, http.StatusUnprocessableEntity, page)
}

func (s *site) showLink(c echo.Context, status int, page views.LoginLinkPage) error {
	p, err := s.formPage(c, views.LoginLinkTitle)
	if err != nil {
		return err
	}
	page.Page, page.Next = p, keepNext(page.Next)
	return render(c, status, views.LoginLink(page))
}

// useLinkForm asks for a click and uses nothing up: programs that scan mail open links as well.
func (s *site) useLinkForm(c echo.Context) error {
	user, err := s.Auth.LinkUser(c.Request().Context(), c.Param("token"))
	if err != nil {
		return s.refuseLink(c, err)
	}
	return s.showUseLink(c, http.StatusOK, views.UseLinkPage{Email: user.Email, Next: keepNext(c.QueryParam("next"))})
}

// useLink signs the reader of the mail in, as far as the right password would.
func (s *site) useLink(c echo.Context) error {
	user, first, err := s.Auth.UseLink(c.Request().Context(), c.Param("token"))
	if err != nil {
		return s.refuseLink(c, err)
	}
	notice := ""
	if first {
		notice = "link_first"
	}
	return s.enter(c, user, notice)
}

func (s *site) refuseLink(c echo.Context, err error) error {
	if !fault.Is(err, "token_invalid") {
		return err
	}
	return s.showUseLink(c, http.StatusGone, views.UseLinkPage{Invalid: true})
}

func (s *site) showUseLink(c echo.Context, status int, page views.UseLinkPage) error {
	p, err := s.formPage(c, views.LoginLinkTitle)
	if err != nil {
		return err
	}
	page.Page, page.Action = p, c.Request().URL.Path
	return render(c, status, views.UseLink(page))
}
