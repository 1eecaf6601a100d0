package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// overviewDays is how far back the chart of sign-ups goes, and overviewRows how many of the newest
// accounts and events the overview lists.
const (
	overviewDays = 30
	overviewRows = 8
)

// adminOverview counts everything that those who run the product look at first.
func (s *site) adminOverview(c echo.Context) error {
	frame, err := s.page(c, views.AdminTitle)
	if err != nil {
		return err
	}
	page := views.AdminPage{Page: frame, MRR: plan.Money{Currency: s.Catalog.Currency}}
	for _, fill := range []func(echo.Context, *views.AdminPage) error{
		s.countSubscribers, s.sumMRR, s.countSignups, s.countQueues, s.listNewest,
	} {
		if err := fill(c, &page); err != nil {
			return err
		}
	}
	return render(c, http.StatusOK, views.Admin(page))
}

func (s *site) countSubscribers(c echo.Context, page *views.AdminPage) error {
	counts, err := s.DB.CountSubscribers(c.Request().Context())
	if err != nil {
		return err
	}
	byPlan, byStatus := map[string]int64{}, map[string]int64{}
	for _, count := range counts {
		page.Accounts += count.N
		byPlan[count.Plan] += count.N
		byStatus[count.Status] += count.N
	}
	page.Trialing, page.PastDue = byStatus["trialing"], byStatus["past_due"]
	page.Paying = byStatus["active"] + byStatus["past_due"]
	for _, p := range s.Catalog.Plans {
		page.ByPlan = append(page.ByPlan, views.Count{Key: p.Key, Name: p.Name, N: byPlan[p.Key]})
	}
	for _, status := range views.SubscriberStatuses() {
		if status.Value != views.NoStatus {
			page.ByStatus = append(page.ByStatus, views.Count{
				Key: status.Value, Name: status.Text, N: byStatus[status.Value],
			})
		}
	}
	return nil
}

// sumMRR shows the catalog's currency, or the greatest where nothing is sold in that one.
func (s *site) sumMRR(c echo.Context, page *views.AdminPage) error {
	sums, err := s.DB.SumMRR(c.Request().Context(), s.Billing.Connection)
	if err != nil {
		return err
	}
	for i, sum := range sums {
		if i == 0 || sum.Currency == s.Catalog.Currency {
			page.MRR = plan.Money{Amount: sum.Amount, Currency: sum.Currency}
		}
	}
	return nil
}

// countSignups fills in the days on which nobody came. Sign-ups are on the wall clock, which the
// sandbox does not move.
func (s *site) countSignups(c echo.Context, page *views.AdminPage) error {
	first := s.Wall().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-overviewDays)
	days, err := s.DB.CountSignups(c.Request().Context(), first)
	if err != nil {
		return err
	}
	counts := map[string]int64{}
	for _, day := range days {
		counts[day.Day] = day.N
	}
	for n := range overviewDays {
		date := first.AddDate(0, 0, n)
		page.Signups = append(page.Signups, views.Day{Date: date, N: counts[date.Format(time.DateOnly)]})
	}
	return nil
}

func (s *site) countQueues(c echo.Context, page *views.AdminPage) error {
	ctx := c.Request().Context()
	events, err := s.DB.CountEvents(ctx)
	if err != nil {
		return err
	}
	mails, err := s.DB.CountMails(ctx)
	if err != nil {
		return err
	}
	if page.AlertsOpen, err = s.openAlerts(c); err != nil {
		return err
	}
	page.EventsPending, page.EventsDead = events[models.EventPending], events[models.EventDead]
	page.MailsPending, page.MailsDead = mails[models.MailPending], mails[models.MailDead]
	return nil
}

func (s *site) listNewest(c echo.Context, page *views.AdminPage) error {
	ctx := c.Request().Context()
	newest, err := s.DB.SearchSubscribers(ctx, models.SubscriberSearch{Sort: "-created", Page: 1})
	if err != nil {
		return err
	}
	page.Newest = s.subscriberRows(newest.Rows[:min(overviewRows, len(newest.Rows))])
	events, _, err := s.DB.ListEvents(ctx, models.EventFilter{Page: 1})
	if err != nil {
		return err
	}
	if len(events) > 0 {
		page.LastEventAt = &events[0].ReceivedAt
	}
	page.Recent = eventRows(events[:min(overviewRows, len(events))])
	return nil
}
