package handlers

import (
	"encoding/base64"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/views"
)

func (s *site) twoStep(c echo.Context) error {
	return s.showTwoStep(c, http.StatusOK, func(*views.TwoStepPage) {})
}

// showTwoStep fills the page from how far the user has come. change adds what this answer alone knows.
func (s *site) showTwoStep(c echo.Context, status int, change func(*views.TwoStepPage)) error {
	p, err := s.page(c, views.TwoStepTitle)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), s.identity(c)
	state, err := s.Auth.SecondFactor(ctx, id)
	if err != nil {
		return err
	}
	page := views.TwoStepPage{Page: p, On: state.On, Since: state.Since, CodesLeft: state.CodesLeft, Verified: id.Verified()}
	if state.Pending {
		enrolment, err := s.Auth.Enrolment(ctx, id)
		if err != nil {
			return err
		}
		page.Secret = enrolment.Secret
		page.QR = "data:image/png;base64," + base64.StdEncoding.EncodeToString(enrolment.QR)
	}
	change(&page)
	return render(c, status, views.TwoStep(page))
}

func (s *site) startTwoStep(c echo.Context) error {
	if err := s.Auth.StartTOTP(c.Request().Context(), s.identity(c)); err != nil {
		return err
	}
	return back(c, views.PathTwoStep)
}

// confirmTwoStep answers with the page itself and not with a redirect: the recovery codes are shown
// once, and kept nowhere that a redirect could fetch them from. The session gets a new id.
func (s *site) confirmTwoStep(c echo.Context) error {
	codes, err := s.Auth.ConfirmTOTP(c.Request().Context(), s.identity(c), c.Request().PostForm.Get("code"))
	if refused, ok := refusal(err, "codes_limited"); err != nil && ok {
		return s.showTwoStep(c, refusedCode(c, err), func(p *views.TwoStepPage) { p.Form = refused })
	}
	if err != nil {
		return err
	}
	if err := s.Auth.Rotate(c.Response(), c.Request()); err != nil {
		return err
	}
	return s.showTwoStep(c, http.StatusOK, func(p *views.TwoStepPage) { p.NewCodes, p.JustOn = codes, true })
}

func (s *site) renewRecoveryCodes(c echo.Context) error {
	codes, err := s.Auth.RenewRecoveryCodes(c.Request().Context(), s.identity(c))
	if err != nil {
		return err
	}
	return s.showTwoStep(c, http.StatusOK, func(p *views.TwoStepPage) { p.NewCodes = codes })
}

func (s *site) endTwoStep(c echo.Context) error {
	state, err := s.Auth.SecondFactor(c.Request().Context(), s.identity(c))
	if err != nil {
		return err
	}
	if err := s.Auth.TurnTOTPOff(c.Request().Context(), s.identity(c)); err != nil {
		return err
	}
	if !state.On {
		return back(c, views.PathTwoStep)
	}
	if err := s.Auth.Rotate(c.Response(), c.Request()); err != nil {
		return err
	}
	return s.backWith(c, views.PathTwoStep, "two_step_off")
}
