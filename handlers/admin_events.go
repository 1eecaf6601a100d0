package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/fault"
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
	query, filter := eventQuery(c.QueryParam)
	filter.Page = number
	events, total, err := s.DB.ListEvents(ctx, filter)
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
	asked := filters(map[string]string{
		"q": query.Q, "state": query.State, "type": query.Type, "since": query.Since, "until": query.Until,
	})
	page.Pager = views.NewPager(views.PathAdminEvents, asked, number, models.EventsPerPage, total)
	return render(c, http.StatusOK, views.AdminEvents(page))
}

// eventQuery reads the filter of the inbox from an address or a form. A day that is none is left out.
func eventQuery(value func(string) string) (views.EventQuery, models.EventFilter) {
	clipped := func(name string) string { return auth.Clip(value(name), maxQuery) }
	query := views.EventQuery{
		Q: clipped("q"), State: clipped("state"), Type: clipped("type"), Since: clipped("since"), Until: clipped("until"),
	}
	filter := models.EventFilter{State: query.State, Type: query.Type, Query: query.Q}
	var err error
	if filter.Since, err = time.Parse(time.DateOnly, query.Since); err != nil {
		query.Since = ""
	}
	if until, err := time.Parse(time.DateOnly, query.Until); err == nil {
		filter.Until = until.AddDate(0, 0, 1)
	} else {
		query.Until = ""
	}
	return query, filter
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
		DoneAt: event.DoneAt, TrimmedAt: event.TrimmedAt, Payload: indented(event.Payload),
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

// adminReplayForm asks about a replay of what a filter finds. Without a filter nothing is found: the whole
// inbox is never meant.
func (s *site) adminReplayForm(c echo.Context) error {
	query, filter := eventQuery(c.QueryParam)
	frame, err := s.page(c, views.ReplayTitle)
	if err != nil {
		return err
	}
	var found billing.Replay
	if filter.Narrows() {
		if found, err = s.Billing.CountReplay(c.Request().Context(), filter); err != nil {
			return err
		}
	}
	return render(c, http.StatusOK, views.AdminReplay(views.AdminReplayPage{
		Page: frame, Query: query, Events: found.Events, Customers: found.Customers, AtOnce: billing.MaxReplay,
	}))
}

// adminReplayEvents has every event of a filter looked at again, and leaves in the log who asked for it.
func (s *site) adminReplayEvents(c echo.Context) error {
	_, filter := eventQuery(c.FormValue)
	if !filter.Narrows() {
		return fault.New(fault.Invalid, "bad_request")
	}
	n, err := s.Billing.ReplayEvents(c.Request().Context(), filter)
	s.Logger.InfoContext(c.Request().Context(), "events replayed", "events", n, "admin", s.identity(c).User.PublicID,
		"state", filter.State, "type", filter.Type, "query", filter.Query, "since", filter.Since, "until", filter.Until,
		"error", err)
	if err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminEvents+"?state="+models.EventPending, "replayed_many")
}
