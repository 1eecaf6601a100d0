package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/handlers/middleware"
	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// returnWait is how long the return page waits for Stripe before it says that it is waiting.
const returnWait = 3 * time.Second

// stripeWait is how long any other page waits for Stripe before it says that Stripe does not answer.
const stripeWait = 8 * time.Second

// returnTries is how often the waiting page refreshes itself before it leaves the rest to a mail.
const returnTries = 30

// billing shows the account everything about paying.
func (s *site) billing(c echo.Context) error {
	if c.QueryParam("from") == "portal" {
		s.catchUp(c)
		return back(c, "/app/billing") // a reload need not ask again
	}
	frame, err := s.page(c, views.BillingTitle)
	if err != nil {
		return err
	}
	ctx, number := c.Request().Context(), pageNumber(c)
	view, err := s.Billing.Overview(ctx, s.account(c).ID, number)
	if err != nil {
		return err
	}
	used, err := s.DB.ListProjects(ctx, s.account(c).ID, 1, 1)
	if err != nil {
		return err
	}
	page := views.BillingPage{
		Page: frame, Catalog: s.Catalog, Subscription: s.subscription(view.Access, view.Subscription),
		Invoices: invoiceRows(view.Invoices), Pending: view.Customer == nil,
		Card: cardOf(view.Customer), Held: view.Access.NoGrowth,
		Pager: views.NewPager("/app/billing", nil, number, view.PerPage, view.InvoicesTotal),
		Usage: []views.Usage{usage(s.Catalog, view.Access, plan.Projects, used.Total)},
	}
	if page.TrialDays, err = s.Billing.TrialDays(ctx, s.account(c).ID); err != nil {
		return err
	}
	return render(c, http.StatusOK, views.Billing(page))
}

// cardOf is the card that the next payment is taken from, or nil. customer may be nil.
func cardOf(customer *models.Customer) *views.Card {
	if customer == nil || customer.CardLast4 == "" {
		return nil
	}
	return &views.Card{
		Brand: customer.CardBrand, Last4: customer.CardLast4,
		ExpMonth: int(customer.CardExpMonth), ExpYear: int(customer.CardExpYear),
	}
}

func invoiceRows(invoices []models.Invoice) []views.Invoice {
	rows := make([]views.Invoice, len(invoices))
	for i, in := range invoices {
		rows[i] = views.Invoice{
			Number: in.Number, StripeID: in.StripeID, Status: in.Status, IssuedAt: in.IssuedAt,
			Total: plan.Money{Amount: in.Total, Currency: in.Currency}, HostedURL: in.HostedURL, PDFURL: in.PDFURL,
		}
	}
	return rows
}

// subscription puts a decision and the row it is about into the page's terms. sub may be nil.
func (s *site) subscription(access billing.Access, sub *models.Subscription) views.Subscription {
	v := views.Subscription{Level: access.Level.String(), Plan: access.Granted}
	if access.Reason == billing.ReasonGrant {
		v.Granted = string(access.Reason)
	}
	if sub == nil {
		return v
	}
	v.Status, v.Interval = sub.Status, plan.Interval(sub.BillingInterval)
	if sub.TrialRefused {
		v.Status, v.TrialRefused = "canceled", sub.LookupKey
	}
	v.Amount = plan.Money{Amount: sub.Amount * max(1, sub.Quantity), Currency: sub.Currency}
	v.NextAmount = plan.Money{Amount: sub.NextAmount, Currency: sub.Currency}
	// What has ended grants nothing, so its plan's features are not listed as if it did.
	if p, ok := s.Catalog.ByKey(sub.Plan); ok && access.Reason != billing.ReasonGrant && sub.EndedAt == nil && !sub.TrialRefused {
		v.Plan = p
	}
	v.TrialEnd = sub.TrialEnd
	if v.Status == "trialing" && sub.TrialEnd != nil {
		v.DaysLeft = daysUntil(s.Now(), *sub.TrialEnd)
	}
	switch {
	case sub.EndedAt != nil:
		v.EndsAt = sub.EndedAt
	case sub.CancelAt != nil:
		v.EndsAt = sub.CancelAt
	case sub.CancelAtPeriodEnd:
		v.EndsAt = &sub.CurrentPeriodEnd
	default:
		v.RenewsAt = &sub.CurrentPeriodEnd
	}
	if sub.EndedAt == nil {
		v.Paused = sub.PauseBehavior != ""
		v.Next, v.Pending = s.planned(sub), s.pending(sub)
	}
	if access.Level == billing.LevelGrace {
		until := access.Until
		v.GraceUntil = &until
	}
	return v
}

// planned is the change that a subscription is to make, or nil.
func (s *site) planned(sub *models.Subscription) *views.Planned {
	p, price, ok := s.Catalog.ByLookupKey(sub.NextLookupKey)
	if !ok || sub.NextAt == nil {
		return nil
	}
	return &views.Planned{
		Plan: p, Interval: price.Interval, LookupKey: price.LookupKey, At: *sub.NextAt,
		Amount: plan.Money{Amount: sub.NextAmount, Currency: price.Money.Currency},
	}
}

// pending is the change that waits for the customer's bank, or nil.
func (s *site) pending(sub *models.Subscription) *views.Pending {
	p, _, ok := s.Catalog.ByLookupKey(sub.PendingLookupKey)
	if !ok || sub.PendingUntil == nil || !s.Now().Before(*sub.PendingUntil) {
		return nil
	}
	return &views.Pending{Plan: p, URL: sub.PendingURL, Until: *sub.PendingUntil}
}

// daysUntil counts days that have begun as whole ones.
func daysUntil(now, end time.Time) int {
	const day = 24 * time.Hour
	return max(0, int((end.Sub(now)+day-1)/day))
}

func usage(catalog *plan.Catalog, access billing.Access, limit plan.Limit, used int64) views.Usage {
	info, _ := catalog.LimitInfo(limit)
	return views.Usage{Limit: info, Used: used, Max: access.Limit(limit)}
}

// offerFor is the cheapest plan that passes want, at the interval the account pays by, or nil.
func (s *site) offerFor(c echo.Context, want func(plan.Plan) bool) (*views.Offer, error) {
	better, ok := s.Catalog.Cheapest(func(p plan.Plan) bool { return !p.Free() && want(p) })
	if !ok {
		return nil, nil
	}
	access, err := s.access(c)
	if err != nil {
		return nil, err
	}
	interval := plan.Month
	if _, price, ok := s.Catalog.ByLookupKey(access.LookupKey); ok {
		interval = price.Interval
	}
	price, ok := better.Price(interval, s.Catalog.Currency)
	if !ok {
		return nil, nil
	}
	days, err := s.Billing.TrialDays(c.Request().Context(), s.account(c).ID)
	return &views.Offer{Plan: better, Price: price, Subscribed: access.Live(), TrialDays: days}, err
}

// checkoutForm repeats the order before the buyer leaves for Stripe's page.
func (s *site) checkoutForm(c echo.Context) error {
	return s.showCheckout(c, http.StatusOK, c.QueryParam("price"), "")
}

func (s *site) showCheckout(c echo.Context, status int, lookupKey, formError string) error {
	p, price, ok := s.Catalog.OnSale(lookupKey)
	if !ok {
		return fault.New(fault.Invalid, "price_unknown")
	}
	frame, err := s.page(c, views.CheckoutTitle)
	if err != nil {
		return err
	}
	access, err := s.access(c)
	if err != nil {
		return err
	}
	if access.Live() {
		return back(c, "/pricing?interval="+string(price.Interval))
	}
	days, err := s.Billing.TrialDays(c.Request().Context(), s.account(c).ID)
	if err != nil {
		return err
	}
	return render(c, status, views.Checkout(views.CheckoutPage{
		Page: frame, FormError: formError, Catalog: s.Catalog, Plan: p, Price: price, TrialDays: days,
		FirstPayAt: s.Now().AddDate(0, 0, int(days)),
	}))
}

// checkout opens the account's Checkout Session and sends the buyer there. The price is a lookup key
// and nothing else: amounts, customers and trials are ours to know.
func (s *site) checkout(c echo.Context) error {
	lookupKey := c.FormValue("price")
	quantity, err := strconv.ParseInt(c.FormValue("quantity"), 10, 64)
	if err != nil || quantity != 1 {
		quantity = 1 // no plan on sale has seats
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	purchase, err := s.Billing.StartCheckout(ctx, billing.CheckoutInput{
		AccountID: s.account(c).ID, UserID: s.identity(c).User.ID, LookupKey: lookupKey, Quantity: quantity,
	})
	f := fault.From(err)
	switch {
	case err == nil && purchase.Paid:
		return back(c, "/app/billing/return")
	case err == nil:
		return back(c, purchase.URL)
	case f.Code == "already_subscribed":
		return s.offer(ctx, c, lookupKey)
	case f.Kind == fault.Unavailable:
		s.Logger.WarnContext(c.Request().Context(), "checkout not opened", "request_id", middleware.RequestID(c), "error", err)
		return s.showCheckout(c, http.StatusServiceUnavailable, lookupKey, views.Message(f.Code, f.Params))
	}
	return err
}

// portal opens Stripe's customer portal for the account's own customer, at the page asked for.
func (s *site) portal(c echo.Context) error { return s.openPortal(c, c.FormValue("flow")) }

// newCard is where the mails about a payment that failed lead: straight to the portal's page for another card. The
// address is the same for everybody and carries nothing; whose card it is comes from the session, after signing in
// where that is needed. Another site that sends a browser here shows its user their own page at Stripe, and no more.
func (s *site) newCard(c echo.Context) error { return s.openPortal(c, billing.FlowPaymentMethod) }

func (s *site) openPortal(c echo.Context, flow string) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	to, err := s.Billing.PortalURL(ctx, billing.PortalInput{AccountID: s.account(c).ID, Flow: flow})
	if err != nil {
		return err
	}
	return back(c, to)
}

// resume takes back a cancellation that has not taken effect, or starts a plan whose trial ended without a card.
func (s *site) resume(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stripeWait)
	defer cancel()
	access, err := s.access(c)
	if err == nil {
		err = s.Billing.Resume(ctx, s.account(c).ID)
	}
	switch {
	case err != nil:
		return err
	case access.Reason == billing.ReasonPaused:
		return s.backWith(c, views.PathBilling, "restarted")
	}
	return s.backWith(c, views.PathBilling, "resumed")
}

// catchUp asks Stripe about the session user's own customer before a page is shown to somebody who comes
// back from there: the webhook about what they did may still be on its way. If Stripe is slow, the page
// shows what is known, and the webhook tells the rest.
func (s *site) catchUp(c echo.Context) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), returnWait)
	defer cancel()
	account := s.account(c)
	if err := s.Billing.SyncAccount(ctx, account.ID); err != nil {
		s.Logger.WarnContext(c.Request().Context(), "not up to date with Stripe",
			"request_id", middleware.RequestID(c), "account", account.PublicID, "error", err)
	}
}

// billingReturn is where Stripe sends the buyer back to. It asks Stripe about the session user's own
// customer and nobody else's: the session_id in the address is not read, because anybody can put
// one there.
func (s *site) billingReturn(c echo.Context) error {
	s.catchUp(c)
	access, err := s.access(c)
	if err != nil {
		return err
	}
	if access.Reason == billing.ReasonTrialUsed {
		return back(c, views.PathBilling) // which says why there is no trial, and offers to pay
	}
	if access.Live() && access.Level > billing.LevelNone {
		notice := "purchased"
		if access.Reason == billing.ReasonTrialing {
			notice = "trial_started"
		}
		return s.backWith(c, "/app/billing", notice)
	}
	return s.stillWaiting(c)
}

func (s *site) stillWaiting(c echo.Context) error {
	frame, err := s.page(c, views.ReturnTitle)
	if err != nil {
		return err
	}
	try, err := strconv.Atoi(c.QueryParam("try"))
	if err != nil || try < 0 {
		try = 0
	}
	next := url.Values{"try": {strconv.Itoa(min(try+1, returnTries))}}
	return render(c, http.StatusOK, views.Return(views.ReturnPage{
		Page: frame, RefreshURL: "/app/billing/return?" + next.Encode(), Try: try, GaveUp: try >= returnTries,
	}))
}
