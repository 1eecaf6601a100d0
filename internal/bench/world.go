package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/handlers"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

const webhookSecret = "whsec_benchmark_0123456789abcdef"

// projects is how many the signed-in account has. The dashboard shows the latest five.
const projects = 12

// world is the site as production runs it, without its background work: what a request costs is measured, and not what
// it leaves for later.
type world struct {
	db      *models.DB
	billing *billing.Service
	catalog *plan.Catalog
	site    http.Handler
	account models.Account
	user    models.User
	cookie  string // of the signed-in user
	log     *os.File
}

// newWorld makes a site on an empty database, with one user who pays for the middle plan.
func newWorld(ctx context.Context, databaseURL string) (*world, error) {
	w := &world{catalog: plan.Default()}
	if err := w.open(ctx, databaseURL); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) open(ctx context.Context, databaseURL string) error {
	var err error
	if w.db, err = openDB(ctx, databaseURL); err != nil {
		return err
	}
	// The lines are written, by a system call each, as they are to a terminal or a collector.
	if w.log, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	cfg := config.Config{
		Env: config.Production, AppName: "Tollgate", AppURL: "https://tollgate.example",
		SessionSecrets: []string{sessionSecret}, StripeAPIBase: config.StripeAPI,
	}
	outbox := mail.New(mail.Options{DB: w.db, Sender: mail.Mailbox{}, Now: time.Now, Log: logger, Wake: func() {}})
	w.billing = billing.New(billing.Options{
		DB: w.db, Catalog: w.catalog, Outbox: outbox, Now: time.Now, Wall: time.Now, Wake: func(string) {},
		Stripe: gateway.New(gateway.Options{
			SecretKey: "sk_test_benchmark", APIBase: cfg.StripeAPIBase, WebhookSecrets: []string{webhookSecret}, MaxRPS: 1,
		}),
		Connection: connection(), AppName: cfg.AppName, AppURL: cfg.AppURL,
		Grace: 7 * 24 * time.Hour, Leeway: 48 * time.Hour, Logger: logger,
	})
	accounts, err := auth.New(auth.Options{
		DB: w.db, Outbox: outbox, Now: time.Now, AppName: cfg.AppName, AppURL: cfg.AppURL,
		SessionSecrets: cfg.SessionSecrets,
	})
	if err != nil {
		return err
	}
	w.site, err = handlers.New(handlers.Options{
		Config: cfg, DB: w.db, Auth: accounts, Billing: w.billing, Catalog: w.catalog, Logger: logger,
		Now: time.Now, Wall: time.Now, Ready: func() error { return nil },
		Registry: prometheus.NewRegistry(), Metrics: http.NotFoundHandler(),
	})
	if err != nil {
		return err
	}
	return w.signUp(ctx, accounts)
}

func (w *world) close() error {
	var errs []error
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	if w.log != nil {
		errs = append(errs, w.log.Close())
	}
	return errors.Join(errs...)
}

// onSQLite names a file in a folder as DATABASE_URL does.
func onSQLite(dir, name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }

// openDB opens a database and makes its tables.
func openDB(ctx context.Context, databaseURL string) (*models.DB, error) {
	db, err := models.Open(ctx, databaseURL, time.Now)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func connection() billing.Connection { return billing.Connection{StripeAccount: "acct_benchmark"} }

// signUp makes the user who is signed in, and what they have.
func (w *world) signUp(ctx context.Context, accounts *auth.Service) error {
	result, err := accounts.SignUp(ctx, auth.SignUpInput{
		Name: "Ada Byron", Email: "ada@example.com", Password: "correct horse battery", TimeZone: "Europe/Berlin",
	}, nil)
	if err != nil {
		return err
	}
	w.user, w.account = result.User, result.Account
	if w.cookie, err = begin(ctx, accounts, w.user); err != nil {
		return err
	}
	return w.subscribe(ctx)
}

// subscribe writes what a sync would have: a customer with one running subscription.
func (w *world) subscribe(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Second)
	on := connection()
	customer := models.Customer{
		AccountID: w.account.ID, StripeAccount: on.StripeAccount, Livemode: on.Livemode, StripeID: "cus_benchmark",
		Email: w.user.Email, Currency: "usd", SyncedAt: &now, CreatedAt: now, UpdatedAt: now,
	}
	if err := w.db.Write(ctx).Create(&customer).Error; err != nil {
		return fmt.Errorf("write the customer: %w", err)
	}
	price, _ := w.price()
	subscription := models.Subscription{
		CustomerID: customer.ID, StripeAccount: on.StripeAccount, Livemode: on.Livemode, StripeID: "sub_benchmark",
		Kind: "plan", Status: "active", LookupKey: price.LookupKey, Plan: paidPlan, Currency: "usd",
		Amount: price.Money.Amount, Quantity: 1, BillingInterval: string(plan.Month),
		MRR: price.Money.Amount, NextAmount: price.Money.Amount,
		StartedAt: now, CurrentPeriodStart: now, CurrentPeriodEnd: now.AddDate(0, 1, 0),
		FirstInvoiceStatus: "paid", KnownStatus: "active", KnownPlan: paidPlan,
		SyncedAt: now, CreatedAt: now, UpdatedAt: now,
	}
	if err := w.db.Write(ctx).Create(&subscription).Error; err != nil {
		return fmt.Errorf("write the subscription: %w", err)
	}
	for n := range projects {
		name := fmt.Sprintf("Project %d", n+1)
		_, err := w.db.CreateProject(ctx, w.account.ID, name, now.Add(time.Duration(n)*time.Second),
			func(int64) bool { return true })
		if err != nil {
			return err
		}
	}
	return nil
}

const paidPlan = "starter"

func (w *world) price() (plan.Price, bool) {
	p, _ := w.catalog.ByKey(paidPlan)
	return p.Price(plan.Month, w.catalog.Currency)
}
