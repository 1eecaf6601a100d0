package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/views"
)

func (s *site) updateProfile(c echo.Context) error {
	name := c.Request().PostForm.Get("name")
	err := s.Auth.UpdateProfile(c.Request().Context(), s.identity(c), name, s.Billing.AccountRenamed)
	if refused, ok := refusal(err); err != nil && ok {
		return s.showSettings(c, http.StatusUnprocessableEntity, func(p *views.SettingsPage) {
			p.Profile.Form, p.Profile.Name = refused, name
		})
	}
	if err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "profile_saved")
}

func (s *site) updatePreferences(c echo.Context) error {
	locale, zone := c.Request().PostForm.Get("locale"), c.Request().PostForm.Get("zone")
	err := s.Auth.UpdatePreferences(c.Request().Context(), s.identity(c), locale, zone)
	if refused, ok := refusal(err); err != nil && ok {
		return s.showSettings(c, http.StatusUnprocessableEntity, func(p *views.SettingsPage) {
			p.Preferences.Form = refused // what was sent is on no list, so the saved choice stays shown
		})
	}
	if err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "preferences_saved")
}

// changePassword ends every other session, and gives this one a new id.
func (s *site) changePassword(c echo.Context) error {
	form := c.Request().PostForm
	err := s.Auth.ChangePassword(c.Request().Context(), s.identity(c), form.Get("current"), form.Get("password"))
	if refused, ok := refusal(err); err != nil && ok {
		return s.showSettings(c, http.StatusUnprocessableEntity, func(p *views.SettingsPage) {
			p.Password.Form = refused
		})
	}
	if err != nil {
		return err
	}
	if err := s.Auth.Rotate(c.Response(), c.Request()); err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "password_saved")
}
