package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// live is whether there is a plan that could be changed or ended. sub may be nil.
func live(sub *models.Subscription) bool {
	if sub == nil || sub.EndedAt != nil || sub.TrialRefused {
		return false
	}
	switch sub.Status {
	case "canceled", "incomplete", "incomplete_expired":
		return false
	}
	return true
}

// choosePlan lets a subscriber choose what to change to. Everybody else chooses on the pricing page.
func (s *site) choosePlan(c echo.Context) error {
	return s.showPlans(c, http.StatusOK, "")
}

// showPlans renders the choice; code is why an offer was refused, or empty.
func (s *site) showPlans(c echo.Context, status int, code string) error {
	frame, err := s.page(c, views.ChooseTitle)
	if err != nil {
		return err
	}
	frame.Path = views.PathChange
	view, err := s.Billing.Overview(c.Request().Context(), s.account(c).ID, 1)
	if err != nil {
		return err
	}
	sub := view.Subscription
	if !live(sub) {
		return back(c, "/pricing")
	}
	page := views.ChoosePlanPage{PricingPage: views.PricingPage{
		Page: frame, Catalog: s.Catalog, CurrentPlan: sub.Plan, CurrentInterval: plan.Interval(sub.BillingInterval),
		Interval: plan.Interval(sub.BillingInterval), Subscribed: true, TrialUsed: true, Planned: s.planned(sub),
	}}
	if asked := plan.Interval(c.QueryParam("interval")); asked == plan.Month || asked == plan.Year {
		page.Interval = asked
	}
	closed := ""
	switch {
	case sub.Status != "active" && sub.Status != "trialing":
		closed = "change_unpaid"
	case sub.CancelAtPeriodEnd || sub.CancelAt != nil:
		closed = "change_ending"
	case s.pending(sub) != nil:
		closed = "change_waiting"
	}
	page.Closed = closed != ""
	if code == "" {
		code = closed
	}
	if code != "" {
		page.Problem = views.Problem{Code: code, Text: views.Message(code, nil)}
	}
	return render(c, status, views.ChoosePlan(page))
}

// offerChange works out what a change of plan would do and cost, and leads to where it is shown.
func (s *site) offerChange(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	return s.offer(ctx, c, c.FormValue("price"))
}

func (s *site) offer(ctx context.Context, c echo.Context, lookupKey string) error {
	id, err := s.Billing.OfferChange(ctx, billing.ChangeInput{AccountID: s.account(c).ID, LookupKey: lookupKey})
	f := fault.From(err)
	switch {
	case err == nil:
		return back(c, views.PathChange+"/"+id)
	case f.Code == "already_subscribed":
		return s.backWith(c, views.PathBilling, "plan_same")
	case f.Code == "subscription_missing": // it ended a moment ago, so it is bought anew
		return back(c, "/pricing")
	case f.Kind == fault.Conflict, f.Kind == fault.Unavailable:
		s.Logger.WarnContext(c.Request().Context(), "change not offered", "request_id", middleware.RequestID(c), "error", err)
		return s.showPlans(c, statusFor(f), f.Code)
	}
	return err
}

// changeForm shows an offered change before it is confirmed, and afterwards what became of it.
func (s *site) changeForm(c echo.Context) error {
	change, err := s.Billing.Change(c.Request().Context(), s.account(c).ID, c.Param("id"))
	expired := fault.Is(err, "change_expired")
	if err != nil && !expired {
		return err
	}
	switch change.Outcome.Kind {
	case billing.OutcomeDone:
		return s.backWith(c, views.PathBilling, doneNotice(change))
	case billing.OutcomeAction:
		s.catchUp(c) // they may come back from their bank
	}
	view, err := s.Billing.Overview(c.Request().Context(), s.account(c).ID, 1)
	if err != nil {
		return err
	}
	sub := view.Subscription
	if change.Outcome.Kind == billing.OutcomeAction && live(sub) && sub.LookupKey == change.Price.LookupKey {
		return s.backWith(c, views.PathBilling, doneNotice(change))
	}
	if sub == nil {
		return fault.New(fault.Conflict, "subscription_missing")
	}
	return s.showChange(c, change, view, changeState(change, sub, expired))
}

// changeState is how far a change has come, which for one that waits for a bank the subscription knows.
func changeState(change billing.Change, sub *models.Subscription, expired bool) views.ChangeState {
	switch {
	case expired:
		return views.ChangeExpired
	case change.Outcome.Kind == billing.OutcomeAction && sub.PendingLookupKey != change.Price.LookupKey:
		return views.ChangeLapsed
	case change.Outcome.Kind != "":
		return views.ChangeState(change.Outcome.Kind)
	case change.Begun:
		return views.ChangeBegun
	case sub.LookupKey != change.FromPrice.LookupKey:
		return views.ChangeExpired
	}
	return views.ChangeOffered
}

func (s *site) showChange(c echo.Context, change billing.Change, view billing.Overview, state views.ChangeState) error {
	frame, err := s.page(c, views.ChangeTitle)
	if err != nil {
		return err
	}
	sub, quote := view.Subscription, change.Quote
	money := func(amount int64) plan.Money {
		return plan.Money{Amount: amount, Currency: change.Price.Money.Currency}
	}
	page := views.ChangePage{
		Page: frame, Catalog: s.Catalog, State: state, Code: change.Outcome.Code, URL: change.Outcome.URL,
		PostURL: views.PathChange + "/" + change.ID, Now: change.Now, At: change.At, Until: change.OfferEnd,
		From: order(change.From, change.FromPrice, change.Quantity), To: order(change.Plan, change.Price, change.Quantity),
		Trial: sub.Status == "trialing", NextAt: nextPayment(change, sub), Card: cardOf(view.Customer),
		Tax: money(quote.Tax), Due: money(quote.AmountDue), Credit: money(max(0, -quote.Total)),
		FromBalance: money(min(0, quote.AmountDue-max(0, quote.Total))),
		Next:        change.Next,
	}
	for _, line := range quote.Lines {
		page.Lines = append(page.Lines, views.BillLine{Text: line.Text, Amount: money(line.Amount)})
	}
	if page.Usage, err = s.usageUnder(c, change.Plan); err != nil {
		return err
	}
	return render(c, http.StatusOK, views.Change(page))
}

func order(p plan.Plan, price plan.Price, quantity int64) views.Order {
	total := plan.Money{Amount: price.Money.Amount * max(1, quantity), Currency: price.Money.Currency}
	return views.Order{Plan: p, Price: price, Total: total}
}

// nextPayment is when the first regular payment by the new price falls due. Another interval starts a period of its
// own at once; otherwise the period that runs is kept.
func nextPayment(change billing.Change, sub *models.Subscription) time.Time {
	switch {
	case sub.Status == "trialing" && sub.TrialEnd != nil:
		return *sub.TrialEnd
	case !change.Now:
		return change.At
	case change.Price.Interval == change.FromPrice.Interval:
		return sub.CurrentPeriodEnd
	case change.Price.Interval == plan.Year:
		return monthsOn(change.At, 12)
	}
	return monthsOn(change.At, 1)
}

// monthsOn is the same day of a later month, or its last day where there is none, as Stripe counts.
func monthsOn(t time.Time, months int) time.Time {
	on := t.AddDate(0, months, 0)
	if on.Day() != t.Day() {
		on = on.AddDate(0, 0, -on.Day())
	}
	return on
}

// usageUnder is what the account uses, beside the limits of a plan.
func (s *site) usageUnder(c echo.Context, p plan.Plan) ([]views.Usage, error) {
	used, err := s.DB.ListProjects(c.Request().Context(), s.account(c).ID, 1, 1)
	if err != nil {
		return nil, err
	}
	info, _ := s.Catalog.LimitInfo(plan.Projects)
	return []views.Usage{{Limit: info, Used: used.Total, Max: p.Limit(plan.Projects)}}, nil
}

// confirmChange carries out an offered change. What became of it is the page that it leads back to.
func (s *site) confirmChange(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	return s.confirm(ctx, c, c.Param("id"), "")
}

// confirm carries out a change. notice says so where it is not the usual one.
func (s *site) confirm(ctx context.Context, c echo.Context, id, notice string) error {
	change, err := s.Billing.ConfirmChange(ctx, s.account(c).ID, id)
	f := fault.From(err)
	switch {
	case err != nil && change.Outcome.Kind == "" && f.Code != "change_pending" && f.Code != "change_expired":
		return err
	case err != nil: // what is done is done: the rest becomes known by the next sync
		s.Logger.WarnContext(c.Request().Context(), "change not finished", "request_id", middleware.RequestID(c),
			"code", f.Code, "error", err)
	}
	if change.Outcome.Kind != billing.OutcomeDone {
		return back(c, views.PathChange+"/"+id)
	}
	if notice == "" {
		notice = doneNotice(change)
	}
	return s.backWith(c, views.PathBilling, notice)
}

func doneNotice(change billing.Change) string {
	if change.Now {
		return "plan_changed"
	}
	return "plan_planned"
}

// keepPlan takes back a change that is planned.
func (s *site) keepPlan(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	access, err := s.access(c)
	if err != nil {
		return err
	}
	if !access.Live() {
		return back(c, views.PathBilling)
	}
	id, err := s.Billing.OfferChange(ctx, billing.ChangeInput{AccountID: s.account(c).ID, LookupKey: access.LookupKey})
	switch {
	case fault.Is(err, "already_subscribed"): // a second click, or nothing was planned
		return s.backWith(c, views.PathBilling, "plan_kept")
	case err != nil:
		return err
	}
	return s.confirm(ctx, c, id, "plan_kept")
}
