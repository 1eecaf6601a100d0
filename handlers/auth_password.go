package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
)

func (s *site) forgotPasswordForm(c echo.Context) error {
	return s.showForgotPassword(c, http.StatusOK, views.ForgotPasswordPage{})
}

// forgotPassword says the same, after the same time, whether or not there is such a user.
func (s *site) forgotPassword(c echo.Context) error {
	email := c.Request().PostForm.Get("email")
	if err := s.Auth.ForgotPassword(c.Request().Context(), email); err != nil {
		refused, ok := refusal(err)
		if !ok {
			return err
		}
		return s.showForgotPassword(c, http.StatusUnprocessableEntity, views.ForgotPasswordPage{Form: refused, Email: email})
	}
	return s.showForgotPassword(c, http.StatusOK, views.ForgotPasswordPage{Sent: true})
}

func (s *site) showForgotPassword(c echo.Context, status int, page views.ForgotPasswordPage) error {
	p, err := s.formPage(c, views.ForgotPasswordTitle)
	if err != nil {
		return err
	}
	page.Page = p
	return render(c, status, views.ForgotPassword(page))
}

// resetPasswordForm uses nothing up: programs that scan mail open links as well.
func (s *site) resetPasswordForm(c echo.Context) error {
	if err := s.Auth.ResetTokenValid(c.Request().Context(), c.Param("token")); err != nil {
		return s.refuseReset(c, err)
	}
	return s.showResetPassword(c, http.StatusOK, views.ResetPasswordPage{})
}

// resetPassword signs nobody in: whoever chose the new password proves it by using it.
func (s *site) resetPassword(c echo.Context) error {
	user, err := s.Auth.ResetPassword(c.Request().Context(), c.Param("token"), c.Request().PostForm.Get("password"))
	if err != nil {
		return s.refuseReset(c, err)
	}
	by(c, user)
	return back(c, "/login?notice="+noticeReset)
}

func (s *site) refuseReset(c echo.Context, err error) error {
	if fault.Is(err, "token_invalid") {
		return s.showResetPassword(c, http.StatusGone, views.ResetPasswordPage{Invalid: true})
	}
	refused, ok := refusal(err)
	if !ok {
		return err
	}
	return s.showResetPassword(c, http.StatusUnprocessableEntity, views.ResetPasswordPage{Form: refused})
}

func (s *site) showResetPassword(c echo.Context, status int, page views.ResetPasswordPage) error {
	p, err := s.formPage(c, views.ResetPasswordTitle)
	if err != nil {
		return err
	}
	page.Page, page.Action, page.MinPassword = p, c.Request().URL.Path, auth.MinPassword
	return render(c, status, views.ResetPassword(page))
}
