package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/models"
	"example.com/tollgate/static"
	"example.com/tollgate/views"
	"example.com/tollgate/views/layout"
)

// place is what a server says of itself once it listens.
type place struct{ Address, WebhookSecret string }

// spawn starts this program again as a server and waits until it listens.
func (b *bench) spawn(ctx context.Context, args ...string) (place, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return place{}, nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // a server ends when its parent's end of this closes
	if err != nil {
		return place{}, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return place{}, nil, err
	}
	if err := cmd.Start(); err != nil {
		return place{}, nil, err
	}
	stop := func() { _ = stdin.Close(); _ = cmd.Wait() }
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		stop()
		return place{}, nil, fmt.Errorf("%v did not start: %w", args, err)
	}
	var p place
	if err := json.Unmarshal(line, &p); err != nil {
		stop()
		return place{}, nil, err
	}
	return p, stop, nil
}

// untilOrphaned ends the context when standard input closes.
func untilOrphaned(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel() }()
	return ctx
}

func announce(p place) { _ = json.NewEncoder(os.Stdout).Encode(p) }

// openApp assembles the whole program on a listener of its own.
func openApp(ctx context.Context, dir string) (*app.App, net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	cfg, err := config.Parse([]string{
		"APP_ENV=test", "APP_URL=http://" + listener.Addr().String(), "ADDR=127.0.0.1:0", "LOG_LEVEL=error",
		"DATABASE_URL=sqlite:" + filepath.Join(dir, "tollgate.db"), "STRIPE_API_BASE=http://127.0.0.1:0",
	})
	if err != nil {
		return nil, nil, err
	}
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := app.Open(ctx, cfg, quiet)
	return a, listener, err
}

// profile writes a CPU profile of a server into the folder that BENCH_PROFILE names, if it names one.
func profile(server string) (stop func()) {
	dir := os.Getenv("BENCH_PROFILE")
	if dir == "" {
		return func() {}
	}
	file, err := os.Create(filepath.Join(dir, server+".prof"))
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: no profile:", err)
		return func() {}
	}
	return func() { pprof.StopCPUProfile(); _ = file.Close() }
}

// serveApp is the program as it is.
func serveApp(ctx context.Context, dir string) error {
	ctx = untilOrphaned(ctx)
	defer profile("app")()
	a, listener, err := openApp(ctx, dir)
	if err != nil {
		return err
	}
	err = a.Serve(ctx, listener, func() {
		announce(place{Address: listener.Addr().String(), WebhookSecret: a.Config.StripeWebhookSecrets[0]})
	})
	return errors.Join(err, a.Close())
}

// serveReceiver is the program's receipt of webhooks with its jobs at rest, so that the comparison is
// of receiving alone.
func serveReceiver(ctx context.Context, dir string) error {
	ctx = untilOrphaned(ctx)
	defer profile("receiver")()
	a, listener, err := openApp(ctx, dir)
	if err != nil {
		return err
	}
	err = serveRoutes(ctx, listener, a.Config.StripeWebhookSecrets[0], func(e *echo.Echo) {
		e.POST("/webhooks/stripe", func(c echo.Context) error {
			body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, 1<<20))
			if err != nil {
				return err
			}
			err = a.Billing.Receive(c.Request().Context(), body, c.Request().Header.Get("Stripe-Signature"))
			if err != nil {
				return err
			}
			return c.JSON(http.StatusOK, map[string]bool{"received": true})
		})
	})
	return errors.Join(err, a.Close())
}

// serveRoutes serves a bare Echo until the context ends.
func serveRoutes(ctx context.Context, listener net.Listener, secret string, mount func(*echo.Echo)) error {
	e := echo.New()
	mount(e)
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	go func() { <-ctx.Done(); _ = server.Close() }()
	announce(place{Address: listener.Addr().String(), WebhookSecret: secret})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveReference is what the program is compared with: an Echo server that writes bytes it holds,
// renders a page from values it holds, and stores each webhook in a transaction of its own.
func serveReference(ctx context.Context, dir, pagePath string) error {
	ctx = untilOrphaned(ctx)
	held, err := os.ReadFile(pagePath)
	if err != nil {
		return err
	}
	db, err := models.Open(ctx, "sqlite:"+filepath.Join(dir, "reference.db"), time.Now)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	verifier := gateway.New(gateway.Options{WebhookSecrets: []string{referenceSecret}})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	err = serveRoutes(ctx, listener, referenceSecret, func(e *echo.Echo) {
		e.GET("/bytes", func(c echo.Context) error { return c.HTMLBlob(http.StatusOK, held) })
		e.GET("/dashboard", func(c echo.Context) error {
			var page bytes.Buffer
			if err := views.Dashboard(dashboard()).Render(c.Request().Context(), &page); err != nil {
				return err
			}
			return c.HTMLBlob(http.StatusOK, page.Bytes())
		})
		e.POST("/webhooks/stripe", func(c echo.Context) error { return storeAlone(c, db, verifier) })
	})
	return errors.Join(err, db.Close())
}

const referenceSecret = "whsec_reference"

// storeAlone does what the program does with a webhook, one transaction per request.
func storeAlone(c echo.Context, db *models.DB, verifier *gateway.Gateway) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, 1<<20))
	if err != nil {
		return err
	}
	event, err := verifier.VerifyEvent(body, c.Request().Header.Get("Stripe-Signature"), time.Now())
	if err != nil {
		return err
	}
	row := eventRow(event, body)
	err = db.Tx(c.Request().Context(), func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "stripe_account"}, {Name: "livemode"}, {Name: "stripe_id"}},
			DoUpdates: clause.Assignments(map[string]any{"dirty_seq": gorm.Expr("customer_sync.dirty_seq + 1")}),
		}).Create(&models.CustomerSync{
			StripeAccount: "acct_reference", StripeID: event.Customer, DirtySeq: 1, NextAt: row.ReceivedAt,
		}).Error
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"received": true})
}

func eventRow(event billing.Event, body []byte) models.WebhookEvent {
	now := time.Now().UTC()
	return models.WebhookEvent{
		PublicID: models.NewPublicID("whe"), StripeAccount: "acct_reference", EventID: event.ID, Type: event.Type,
		APIVersion: event.APIVersion, ObjectID: event.ObjectID, Customer: event.Customer, Payload: body,
		OccurredAt: event.Created, ReceivedAt: now, State: models.EventPending, DirtySeq: 1, Deliveries: 1,
	}
}

// dashboard is the page of a newcomer with nothing asked of a database.
func dashboard() views.DashboardPage {
	catalog := plan.Default()
	limit, _ := catalog.LimitInfo(plan.Projects)
	return views.DashboardPage{
		Page: layout.Page{
			Title: views.DashboardTitle, AppName: "Tollgate", Path: "/app", CSRF: models.NewToken() + models.NewToken(),
			CSSPath: static.Path("app.css"), JSPath: static.Path("app.js"), HTMXPath: static.Path("htmx.js"),
			FontPath: static.Path("overpass.woff2"), IconPath: static.Path("favicon.svg"), RequestID: models.NewToken(),
			User:        &layout.User{Name: "Ada Osei", Email: "ada@example.com"},
			AccountName: "Ada Osei", PlanName: "Free", Locale: "en-US", Zone: time.UTC,
			Sandbox: &layout.Ribbon{},
		},
		Subscription: views.Subscription{Level: "none", Plan: catalog.FreePlan()},
		Usage:        []views.Usage{{Limit: limit, Max: catalog.FreePlan().Limit(plan.Projects)}},
		Steps:        views.FirstSteps(false, false, false),
	}
}
