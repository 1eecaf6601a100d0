package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views"
)

// dashboardProjects is how many of the latest projects the dashboard shows.
const dashboardProjects = 5

// dashboard is the page after signing in. It asks the database three things: who this is, what they
// may do, and their latest projects.
func (s *site) dashboard(c echo.Context) error {
	frame, err := s.page(c, views.DashboardTitle)
	if err != nil {
		return err
	}
	access, err := s.access(c)
	if err != nil {
		return err
	}
	list, err := s.DB.ListProjects(c.Request().Context(), s.account(c).ID, 1, dashboardProjects)
	if err != nil {
		return err
	}
	id := s.identity(c)
	return render(c, http.StatusOK, views.Dashboard(views.DashboardPage{
		Page: frame, Subscription: s.glance(access), Projects: projectRows(list.Projects, list.Total-1, access.Limit(plan.Projects)),
		Usage: []views.Usage{usage(s.Catalog, access, plan.Projects, list.Total)},
		Steps: views.FirstSteps(id.Verified(), list.Total > 0,
			access.Live() || (access.Level == billing.LevelFull && !access.Granted.Free())),
	}))
}

// glance is what the decision alone tells of the subscription.
func (s *site) glance(access billing.Access) views.Subscription {
	v := views.Subscription{Level: access.Level.String(), Plan: access.Granted, Status: access.Status}
	if _, price, ok := s.Catalog.ByLookupKey(access.LookupKey); ok {
		v.Interval, v.Amount, v.NextAmount = price.Interval, price.Money, access.Next
	}
	until := access.Until
	switch access.Reason {
	case billing.ReasonTrialing:
		v.TrialEnd, v.RenewsAt = &until, &until
		v.DaysLeft = daysUntil(s.Now(), until)
	case billing.ReasonEnding:
		v.EndsAt = &until
	case billing.ReasonPastDue:
		v.GraceUntil = &until
	case billing.ReasonGrant:
		v.Granted = string(access.Reason)
	case billing.ReasonActive, billing.ReasonLeeway:
		v.RenewsAt = &until
	}
	return v
}
