package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/views"
	"example.com/tollgate/views/layout"
)

// refusal is what a form shows when it was refused: words beside the fields that are wrong, or above
// the whole form for the codes named in whole. Any other failure is not the form's, and ok is false.
func refusal(err error, whole ...string) (form views.Form, ok bool) {
	f := fault.From(err)
	if len(f.Fields) > 0 {
		form.Errors = make(map[string]string, len(f.Fields))
		for field, code := range f.Fields {
			form.Errors[field] = views.Message(code, f.Params)
		}
		return form, true
	}
	for _, code := range whole {
		if f.Code == code {
			return views.Form{FormError: views.Message(code, f.Params)}, true
		}
	}
	return views.Form{}, false
}

// formPage is page for a page whose form visitors may send: it has a token for them too.
func (s *site) formPage(c echo.Context, title string) (layout.Page, error) {
	p, err := s.page(c, title)
	if err != nil {
		return p, err
	}
	p.CSRF, err = middleware.FormToken(c)
	return p, err
}
