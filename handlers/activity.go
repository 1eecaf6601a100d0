package handlers

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// activity is who did what in the account.
func (s *site) activity(c echo.Context) error {
	page, err := s.activityPage(c, models.AuditFilter{AccountID: s.account(c).ID}, views.PathActivity)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.Activity(page))
}

// adminActivity is who did what in all of them.
func (s *site) adminActivity(c echo.Context) error {
	page, err := s.activityPage(c, models.AuditFilter{Query: c.QueryParam("q")}, views.PathAdminActivity)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.AdminActivity(page))
}

func (s *site) activityPage(c echo.Context, f models.AuditFilter, path string) (views.ActivityPage, error) {
	p, err := s.page(c, views.ActivityTitle)
	if err != nil {
		return views.ActivityPage{}, err
	}
	f.Page = pageNumber(c)
	rows, total, err := s.DB.ListAudit(c.Request().Context(), f)
	if err != nil {
		return views.ActivityPage{}, err
	}
	page := views.ActivityPage{Page: p, Query: f.Query, Rows: make([]views.ActivityRow, len(rows))}
	for i, row := range rows {
		page.Rows[i] = activityRow(row)
	}
	page.Pager = views.NewPager(path, filters(map[string]string{"q": f.Query}), f.Page, models.AuditPerPage, total)
	page.ExportURL = views.NewPager(path+"/export.csv", filters(map[string]string{"q": f.Query}), 1, 1, 0).URL
	return page, nil
}

func activityRow(row models.AuditRow) views.ActivityRow {
	return views.ActivityRow{
		At: row.At, Action: row.Action, Who: row.ActorName, Email: row.ActorEmail, AsAdmin: row.AsAdmin,
		Subject: row.SubjectName, Detail: row.Detail, Device: views.DeviceWords(row.UserAgent), IP: row.IP,
		AccountID: row.AccountPublic, Account: row.AccountName,
	}
}

func (s *site) exportActivity(c echo.Context) error {
	return s.writeActivity(c, models.AuditFilter{AccountID: s.account(c).ID})
}

func (s *site) adminExportActivity(c echo.Context) error {
	return s.writeActivity(c, models.AuditFilter{Query: c.QueryParam("q")})
}

func (s *site) writeActivity(c echo.Context, f models.AuditFilter) error {
	rows, err := s.DB.ExportAudit(c.Request().Context(), f)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="activity.csv"`)
	w := csv.NewWriter(c.Response())
	lines := [][]string{{
		"at", "action", "name", "email", "as_admin", "subject", "subject_name", "detail", "ip", "user_agent", "account", "request_id",
	}}
	for _, row := range rows {
		lines = append(lines, []string{
			row.At.UTC().Format(time.RFC3339), row.Action, cell(row.ActorName), cell(row.ActorEmail), fmt.Sprint(row.AsAdmin),
			cell(row.Subject), cell(row.SubjectName), cell(row.Detail), cell(row.IP), cell(row.UserAgent), row.AccountPublic,
			row.RequestID,
		})
	}
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}
