package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/models"
)

// raisedRPS is what STRIPE_MAX_RPS is raised to where the program is to show what it can do.
const raisedRPS = 2000

// sessionSecret signs the forms of every site here.
const sessionSecret = "0123456789abcdef0123456789abcdef"

// live is the whole program as it is deployed, background work included, with the shop for its Stripe.
type live struct {
	*app.App
	log  *os.File
	stop func() error // of its serving; nil while it does not
}

// openLive assembles the program on a database. rps is its STRIPE_MAX_RPS; zero leaves the default.
func openLive(ctx context.Context, s *shop, databaseURL string, rps int) (*live, error) {
	environ := []string{
		"APP_ENV=development", "APP_URL=http://localhost:8080", "DATABASE_URL=" + databaseURL,
		"SESSION_SECRETS=" + sessionSecret, "STRIPE_SECRET_KEY=" + s.SecretKey(),
		"STRIPE_API_BASE=http://" + s.front.addr, "STRIPE_WEBHOOK_SECRETS=" + webhookSecret,
	}
	if rps > 0 {
		environ = append(environ, "STRIPE_MAX_RPS="+strconv.Itoa(rps))
	}
	cfg, err := config.Parse(environ)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	a, err := app.Open(ctx, cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &live{App: a, log: log}, nil
}

// serve begins to answer and to work in the background.
func (l *live) serve(ctx context.Context) (addr string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	served, listening := make(chan error, 1), make(chan struct{})
	go func() { served <- l.Serve(ctx, listener, func() { close(listening) }) }()
	select {
	case <-listening:
	case err := <-served:
		cancel()
		return "", err
	}
	l.stop = func() error { cancel(); return <-served }
	return listener.Addr().String(), nil
}

// rest ends the serving, if it does.
func (l *live) rest() (err error) {
	if l.stop != nil {
		err, l.stop = l.stop(), nil
	}
	return err
}

func (l *live) close() error { return errors.Join(l.rest(), l.Close(), l.log.Close()) }

// know writes down that these buyers are ours, an account for each, as signing up would have. It gives the accounts in
// the same order.
func (l *live) know(ctx context.Context, buyers []buyer) ([]int64, error) {
	ids := make([]int64, len(buyers))
	err := l.DB.Tx(ctx, func(tx *gorm.DB) (err error) {
		for n, b := range buyers {
			if ids[n], err = l.knowOne(tx, b); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

func (l *live) knowOne(tx *gorm.DB, b buyer) (int64, error) {
	now, on := time.Now().UTC(), l.Billing.Connection
	email := b.customer + "@example.com"
	user := models.User{
		PublicID: models.NewPublicID("user"), Email: email, Name: "Ada Byron", PasswordHash: "-",
		Locale: "en-US", TimeZone: "UTC", CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Create(&user).Error; err != nil {
		return 0, fmt.Errorf("write a user: %w", err)
	}
	account := models.Account{
		PublicID: models.NewPublicID("acct"), Name: "Ada Byron", BillingEmail: email, CreatedBy: user.ID,
		CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Create(&account).Error; err != nil {
		return 0, fmt.Errorf("write an account: %w", err)
	}
	err := tx.Create(&models.Customer{
		AccountID: account.ID, StripeAccount: on.StripeAccount, Livemode: on.Livemode, StripeID: b.customer, Email: email,
		CreatedAt: now, UpdatedAt: now,
	}).Error
	if err == nil && b.checkout != "" {
		err = tx.Create(&models.Checkout{
			PublicID: models.NewPublicID("co"), AccountID: account.ID, UserID: user.ID, StripeAccount: on.StripeAccount,
			Livemode: on.Livemode, StripeID: b.checkout, LookupKey: "starter_v1_month", Quantity: 1,
			State: models.CheckoutOpen, ExpiresAt: now.Add(time.Hour), CreatedAt: now, UpdatedAt: now,
		}).Error
	}
	if err != nil {
		return 0, fmt.Errorf("write a customer: %w", err)
	}
	return account.ID, nil
}

// upToDate has the program believe that it has read Stripe's list of events to its end and compared everything tonight,
// so that it has nothing to work at but what is measured.
func (l *live) upToDate(ctx context.Context, s *shop) error {
	newest, err := s.newestEvent(ctx)
	if err != nil {
		return err
	}
	now, on := time.Now().UTC(), l.Billing.Connection
	cursor := models.ReconcileCursor{
		StripeAccount: on.StripeAccount, Livemode: on.Livemode, EventID: newest, EventAt: now, NextAt: now.Add(24 * time.Hour),
	}
	for _, cursor.Kind = range []string{models.ReconcileEvents, models.ReconcileSweep} {
		if err := l.DB.Write(ctx).Create(&cursor).Error; err != nil {
			return fmt.Errorf("write a cursor: %w", err)
		}
	}
	return nil
}

// signIn makes a user who is signed in, and gives their cookie.
func (l *live) signIn(ctx context.Context) (cookie string, err error) {
	accounts, err := auth.New(auth.Options{
		DB: l.DB, Outbox: l.Outbox, Now: time.Now, AppName: l.Config.AppName, AppURL: l.Config.AppURL,
		SessionSecrets: l.Config.SessionSecrets,
	})
	if err != nil {
		return "", err
	}
	result, err := accounts.SignUp(ctx, auth.SignUpInput{
		Name: "Ada Byron", Email: models.NewToken() + "@example.com", Password: "correct horse battery", TimeZone: "Europe/Berlin",
	}, nil)
	if err != nil {
		return "", err
	}
	return begin(ctx, accounts, result.User)
}

// begin signs a user in as the form does.
func begin(ctx context.Context, accounts *auth.Service, user models.User) (cookie string, err error) {
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/login", nil)
	if err := accounts.Begin(recorder, request, user, "127.0.0.1"); err != nil {
		return "", err
	}
	for _, c := range recorder.Result().Cookies() {
		if c.MaxAge >= 0 {
			cookie = c.Name + "=" + c.Value
		}
	}
	return cookie, nil
}
