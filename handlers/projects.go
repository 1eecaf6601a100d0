package handlers

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// maxProjectName is how many characters a project's name may have.
const maxProjectName = 80

func (s *site) projects(c echo.Context) error {
	return s.showProjects(c, http.StatusOK, views.ProjectsPage{})
}

// showProjects renders the list; page carries what a refused form must show again.
func (s *site) showProjects(c echo.Context, status int, page views.ProjectsPage) error {
	frame, err := s.page(c, views.ProjectsTitle)
	if err != nil {
		return err
	}
	access, err := s.access(c)
	if err != nil {
		return err
	}
	number := pageNumber(c)
	list, err := s.DB.ListProjects(c.Request().Context(), s.account(c).ID, number, models.ProjectsPerPage)
	if err != nil {
		return err
	}
	limit := access.Limit(plan.Projects)
	page.Page, page.Projects = frame, projectRows(list.Projects, olderThanFirst(list.Total, number), limit)
	page.Pager = views.NewPager("/app/projects", nil, number, models.ProjectsPerPage, list.Total)
	page.Usage = usage(s.Catalog, access, plan.Projects, list.Total)
	page.ReadOnly = access.Level == billing.LevelLimited
	page.AtLimit = limit != plan.Unlimited && list.Total >= limit
	page.CanExport = access.Can(plan.Export)
	if exporting, ok := s.Catalog.Cheapest(func(p plan.Plan) bool { return p.Can(plan.Export) }); ok {
		page.ExportPlan = exporting.Name
	}
	if page.AtLimit {
		if page.Upgrade, err = s.offerFor(c, roomFor(list.Total)); err != nil {
			return err
		}
	}
	return render(c, status, views.Projects(page))
}

// roomFor picks plans that hold more projects than are there.
func roomFor(used int64) func(plan.Plan) bool {
	return func(p plan.Plan) bool {
		limit := p.Limit(plan.Projects)
		return limit == plan.Unlimited || limit > used
	}
}

// olderThanFirst counts the projects that are older than the first one on a page, where the newest come first.
func olderThanFirst(total int64, page int) int64 {
	return total - 1 - int64(page-1)*models.ProjectsPerPage
}

// projectRows are the projects from the newest to the oldest; older counts those made before the first of them.
func projectRows(projects []models.Project, older, limit int64) []views.Project {
	rows := make([]views.Project, len(projects))
	for i, p := range projects {
		rows[i] = views.Project{ID: p.PublicID, Name: p.Name, CreatedAt: p.CreatedAt, ReadOnly: beyond(older-int64(i), limit)}
	}
	return rows
}

// beyond reports whether a project is more than the plan holds, which happens after a smaller plan has begun. The
// oldest ones stay as they are, so that adding more never changes which those are.
func beyond(older, limit int64) bool { return limit != plan.Unlimited && older >= limit }

// createProject adds a project where the plan has room. A refusal keeps what was typed.
func (s *site) createProject(c echo.Context) error {
	name, code := projectName(c.FormValue("name"))
	if code != "" {
		return s.refuseProject(c, name, code)
	}
	access, err := s.access(c)
	if err != nil {
		return err
	}
	created, err := s.DB.CreateProject(c.Request().Context(), s.account(c).ID, name, s.Wall().UTC(),
		func(used int64) bool { return access.MayAdd(plan.Projects, used) })
	if f := fault.From(err); err != nil && f.Fields["name"] != "" {
		return s.refuseProject(c, name, f.Fields["name"])
	}
	if err != nil {
		return err
	}
	if !created {
		s.Billing.RequestSync(c.Request().Context(), s.account(c).ID)
		page := views.ProjectsPage{Name: name}
		page.FormError = s.limitWords(access)
		return s.showProjects(c, http.StatusPaymentRequired, page)
	}
	return back(c, "/app/projects")
}

// limitWords says why nothing more can be added, and which plan would allow it.
func (s *site) limitWords(access billing.Access) string {
	if access.Level == billing.LevelLimited {
		return views.Message("access_limited", nil)
	}
	if access.NoGrowth {
		return views.Message("growth_held", nil)
	}
	limit := access.Limit(plan.Projects)
	info, _ := s.Catalog.LimitInfo(plan.Projects)
	params := map[string]string{"max": fmt.Sprint(limit), "limit": info.Many}
	better, ok := s.Catalog.Cheapest(roomFor(limit))
	if !ok {
		return views.Message("limit_reached_top", params)
	}
	params["plan"] = better.Name
	return views.Message("limit_reached", params)
}

func (s *site) refuseProject(c echo.Context, name, code string) error {
	page := views.ProjectsPage{Name: name}
	page.Errors = map[string]string{"name": views.Message(code, nil)}
	return s.showProjects(c, http.StatusUnprocessableEntity, page)
}

func (s *site) renameProject(c echo.Context) error {
	if err := s.mayRename(c); err != nil {
		return err
	}
	name, code := projectName(c.FormValue("name"))
	if code == "" {
		err := s.DB.RenameProject(c.Request().Context(), s.account(c).ID, c.Param("id"), name, s.Wall().UTC())
		if err == nil {
			return back(c, "/app/projects")
		}
		if code = fault.From(err).Fields["name"]; code == "" {
			return err
		}
	}
	page := views.ProjectsPage{EditID: c.Param("id"), EditName: name}
	page.Errors = map[string]string{"name": views.Message(code, nil)}
	return s.showProjects(c, http.StatusUnprocessableEntity, page)
}

// mayRename refuses while a payment is overdue, and what is beyond the plan's limit.
func (s *site) mayRename(c echo.Context) error {
	access, err := s.access(c)
	if err != nil {
		return err
	}
	older, err := s.DB.OlderProjects(c.Request().Context(), s.account(c).ID, c.Param("id"))
	switch {
	case err != nil:
		return err
	case access.Level == billing.LevelLimited:
		return fault.New(fault.PaymentRequired, "access_limited")
	case beyond(older, access.Limit(plan.Projects)):
		return fault.New(fault.PaymentRequired, "project_read_only")
	}
	return nil
}

func (s *site) deleteProject(c echo.Context) error {
	if err := s.DB.DeleteProject(c.Request().Context(), s.account(c).ID, c.Param("id")); err != nil {
		return err
	}
	return back(c, "/app/projects")
}

// projectName trims a name and says what is wrong with it, if anything.
func projectName(raw string) (name, code string) {
	name = strings.TrimSpace(raw)
	switch {
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return strings.ToValidUTF8(name, ""), "project_name_required"
	case utf8.RuneCountInString(name) > maxProjectName:
		return name, "project_name_too_long"
	}
	return name, ""
}

// exportProjects is the paid feature: every project as a spreadsheet.
func (s *site) exportProjects(c echo.Context) error {
	projects, err := s.DB.ExportProjects(c.Request().Context(), s.account(c).ID)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="projects.csv"`)
	w := csv.NewWriter(c.Response())
	if err := w.Write([]string{"id", "name", "created_at"}); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for _, p := range projects {
		if err := w.Write([]string{p.PublicID, cell(p.Name), p.CreatedAt.UTC().Format(time.RFC3339)}); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// cell keeps a spreadsheet from reading a name as a formula.
// Source: https://owasp.org/www-community/attacks/CSV_Injection
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
