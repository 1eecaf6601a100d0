package app

import (
	"log/slog"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/jobs"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

// Parts is what the services are made of. The program fills it from its configuration; tests that step through the
// program's life put clocks, a database and a Stripe of their own there.
type Parts struct {
	Config     config.Config
	DB         *models.DB
	Stripe     billing.Gateway
	Connection billing.Connection
	Catalog    *plan.Catalog
	Sender     mail.Sender
	Now, Wall  func() time.Time
	Wake       func(job string)
	Logger     *slog.Logger
	// SyncParallel overrides how many customers a pass fetches at once.
	SyncParallel int
}

// Services is everything that decides, with the table of what it does in the background.
type Services struct {
	Billing  *billing.Service
	Outbox   *mail.Outbox
	Accounts *auth.Service
	Jobs     []jobs.Job
}

// NewServices puts the services together. It starts nothing.
func NewServices(p Parts) (*Services, error) {
	if err := billing.CheckMailsOff(p.Config.MailsOff); err != nil {
		return nil, err
	}
	s := &Services{}
	s.Outbox = mail.New(mail.Options{
		DB: p.DB, Sender: p.Sender, Now: p.Wall, Log: p.Logger, Wake: func() { p.Wake(jobMails) },
	})
	s.Billing = billing.New(billing.Options{
		DB: p.DB, Stripe: p.Stripe, Catalog: p.Catalog, Connection: p.Connection, Now: p.Now, Wall: p.Wall,
		Outbox: s.Outbox, Wake: p.Wake, AppName: p.Config.AppName, AppURL: p.Config.AppURL,
		Grace: p.Config.GracePeriod, Leeway: p.Config.AccessLeeway, AutomaticTax: p.Config.StripeAutomaticTax,
		SyncParallel: p.SyncParallel, AdminEmails: p.Config.AdminEmails, MailsOff: p.Config.MailsOff,
		Logger: p.Logger,
	})
	var err error
	s.Accounts, err = auth.New(auth.Options{
		DB: p.DB, Outbox: s.Outbox, Now: p.Wall, AppName: p.Config.AppName, AppURL: p.Config.AppURL,
		SessionSecrets: p.Config.SessionSecrets,
	})
	if err != nil {
		return nil, err
	}
	s.Jobs = jobTable(s.Billing, s.Outbox, s.Accounts, p.Config.ReconcileInterval)
	return s, nil
}
