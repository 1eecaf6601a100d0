// Package app puts the parts together, in one place and in plain sight: which database, which
// Stripe, which clock, which mail. Nothing here decides anything about users or money.
//
// Without a Stripe key on a developer's machine it starts the sandbox, and from then on treats it as
// Stripe: a base URL, a key and a webhook secret. The one thing the sandbox shares with us beyond
// that is its clock, so that moving it a month forward moves both sides of the story.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/handlers"
	"example.com/tollgate/internal/jobs"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/views/layout"
)

// The server's limits. A page's own deadline is shorter than the write timeout.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	drainTimeout      = 20 * time.Second
	stripeAtBoot      = 5 * time.Second
)

// App is the whole program, assembled and not yet serving.
type App struct {
	Config  config.Config
	DB      *models.DB
	Stripe  *gateway.Gateway
	Billing *billing.Service
	Catalog *plan.Catalog
	Outbox  *mail.Outbox

	log     *slog.Logger
	echo    *echo.Echo
	jobs    *jobs.Runner
	sandbox embedded
	beside  bool

	ahead    atomic.Int64 // how far the clock of a sandbox that runs by itself was moved, in nanoseconds
	unfollow context.CancelFunc
}

// embedded is the sandbox, where this build and this configuration have one.
type embedded interface {
	URL() string
	SecretKey() string
	WebhookSecret() string
	Now() time.Time
	OnReset(func(context.Context) error)
	Close() error
}

// Open assembles the program to serve. It opens and migrates the database, starts the sandbox if it
// takes Stripe's place, and finds out which Stripe account the key belongs to.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (*App, error) {
	return start(ctx, &App{Config: cfg, Catalog: plan.Default(), log: log})
}

// OpenBeside is Open for a command that may run while the program serves: its sandbox answers on a
// port of its own and leaves the delivery of webhooks to the one that serves.
func OpenBeside(ctx context.Context, cfg config.Config, log *slog.Logger) (*App, error) {
	return start(ctx, &App{Config: cfg, Catalog: plan.Default(), log: log, beside: true})
}

func start(ctx context.Context, a *App) (*App, error) {
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	if err := a.Catalog.Validate(); err != nil {
		return fmt.Errorf("the catalog of plans is wrong: %w", err)
	}
	var err error
	if a.DB, err = models.Open(ctx, a.Config.DatabaseURL, time.Now); err != nil {
		return err
	}
	if err := Migrate(ctx, a.DB); err != nil {
		return err
	}
	if a.Config.Sandbox() {
		if err := a.openSandbox(ctx); err != nil {
			return err
		}
	}
	if err := a.fillSecrets(); err != nil {
		return err
	}
	a.followClock(ctx)
	a.Stripe = gateway.New(gateway.Options{
		SecretKey: a.Config.StripeSecretKey, APIBase: a.Config.StripeAPIBase,
		WebhookSecrets: a.Config.StripeWebhookSecrets, MaxRPS: a.Config.StripeMaxRPS, Wall: time.Now,
	})
	connection, err := a.connect(ctx)
	if err != nil {
		return err
	}
	return a.assemble(connection)
}

// Migrate brings our tables and those of the jobs to the newest version.
func Migrate(ctx context.Context, db *models.DB) error {
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	return jobs.Migrate(ctx, db)
}

// assemble makes the services and the site.
func (a *App) assemble(connection billing.Connection) error {
	sender, err := sender(a.Config)
	if err != nil {
		return err
	}
	wake := func(job string) {
		if a.jobs != nil {
			a.jobs.Wake(job)
		}
	}
	s, err := NewServices(Parts{
		Config: a.Config, DB: a.DB, Stripe: a.Stripe, Connection: connection, Catalog: a.Catalog, Sender: sender,
		Now: a.now, Wall: time.Now, Wake: wake, Logger: a.log,
	})
	if err != nil {
		return err
	}
	a.Billing, a.Outbox = s.Billing, s.Outbox
	a.jobs, err = jobs.New(jobs.Options{DB: a.DB, Jobs: s.Jobs, Logger: a.log})
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(&queues{billing: a.Billing, db: a.DB, now: time.Now, log: a.log})
	registry.MustRegister(newReconcileMetrics(a.DB, connection, time.Now, a.log))
	a.echo, err = handlers.New(handlers.Options{
		Config: a.Config, DB: a.DB, Auth: s.Accounts, Billing: a.Billing, Catalog: a.Catalog, Logger: a.log,
		Now: a.now, Wall: time.Now, Ribbon: a.ribbon(), Ready: a.ready, Registry: registry,
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	})
	return err
}

// sender is SMTP, or the built-in mailbox on a machine that has none.
func sender(cfg config.Config) (mail.Sender, error) {
	if cfg.SMTPURL == "" {
		return mail.Mailbox{}, nil
	}
	return mail.NewSMTP(cfg.SMTPURL, cfg.MailFrom)
}

// now is the business clock.
func (a *App) now() time.Time {
	if a.sandbox != nil {
		return a.sandbox.Now()
	}
	return time.Now().Add(time.Duration(a.ahead.Load()))
}

// Places is where a developer finds the sandbox's pages.
type Places struct{ Console, Mailbox string }

// Sandbox tells where the sandbox's pages are. ok is false where there is none.
func (a *App) Sandbox() (places Places, ok bool) {
	if a.sandbox == nil {
		return Places{}, false
	}
	return Places{Console: a.sandbox.URL() + "/_stripe/", Mailbox: a.Config.AppURL + "/mailbox"}, true
}

// EmbeddedStripe is the sandbox, for tests that make it fail or move its clock. It is nil where there
// is none.
func (a *App) EmbeddedStripe() any { return a.sandbox }

// clockSlack is how far the sandbox's clock may be off before the ribbon shows it.
const clockSlack = time.Minute

func (a *App) ribbon() func() *layout.Ribbon {
	if a.sandbox == nil {
		return nil
	}
	return func() *layout.Ribbon {
		now := a.sandbox.Now()
		return &layout.Ribbon{
			ConsoleURL: a.sandbox.URL() + "/_stripe/", MailboxURL: "/mailbox", Now: now,
			Moved: now.Sub(time.Now()).Abs() > clockSlack,
		}
	}
}

// ready reports whether requests can be served.
func (a *App) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return a.DB.Ping(ctx)
}

// SyncCatalog tells Stripe about the plans.
func (a *App) SyncCatalog(ctx context.Context) ([]billing.CatalogChange, error) {
	return a.Stripe.SyncCatalog(ctx, a.Catalog, billing.Site{Name: a.Config.AppName, URL: a.Config.AppURL})
}

// Run listens where the configuration says and serves until ctx ends. listening is called once
// requests are accepted.
func (a *App) Run(ctx context.Context, listening func()) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.Config.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", a.Config.Addr, err)
	}
	return a.Serve(ctx, listener, listening)
}

// Serve answers what arrives at listener and works in the background until ctx ends, then lets what
// is under way finish.
func (a *App) Serve(ctx context.Context, listener net.Listener, listening func()) error {
	a.lookBack(ctx)
	server := &http.Server{
		Handler: a.echo, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if a.sandbox != nil {
		tell := func(ctx context.Context) error {
			_, err := a.SyncCatalog(ctx)
			return err
		}
		if err := tell(ctx); err != nil {
			a.log.Error("the plans could not be told to the sandbox", "error", err)
		}
		a.sandbox.OnReset(tell) // A reset in its console takes the prices away, and the pricing page needs them.
	}
	if err := a.jobs.Start(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	listening()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, a.drain(ctx, server))
}

// lookBack has billing notice a restored backup before anything is received or sent. Where Stripe does not answer, the
// first listing of events does it.
func (a *App) lookBack(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, stripeAtBoot)
	defer cancel()
	if err := a.Billing.LookBack(asking); err != nil {
		a.log.Warn("it is not known yet whether this database was restored from a backup", "error", err)
	}
}

// drain finishes the requests first, because they may still owe work, and then the jobs.
func (a *App) drain(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	return errors.Join(err, a.jobs.Stop(ctx))
}

// Close releases what Open took.
func (a *App) Close() error {
	var errs []error
	if a.unfollow != nil {
		a.unfollow()
	}
	if a.sandbox != nil {
		errs = append(errs, a.sandbox.Close())
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	return errors.Join(errs...)
}
