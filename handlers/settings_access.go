package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/views"
)

func (s *site) revokeOtherSessions(c echo.Context) error {
	if err := s.Auth.RevokeOtherSessions(c.Request().Context(), s.identity(c)); err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "sessions_ended")
}

func (s *site) revokeSession(c echo.Context) error {
	if err := s.Auth.RevokeSession(c.Request().Context(), s.identity(c), c.Param("id")); err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "session_ended")
}

// createAPIKey answers with the page itself and not with a redirect: the secret is shown once, and
// kept nowhere that a redirect could fetch it from.
func (s *site) createAPIKey(c echo.Context) error {
	name := c.Request().PostForm.Get("name")
	_, secret, err := s.Auth.CreateAPIKey(c.Request().Context(), s.identity(c), name)
	if refused, ok := refusal(err, "api_keys_full"); err != nil && ok {
		return s.showSettings(c, http.StatusUnprocessableEntity, func(p *views.SettingsPage) {
			p.Keys.Form, p.Keys.Name = refused, name
		})
	}
	if err != nil {
		return err
	}
	return s.showSettings(c, http.StatusOK, func(p *views.SettingsPage) { p.Keys.NewSecret = secret })
}

func (s *site) revokeAPIKey(c echo.Context) error {
	if err := s.Auth.RevokeAPIKey(c.Request().Context(), s.identity(c), c.Param("id")); err != nil {
		return err
	}
	return s.backWith(c, views.PathSettings, "api_key_revoked")
}
