package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
	"example.com/tollgate/views"
)

// adminSubscriber shows all that is known of one account, and why it has the access it has.
func (s *site) adminSubscriber(c echo.Context) error {
	return s.showSubscriber(c, http.StatusOK, views.AdminActions{})
}

// showSubscriber renders the page; actions carries what a refused form must show again.
func (s *site) showSubscriber(c echo.Context, status int, actions views.AdminActions) error {
	ctx := c.Request().Context()
	detail, err := s.DB.FindSubscriber(ctx, s.Billing.Connection, c.Param("id"))
	if err != nil {
		return err
	}
	frame, err := s.page(c, detail.Account.Name)
	if err != nil {
		return err
	}
	access, weighed, err := s.Billing.Explain(ctx, detail.Account.ID)
	if err != nil {
		return err
	}
	view, err := s.Billing.Overview(ctx, detail.Account.ID, 1)
	if err != nil {
		return err
	}
	address := views.PathAdminSubscribers + "/" + detail.Account.PublicID
	page := views.AdminSubscriberPage{
		Page: frame, ID: detail.Account.PublicID, Name: detail.Account.Name, CreatedAt: detail.Account.CreatedAt,
		Suspended: detail.Account.SuspendedAt != nil, Subscription: s.subscription(access, view.Subscription),
		Invoices: invoiceRows(view.Invoices), Events: eventRows(detail.Events), Facts: factRows(detail.Facts),
		Members: memberRows(detail.Members), SubscriberURL: address, SyncURL: address + "/sync",
		Access: views.AccessSteps(s.weighedRows(weighed), frame.Format()),
	}
	page.Disputes = disputeRows(detail.Disputes)
	if sub := view.Subscription; sub != nil {
		page.StripeSub = sub.StripeID
		actions.Live, actions.Paused = live(sub), sub.PauseBehavior != ""
		actions.PeriodEnd = sub.CurrentPeriodEnd
	}
	actions.EndURL, actions.PauseURL, actions.GoOnURL = address+"/end", address+"/pause", address+"/unpause"
	actions.RefundURL = address + "/refund"
	if actions.Refund, err = s.adminRefundable(ctx, detail.Account.ID); err != nil {
		return err
	}
	page.Actions = actions
	if detail.Customer != nil {
		page.Customer, page.CustomerURL = detail.Customer.StripeID, s.atStripe(detail.Customer.StripeID)
	}
	if detail.Sync != nil {
		page.Sync = views.SyncState{
			LastOKAt: detail.Sync.LastOKAt, LastError: detail.Sync.LastError,
			Due: detail.Sync.DirtySeq > detail.Sync.SyncedSeq,
		}
	}
	for _, m := range detail.Mails {
		row := mailboxRow(m)
		if s.Config.Env == "production" {
			row.URL = "" // the mailbox is a development page
		}
		page.Mails = append(page.Mails, row)
	}
	return render(c, status, views.AdminSubscriber(page))
}

// atStripe is where a customer can be looked at: Stripe's dashboard, or nothing in the sandbox,
// whose console has no address for it.
func (s *site) atStripe(customer string) string {
	if s.Ribbon != nil {
		return ""
	}
	base := "https://dashboard.stripe.com/"
	if !s.Billing.Connection.Livemode {
		base += "test/"
	}
	return base + "customers/" + customer
}

func (s *site) weighedRows(weighed []billing.Weighed) []views.Weighed {
	rows := make([]views.Weighed, len(weighed))
	for i, w := range weighed {
		rows[i] = views.Weighed{
			Source: w.Source, Name: w.Name, Status: w.Status, Plan: w.Decision.Plan, Level: w.Decision.Level.String(),
			Reason: string(w.Decision.Reason), Until: w.Decision.Until, Decides: w.Decides,
		}
		if p, known := s.Catalog.ByKey(w.Decision.Plan); known {
			rows[i].Plan = p.Name
		}
	}
	return rows
}

func memberRows(members []models.Member) []views.Member {
	rows := make([]views.Member, len(members))
	for i, m := range members {
		rows[i] = views.Member{
			Name: m.Name, Email: m.Email, Role: string(m.Role), Verified: m.EmailVerifiedAt != nil, CreatedAt: m.CreatedAt,
		}
	}
	return rows
}

func factRows(facts []models.Fact) []views.FactRow {
	rows := make([]views.FactRow, len(facts))
	for i, f := range facts {
		rows[i] = views.FactRow{
			Type: f.Type, Amount: plan.Money{Amount: f.Amount, Currency: f.Currency}, OccurredAt: f.OccurredAt,
		}
	}
	return rows
}

// adminSyncWait bounds the button that asks Stripe now.
const adminSyncWait = 8 * time.Second

// adminSyncSubscriber asks Stripe about the account's customer at once.
func (s *site) adminSyncSubscriber(c echo.Context) error {
	account, err := s.DB.FindAccount(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), adminSyncWait)
	defer cancel()
	if err := s.Billing.SyncAccount(ctx, account.ID); err != nil {
		return err
	}
	return s.backWith(c, views.PathAdminSubscribers+"/"+account.PublicID, "synced")
}
