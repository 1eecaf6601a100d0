package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// adminSubscribers searches, filters, sorts and pages the accounts.
func (s *site) adminSubscribers(c echo.Context) error {
	frame, err := s.page(c, views.SubscribersTitle)
	if err != nil {
		return err
	}
	query := views.SubscriberQuery{
		Q: auth.Clip(c.QueryParam("q"), maxQuery), Plan: auth.Clip(c.QueryParam("plan"), maxQuery),
		Status: auth.Clip(c.QueryParam("status"), maxQuery), Sort: auth.Clip(c.QueryParam("sort"), maxQuery),
	}
	found, err := s.DB.SearchSubscribers(c.Request().Context(), models.SubscriberSearch{
		Query: query.Q, Plan: query.Plan, Status: query.Status, Sort: query.Sort, Page: pageNumber(c),
	})
	if err != nil {
		return err
	}
	page := views.AdminSubscribersPage{
		Page: frame, Query: query, Statuses: views.SubscriberStatuses(), Rows: s.subscriberRows(found.Rows),
	}
	for _, p := range s.Catalog.Plans {
		page.Plans = append(page.Plans, views.Option{Value: p.Key, Text: p.Name})
	}
	filters := filters(map[string]string{"q": query.Q, "plan": query.Plan, "status": query.Status, "sort": query.Sort})
	page.Pager = views.NewPager(views.PathAdminSubscribers, filters, found.Page, models.SubscribersPerPage, found.Total)
	page.Pager.More = found.More
	return render(c, http.StatusOK, views.AdminSubscribers(page))
}

// filters keeps what a list was asked for, for the addresses of its other pages.
func filters(asked map[string]string) url.Values {
	values := url.Values{}
	for name, value := range asked {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

func (s *site) subscriberRows(subscribers []models.Subscriber) []views.SubscriberRow {
	rows := make([]views.SubscriberRow, len(subscribers))
	for i, sub := range subscribers {
		rows[i] = views.SubscriberRow{
			ID: sub.PublicID, Name: sub.Name, Email: sub.Email, Customer: sub.Customer, PlanName: sub.Plan,
			Status: sub.Status, MRR: plan.Money{Amount: sub.MRR, Currency: s.Catalog.Currency}, CreatedAt: sub.CreatedAt,
		}
		if p, known := s.Catalog.ByKey(sub.Plan); known {
			rows[i].PlanName = p.Name
		}
		if sub.Status == views.NoStatus {
			rows[i].Status = ""
		}
	}
	return rows
}
