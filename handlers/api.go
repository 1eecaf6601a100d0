package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// entitlements explains what the account may do and why, to a browser's script or a program.
func (s *site) entitlements(c echo.Context) error {
	access, err := s.access(c)
	if err != nil {
		return err
	}
	features, limits := access.Entitlements()
	used, err := s.DB.ListProjects(c.Request().Context(), s.account(c).ID, 1, 1)
	if err != nil {
		return err
	}
	var until *time.Time
	if !access.Until.IsZero() {
		end := access.Until.UTC()
		until = &end
	}
	return c.JSON(http.StatusOK, map[string]any{
		"plan": access.Granted.Key, "level": access.Level.String(), "reason": string(access.Reason),
		"until": until, "features": features, "limits": limits,
		"usage": map[string]int64{string(plan.Projects): used.Total},
	})
}

type apiProject struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// apiProjects lists the account's projects, a page at a time.
func (s *site) apiProjects(c echo.Context) error {
	page := pageNumber(c)
	list, err := s.DB.ListProjects(c.Request().Context(), s.account(c).ID, page, models.ProjectsPerPage)
	if err != nil {
		return err
	}
	data := make([]apiProject, len(list.Projects))
	for i, p := range list.Projects {
		data[i] = apiProject{p.PublicID, p.Name, p.CreatedAt.UTC()}
	}
	return c.JSON(http.StatusOK, map[string]any{
		"data": data, "page": page, "total": list.Total,
		"has_more": int64(page*models.ProjectsPerPage) < list.Total,
	})
}
