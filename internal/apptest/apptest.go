// Package apptest assembles the app for tests that step through its life: the services that decide, the real database,
// Stripe's client in front of a Stripe that answers in memory, and nothing that works by itself. A test calls the
// passes of the background jobs, which are those of the program's own table.
//
// A Process is one running copy of the program. Whatever it does to the world outside goes through points that a test
// can meddle with: a call of Stripe's API before it is sent and after it was answered, a write before it begins,
// before it commits and after. That is where a network fails, a database is locked, and a program dies. A dead process
// may run on for a moment, but nothing it does has an effect any more, which is all that dying means to others.
package apptest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

// ErrDead is what a dead process meets at every point.
var ErrDead = errors.New("apptest: the process is dead")

// Point is a place at which a process touches the world.
type Point string

// The points. Those that end in before can still prevent what is about to happen; what they return as an error is what
// the process meets instead. The others can only keep the process from learning that it happened.
const (
	CallBefore   Point = "call before"
	CallAfter    Point = "call after"
	WriteBefore  Point = "write before"
	CommitBefore Point = "commit before"
	CommitAfter  Point = "commit after"
)

// Options is what a Process needs.
type Options struct {
	// DatabaseURL names a migrated database. Processes may share it.
	DatabaseURL string
	// Stripe answers API calls, in memory.
	Stripe http.Handler
	// SecretKey and WebhookSecrets are those of that Stripe.
	SecretKey      string
	WebhookSecrets []string
	// Now and Wall are the clocks.
	Now, Wall func() time.Time
	// Meddle is asked at every point; nil lets everything pass. The request is nil except for calls.
	Meddle func(at Point, call *http.Request) error
	// Heard is shown every good answer that reached the process, with the request.
	Heard  func(call *http.Request, answer []byte)
	Sender mail.Sender
	Logger *slog.Logger
}

// Process is one running copy of the program.
type Process struct {
	*app.Services
	DB      *models.DB
	Gateway *gateway.Gateway

	opts Options
	dead atomic.Bool
}

// Start begins a process. Its connection to Stripe works at that moment; meddling begins afterwards.
func Start(ctx context.Context, o Options) (*Process, error) {
	p := &Process{opts: o}
	cfg, err := config.Parse([]string{
		"APP_ENV=test", "APP_URL=http://localhost:8080", "ADDR=127.0.0.1:0", "STRIPE_SECRET_KEY=" + o.SecretKey,
		"STRIPE_API_BASE=" + stripeURL, "SESSION_SECRETS=0123456789abcdef0123456789abcdef",
		"ADMIN_EMAILS=admin@example.com", "STRIPE_WEBHOOK_SECRETS=" + strings.Join(o.WebhookSecrets, ","),
	})
	if err != nil {
		return nil, fmt.Errorf("apptest: %w", err)
	}
	meddle := p.opts.Meddle
	p.opts.Meddle = nil
	p.Gateway = gateway.New(gateway.Options{
		SecretKey: o.SecretKey, APIBase: stripeURL, WebhookSecrets: o.WebhookSecrets, MaxRPS: 1000, Transport: &wire{p},
	})
	connection, err := p.Gateway.Connection(ctx)
	if err != nil {
		return nil, fmt.Errorf("apptest: %w", err)
	}
	if p.DB, err = models.Open(ctx, o.DatabaseURL, o.Wall); err != nil {
		return nil, fmt.Errorf("apptest: %w", err)
	}
	p.DB.Through(p.between)
	p.Services, err = app.NewServices(app.Parts{
		Config: cfg, DB: p.DB, Stripe: p.Gateway, Connection: connection, Catalog: plan.Default(), Sender: o.Sender,
		Now: o.Now, Wall: o.Wall, Wake: func(string) {}, Logger: o.Logger, SyncParallel: 1,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("apptest: %w", err), p.DB.Close())
	}
	p.opts.Meddle = meddle
	return p, nil
}

// SyncCatalog tells Stripe about the plans.
func (p *Process) SyncCatalog(ctx context.Context) error {
	_, err := p.Gateway.SyncCatalog(ctx, plan.Default(), billing.Site{Name: "Tollgate", URL: "http://localhost:8080"})
	return err
}

// Kill ends the process: from now on it has no effect on anything.
func (p *Process) Kill() { p.dead.Store(true) }

// Dead reports whether the process was killed.
func (p *Process) Dead() bool { return p.dead.Load() }

// Close releases the database, of a dead process too: an operating system would.
func (p *Process) Close() error { return p.DB.Close() }

// at is asked at every point.
func (p *Process) at(point Point, call *http.Request) error {
	if p.dead.Load() {
		return ErrDead
	}
	if p.opts.Meddle == nil {
		return nil
	}
	err := p.opts.Meddle(point, call)
	if p.dead.Load() {
		return ErrDead
	}
	return err
}
