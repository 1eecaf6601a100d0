package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// adminAlerts lists what a person should look at, or what is over.
func (s *site) adminAlerts(c echo.Context) error {
	frame, err := s.page(c, views.AlertsTitle)
	if err != nil {
		return err
	}
	ctx, number := c.Request().Context(), pageNumber(c)
	page := views.AdminAlertsPage{
		Page: frame, Resolved: c.QueryParam("show") == views.AlertsResolved, Recipients: len(s.Config.AdminEmails),
	}
	if page.Open, err = s.openAlerts(c); err != nil {
		return err
	}
	rows, total, err := s.DB.ListAlerts(ctx, s.Billing.Connection, !page.Resolved, number)
	if err != nil {
		return err
	}
	page.Rows = alertRows(rows)
	asked := map[string]string{}
	if page.Resolved {
		asked["show"] = views.AlertsResolved
	}
	page.Pager = views.NewPager(views.PathAdminAlerts, filters(asked), number, models.AlertsPerPage, total)
	return render(c, http.StatusOK, views.AdminAlerts(page))
}

func (s *site) openAlerts(c echo.Context) (int64, error) {
	counts, err := s.DB.CountAlerts(c.Request().Context(), s.Billing.Connection)
	var open int64
	for _, n := range counts {
		open += n
	}
	return open, err
}

// alertRows puts the words of each kind beside its alerts. An alert of a kind that this version no longer
// has shows its kind.
func alertRows(alerts []models.AlertRow) []views.AlertRow {
	kinds := map[string]billing.AlertKind{}
	for _, kind := range billing.AlertKinds() {
		kinds[kind.Kind] = kind
	}
	rows := make([]views.AlertRow, len(alerts))
	for i, a := range alerts {
		kind, ok := kinds[a.Kind]
		if !ok {
			kind.Title = a.Kind
		}
		rows[i] = views.AlertRow{
			ID: a.PublicID, Title: kind.Title, Means: kind.Means, Do: kind.Do, Subject: a.Subject, Detail: a.Detail,
			Count: a.Count, FirstAt: a.FirstAt, LastAt: a.LastAt, ResolvedAt: a.ResolvedAt, ResolvedBy: a.ResolvedBy,
		}
		rows[i].ObjectURL, rows[i].ObjectText = views.AlertObject(a.Kind, a.Key)
		if a.AccountPublicID != "" {
			rows[i].ObjectURL = views.PathAdminSubscribers + "/" + a.AccountPublicID
			rows[i].ObjectText = views.AlertSubscriber(a.AccountName)
		}
	}
	return rows
}

// adminResolveAlert closes an alert by hand.
func (s *site) adminResolveAlert(c echo.Context) error {
	err := s.Billing.ResolveAlert(c.Request().Context(), c.Param("id"), s.identity(c).User.Email)
	if err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminAlerts, "alert_resolved")
}
