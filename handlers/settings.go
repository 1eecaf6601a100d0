package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/views"
)

func (s *site) settings(c echo.Context) error {
	return s.showSettings(c, http.StatusOK, func(*views.SettingsPage) {})
}

// showSettings fills the page of four forms. refuse puts back into one of them what was typed and
// what was wrong with it.
func (s *site) showSettings(c echo.Context, status int, refuse func(*views.SettingsPage)) error {
	p, err := s.page(c, views.SettingsTitle)
	if err != nil {
		return err
	}
	id := s.identity(c)
	page := views.SettingsPage{
		Page:     p,
		Profile:  views.ProfileForm{Name: id.User.Name, Email: id.User.Email},
		Password: views.PasswordForm{MinPassword: auth.MinPassword, None: !id.HasPassword()},
		Preferences: views.PreferencesForm{
			Locale: id.User.Locale, Zone: id.User.TimeZone,
			Locales: localeOptions(), Zones: zoneOptions(id.User.TimeZone),
		},
	}
	state, err := s.Auth.SecondFactor(c.Request().Context(), id)
	if err != nil {
		return err
	}
	page.TwoStep = state.On
	if page.Sessions, err = s.sessionRows(c, id); err != nil {
		return err
	}
	if page.NoKeys = !id.May(auth.ManageKeys); !page.NoKeys {
		if page.Keys, err = s.keysPanel(c, id); err != nil {
			return err
		}
	}
	refuse(&page)
	return render(c, status, views.Settings(page))
}

func (s *site) sessionRows(c echo.Context, id *auth.Identity) ([]views.SessionRow, error) {
	sessions, err := s.Auth.Sessions(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	rows := make([]views.SessionRow, len(sessions))
	for i, session := range sessions {
		rows[i] = views.SessionRow{
			ID: session.PublicID, Device: views.DeviceWords(session.UserAgent), IP: session.IP,
			LastSeen: session.LastSeenAt, Current: session.IDHash == id.Session.IDHash,
		}
	}
	return rows, nil
}

func (s *site) keysPanel(c echo.Context, id *auth.Identity) (views.APIKeysPanel, error) {
	panel := views.APIKeysPanel{}
	keys, err := s.Auth.APIKeys(c.Request().Context(), id)
	if err != nil {
		return panel, err
	}
	for _, key := range keys {
		panel.Keys = append(panel.Keys, views.APIKey{
			ID: key.PublicID, Name: key.Name, Prefix: key.Prefix, CreatedAt: key.CreatedAt, LastUsedAt: key.LastUsedAt,
		})
	}
	access, err := s.access(c)
	if err != nil {
		return panel, err
	}
	if panel.Allowed = access.Can(plan.API); panel.Allowed {
		return panel, nil
	}
	panel.Upgrade, err = s.offerFor(c, func(p plan.Plan) bool { return p.Can(plan.API) })
	return panel, err
}

func localeOptions() []views.Option {
	locales := auth.Locales()
	options := make([]views.Option, len(locales))
	for i, locale := range locales {
		options[i] = views.Option{Value: locale, Text: views.LocaleWords(locale)}
	}
	return options
}

// zoneOptions offers the usual zones, and the user's own if it is none of them.
func zoneOptions(current string) []views.Option {
	zones := auth.Zones()
	if !slices.Contains(zones, current) {
		zones = append(zones, current)
	}
	options := make([]views.Option, len(zones))
	for i, zone := range zones {
		options[i] = views.Option{Value: zone, Text: strings.ReplaceAll(zone, "_", " ")}
	}
	return options
}
