package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/views"
)

func (s *site) signupForm(c echo.Context) error {
	return s.showSignup(c, http.StatusOK, views.SignupPage{Next: c.QueryParam("next")})
}

// signup creates the user, signs the browser in and goes on to where it was going. Stripe is not
// asked here: its customer is owed in the same transaction, and made by a job.
func (s *site) signup(c echo.Context) error {
	ctx, form := c.Request().Context(), c.Request().PostForm
	result, err := s.Auth.SignUp(ctx, auth.SignUpInput{
		Name: form.Get("name"), Email: form.Get("email"), Password: form.Get("password"),
		Locale: auth.MatchLocale(c.Request().Header.Get("Accept-Language")),
	}, s.Billing.QueueCustomer)
	if err != nil {
		refused, ok := refusal(err)
		if !ok {
			return err
		}
		return s.showSignup(c, http.StatusUnprocessableEntity, views.SignupPage{
			Form: refused, Name: form.Get("name"), Email: form.Get("email"), Next: form.Get("next"),
		})
	}
	if !result.Existing {
		s.Billing.CustomerQueued()
	}
	return s.enter(c, result.User, "")
}

func (s *site) showSignup(c echo.Context, status int, page views.SignupPage) error {
	p, err := s.formPage(c, views.SignupTitle)
	if err != nil {
		return err
	}
	page.Page, page.MinPassword, page.Next = p, auth.MinPassword, keepNext(page.Next)
	page.PlanName = s.planAhead(page.Next)
	return render(c, status, views.Signup(page))
}

// keepNext is the way on as the form repeats it: nothing where it leads to the product anyway.
func keepNext(next string) string {
	if next = middleware.NextPath(next); next == middleware.HomePath {
		return ""
	}
	return next
}

// planAhead names the plan that a visitor has chosen, where signing in leads to paying for it.
func (s *site) planAhead(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Path != views.PathCheckout {
		return ""
	}
	chosen, _, ok := s.Catalog.ByLookupKey(u.Query().Get("price"))
	if !ok {
		return ""
	}
	return chosen.Name
}
