package handlers

import (
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/views"
)

// confirmField is what the page that asks for proof adds to the form it carries.
const confirmField = "_confirm"

// requireConfirmed lets a form through if whoever sends it has proven lately who they are. Otherwise
// it asks, on a page that carries the whole form along: the proof is sent to where the form was going,
// together with it, so there is no second address to come back from and nothing to lose on the way. The
// session gets a new id, because it is worth more now.
func (s *site) requireConfirmed() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			id, form := s.identity(c), c.Request().PostForm
			if s.Auth.Confirmed(id) {
				return next(c)
			}
			if !form.Has(confirmField) {
				return s.showConfirm(c, http.StatusForbidden, views.Form{})
			}
			err := s.Auth.Confirm(c.Request().Context(), id, form.Get(confirmField))
			if err == nil {
				if err := s.Auth.Rotate(c.Response(), c.Request()); err != nil {
					return err
				}
				return next(c)
			}
			refused, ok := refusal(err, "codes_limited")
			if !ok {
				return err
			}
			return s.showConfirm(c, refusedCode(c, err), refused)
		}
	}
}

func (s *site) showConfirm(c echo.Context, status int, refused views.Form) error {
	p, err := s.page(c, views.ConfirmTitle)
	if err != nil {
		return err
	}
	id := s.identity(c)
	page := views.ConfirmPage{Page: p, Form: refused, Action: c.Request().URL.Path, Password: id.HasPassword(), Email: id.User.Email}
	if page.App, err = s.Auth.HasApp(c.Request().Context(), id); err != nil {
		return err
	}
	form := c.Request().PostForm
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name == "_csrf" || name == confirmField {
			continue
		}
		for _, value := range form[name] {
			page.Carried = append(page.Carried, views.Option{Value: value, Text: name})
		}
	}
	return render(c, status, views.Confirm(page))
}
