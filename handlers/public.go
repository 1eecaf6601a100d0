package handlers

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views"
)

// policyDate is when the terms and the privacy policy last changed.
const policyDate = "23 November 2026"

func (s *site) landing(c echo.Context) error {
	return s.renderKept(c, "landing", func() (templ.Component, error) {
		p, err := s.page(c, views.LandingTitle)
		p.Description = views.LandingDescription
		return views.Landing(views.LandingPage{Page: p, Catalog: s.Catalog}), err
	})
}

// pricing compares the plans. For a subscriber it marks their own, and offers to switch.
func (s *site) pricing(c echo.Context) error {
	interval := plan.Month
	if c.QueryParam("interval") == string(plan.Year) {
		interval = plan.Year
	}
	return s.renderKept(c, "pricing by the "+string(interval), func() (templ.Component, error) {
		p, err := s.page(c, views.PricingTitle)
		if err != nil {
			return nil, err
		}
		p.Description = views.PricingDescription
		page := views.PricingPage{Page: p, Catalog: s.Catalog, Interval: interval}
		if s.identity(c) != nil {
			err = s.markPlan(c, &page)
		}
		return views.Pricing(page), err
	})
}

func (s *site) markPlan(c echo.Context, page *views.PricingPage) error {
	access, err := s.access(c)
	if err != nil {
		return err
	}
	page.CurrentPlan = access.Bought.Key
	if _, price, ok := s.Catalog.ByLookupKey(access.LookupKey); ok && access.Live() {
		page.Subscribed, page.CurrentInterval = true, price.Interval
		if c.QueryParam("interval") == "" {
			page.Interval = price.Interval
		}
	}
	if !access.Live() {
		page.CurrentPlan = access.Granted.Key
	}
	days, err := s.Billing.TrialDays(c.Request().Context(), s.account(c).ID)
	page.TrialUsed = days == 0
	return err
}

func (s *site) terms(c echo.Context) error {
	p, err := s.page(c, views.TermsTitle)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.Terms(views.DocumentPage{Page: p, Updated: policyDate}))
}

func (s *site) privacy(c echo.Context) error {
	p, err := s.page(c, views.PrivacyTitle)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.Privacy(views.DocumentPage{Page: p, Updated: policyDate}))
}

// uiKit shows every component in every state.
func (s *site) uiKit(c echo.Context) error {
	p, err := s.page(c, views.UITitle)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.UI(views.UIPage{Page: p, Catalog: s.Catalog}))
}
