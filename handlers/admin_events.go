package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// adminEvents is the webhook inbox.
func (s *site) adminEvents(c echo.Context) error {
	frame, err := s.page(c, views.EventsTitle)
	if err != nil {
		return err
	}
	ctx, number := c.Request().Context(), pageNumber(c)
	query := views.EventQuery{
		Q: auth.Clip(c.QueryParam("q"), maxQuery), State: auth.Clip(c.QueryParam("state"), maxQuery),
		Type: auth.Clip(c.QueryParam("type"), maxQuery),
	}
	events, total, err := s.DB.ListEvents(ctx, models.EventFilter{
		State: query.State, Type: query.Type, Query: query.Q, Page: number,
	})
	if err != nil {
		return err
	}
	counts, err := s.DB.CountEvents(ctx)
	if err != nil {
		return err
	}
	types, err := s.DB.EventTypes(ctx)
	if err != nil {
		return err
	}
	page := views.AdminEventsPage{Page: frame, Query: query, Rows: eventRows(events), States: views.EventStates(counts)}
	for _, name := range types {
		page.Types = append(page.Types, views.Option{Value: name, Text: name})
	}
	asked := filters(map[string]string{"q": query.Q, "state": query.State, "type": query.Type})
	page.Pager = views.NewPager(views.PathAdminEvents, asked, number, models.EventsPerPage, total)
	return render(c, http.StatusOK, views.AdminEvents(page))
}

func eventRows(events []models.WebhookEvent) []views.EventRow {
	rows := make([]views.EventRow, len(events))
	for i, e := range events {
		rows[i] = eventRow(e)
	}
	return rows
}

func eventRow(e models.WebhookEvent) views.EventRow {
	return views.EventRow{
		ID: e.PublicID, EventID: e.EventID, Type: e.Type, State: e.State, Customer: e.Customer,
		Attempts: e.Attempts, Deliveries: e.Deliveries, ReceivedAt: e.ReceivedAt, LastError: e.LastError,
	}
}

// adminEvent shows one event with what Stripe sent.
func (s *site) adminEvent(c echo.Context) error {
	ctx := c.Request().Context()
	event, err := s.DB.FindEvent(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	frame, err := s.page(c, event.Type)
	if err != nil {
		return err
	}
	account, err := s.DB.AccountOfCustomer(ctx, s.Billing.Connection, event.Customer)
	if err != nil {
		return err
	}
	page := views.AdminEventPage{
		Page: frame, Event: eventRow(event), APIVersion: event.APIVersion, OccurredAt: event.OccurredAt,
		DoneAt: event.DoneAt, Payload: indented(event.Payload),
		ReplayURL: views.PathAdminEvents + "/" + event.PublicID + "/replay",
	}
	if account != "" {
		page.SubscriberURL = views.PathAdminSubscribers + "/" + account
	}
	return render(c, http.StatusOK, views.AdminEvent(page))
}

// indented makes a payload readable. What is no JSON after all is shown as it came.
func indented(payload []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, payload, "", "  "); err != nil {
		return string(payload)
	}
	return out.String()
}

// adminReplayEvent has an event looked at again.
func (s *site) adminReplayEvent(c echo.Context) error {
	id := c.Param("id")
	if err := s.Billing.ReplayEvent(c.Request().Context(), id); err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminEvents+"/"+id, "replayed")
}
