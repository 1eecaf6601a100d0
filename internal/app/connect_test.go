package app_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// produce starts the program against a Stripe on this machine, in an environment that is production or not. The key is
// the sandbox's, which configuration would refuse there: what is under test comes after it.
func produce(t *testing.T, env, databaseURL string, s *sandboxtest.Sandbox, switchTo string) error {
	t.Helper()
	cfg, err := config.Parse([]string{
		"APP_ENV=test", "APP_URL=http://localhost:8080", "ADDR=127.0.0.1:0", "DATABASE_URL=" + databaseURL,
		"STRIPE_API_BASE=" + s.URL(), "STRIPE_SECRET_KEY=" + s.SecretKey(), "STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef",
		"SESSION_SECRETS=0123456789abcdef0123456789abcdef", "STRIPE_SWITCH_TO=" + switchTo,
	})
	require.NoError(t, err)
	cfg.Env, cfg.DataDir = env, filepath.Join(t.TempDir(), "data")
	a, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil {
		require.NoError(t, a.Close())
	}
	return err
}

// TestF10_AKeyThatLeavesEverybodyWithoutAccessDoesNotStart puts customers of one Stripe account into the database and
// starts the program in production with the key of another.
func TestF10_AKeyThatLeavesEverybodyWithoutAccessDoesNotStart(t *testing.T) {
	t.Parallel()
	const theirs = "acct_theirs"
	for name, test := range map[string]struct {
		customers []models.Connection // who have plans; an empty account is the key's own
		switchTo  string              // the mode, of the key's own account
		says      []string            // or nothing, where it starts
		env       string              // production, unless it says otherwise
	}{
		"an empty database":    {},
		"customers of its own": {customers: []models.Connection{{}}},
		"a test key over live customers": {
			customers: []models.Connection{{StripeAccount: theirs, Livemode: true}},
			says:      []string{theirs + "/live", "STRIPE_SWITCH_TO=acct_", "/test", "STRIPE_SECRET_KEY"},
		},
		"customers of test mode lose nothing": {customers: []models.Connection{{StripeAccount: theirs}}},
		"customers here too":                  {customers: []models.Connection{{}, {StripeAccount: theirs, Livemode: true}}},
		"on purpose": {
			customers: []models.Connection{{StripeAccount: theirs, Livemode: true}},
			switchTo:  "/test",
		},
		"on purpose to another one": {
			customers: []models.Connection{{StripeAccount: theirs, Livemode: true}},
			switchTo:  "/live", says: []string{theirs + "/live"},
		},
		"on a developer's machine": {
			customers: []models.Connection{{StripeAccount: theirs, Livemode: true}},
			env:       config.Test,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, databaseURL string) {
				s := sandboxtest.New(t)
				db := modelstest.Open(t, databaseURL)
				require.NoError(t, app.Migrate(t.Context(), db))
				own, err := s.Client.Accounts.Get()
				require.NoError(t, err)
				for i, c := range test.customers {
					if c.StripeAccount == "" {
						c.StripeAccount = own.ID
					}
					_, err := seed.Run(t.Context(), seed.Options{
						DB: db, Catalog: plan.Default(), Connection: c, Accounts: 40, Seed: uint64(i + 1), Now: s.Now(),
					})
					require.NoError(t, err)
				}
				env, switchTo := config.Production, ""
				if test.env != "" {
					env = test.env
				}
				if test.switchTo != "" {
					switchTo = own.ID + test.switchTo
				}
				err = produce(t, env, databaseURL, s, switchTo)
				if len(test.says) == 0 {
					require.NoError(t, err)
					return
				}
				for _, words := range test.says {
					require.ErrorContains(t, err, words)
				}
				var known int64
				require.NoError(t, db.Read(t.Context()).Table("connections").Count(&known).Error)
				require.Zero(t, known, "nothing was begun with it")
			})
		})
	}
}

// TestP09_ItLooksBackBeforeItServes has somebody at our address take an event that this database never saw.
func TestP09_ItLooksBackBeforeItServes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, databaseURL string) {
		lost := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(lost.Close)
		s := sandboxtest.New(t, func(o *sandbox.Options) {
			o.WebhookURL, o.RelaxedDelivery = lost.URL+"/webhooks/stripe", true
			o.Now = func() time.Time { return time.Now().Add(-time.Hour) }
		})
		s.MustAdvance(time.Minute)
		customer, err := s.Client.Customers.New(nil)
		require.NoError(t, err)
		_, err = s.Client.Customers.Update(customer.ID, &stripe.CustomerParams{Name: stripe.String("Ada")})
		require.NoError(t, err)
		s.MustIdle()

		cfg, err := config.Parse([]string{
			"APP_ENV=test", "APP_URL=" + lost.URL, "ADDR=127.0.0.1:0", "DATABASE_URL=" + databaseURL,
			"STRIPE_API_BASE=" + s.URL(), "STRIPE_SECRET_KEY=" + s.SecretKey(), "STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef",
			"SESSION_SECRETS=0123456789abcdef0123456789abcdef",
		})
		require.NoError(t, err)
		cfg.DataDir = filepath.Join(t.TempDir(), "data")
		a, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, a.Close()) })
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var noticed int64
		require.NoError(t, a.Serve(ctx, listener, func() {
			defer stop()
			err = a.DB.Read(t.Context()).Table("alerts").Where("kind = ?", billing.AlertRestored).Count(&noticed).Error
		}))
		require.NoError(t, err)
		require.EqualValues(t, 1, noticed)
	})
}
