package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
)

// verifyEmailForm asks for a click and uses nothing up: programs that scan mail open links as well.
func (s *site) verifyEmailForm(c echo.Context) error {
	user, err := s.Auth.VerifyTokenUser(c.Request().Context(), c.Param("token"))
	if err != nil {
		return s.refuseVerification(c, err)
	}
	return s.showVerifyEmail(c, http.StatusOK, views.VerifyEmailPage{State: views.VerifyAsk, Email: user.Email})
}

func (s *site) verifyEmail(c echo.Context) error {
	user, err := s.Auth.VerifyEmail(c.Request().Context(), c.Param("token"))
	if err != nil {
		return s.refuseVerification(c, err)
	}
	by(c, user)
	if id := s.identity(c); id != nil && id.User.ID == user.ID {
		id.User.EmailVerifiedAt = user.EmailVerifiedAt // so that the page itself knows already
	}
	return s.showVerifyEmail(c, http.StatusOK, views.VerifyEmailPage{State: views.VerifyDone, Email: user.Email})
}

func (s *site) refuseVerification(c echo.Context, err error) error {
	if !fault.Is(err, "token_invalid") {
		return err
	}
	return s.showVerifyEmail(c, http.StatusGone, views.VerifyEmailPage{State: views.VerifyInvalid})
}

func (s *site) showVerifyEmail(c echo.Context, status int, page views.VerifyEmailPage) error {
	p, err := s.formPage(c, views.VerifyEmailTitle)
	if err != nil {
		return err
	}
	page.Page, page.Action = p, c.Request().URL.Path
	return render(c, status, views.VerifyEmail(page))
}

// resendVerification mails another link to whoever is signed in.
func (s *site) resendVerification(c echo.Context) error {
	if s.identity(c).Verified() {
		return s.backWith(c, views.PathSettings, "already_verified")
	}
	if err := s.Auth.ResendVerification(c.Request().Context(), s.identity(c)); err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "verification_sent")
}
