package app_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models/modelstest"
)

// each runs a test on both databases.
func each(t *testing.T, body func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		body(t, modelstest.SQLiteURL(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		body(t, modelstest.PostgresURL(t))
	})
}

// open starts the program against a Stripe that is not its own.
func open(t *testing.T, databaseURL string, s *sandboxtest.Sandbox, key string) (*app.App, error) {
	t.Helper()
	cfg, err := config.Parse([]string{
		"APP_ENV=test", "APP_URL=http://localhost:8080", "ADDR=127.0.0.1:0", "DATABASE_URL=" + databaseURL,
		"STRIPE_API_BASE=" + s.URL(), "STRIPE_SECRET_KEY=" + key, "STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef0123456789abcdef",
		"SESSION_SECRETS=0123456789abcdef0123456789abcdef",
	})
	require.NoError(t, err)
	cfg.DataDir = filepath.Join(t.TempDir(), "data")
	return app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// TestItStartsWhileStripeIsDown with a key that it has known, and with no other.
func TestItStartsWhileStripeIsDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, databaseURL string) {
		s := sandboxtest.New(t)
		s.AddFault(sandbox.Fault{Match: "GET /v1/account", Status: http.StatusUnauthorized, Times: -1})
		_, err := open(t, databaseURL, s, s.SecretKey())
		require.ErrorContains(t, err, "whose key this is", "whose rows would it read?")
		s.ClearFaults()
		first, err := open(t, databaseURL, s, s.SecretKey())
		require.NoError(t, err)
		want := first.Billing.Connection
		require.NotEmpty(t, want.StripeAccount)
		require.NoError(t, first.Close())

		s.AddFault(sandbox.Fault{Match: "GET /v1/account", Status: http.StatusUnauthorized, Times: -1})
		again, err := open(t, databaseURL, s, s.SecretKey())
		require.NoError(t, err)
		require.Equal(t, want, again.Billing.Connection)
		require.NoError(t, again.Close())
		_, err = open(t, databaseURL, s, s.SecretKey()+"x")
		require.ErrorContains(t, err, "whose key this is", "another key may be another account's")
	})
}

// TestTheListFollowsTheStripeInUse opens one database with two Stripes, by turns.
func TestTheListFollowsTheStripeInUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, databaseURL string) {
		one, two := sandboxtest.New(t), sandboxtest.New(t)
		mrr := func(s *sandboxtest.Sandbox, populate bool) (sum int64) {
			a, err := open(t, databaseURL, s, s.SecretKey())
			require.NoError(t, err)
			if populate {
				_, err := seed.Run(t.Context(), seed.Options{
					DB: a.DB, Catalog: a.Catalog, Connection: a.Billing.Connection, Accounts: 200, Seed: 1, Now: one.Now(),
				})
				require.NoError(t, err)
			}
			require.NoError(t, a.DB.Read(t.Context()).Raw("SELECT COALESCE(SUM(mrr), 0) FROM subscribers").Scan(&sum).Error)
			require.NoError(t, a.Close())
			return sum
		}
		there := mrr(one, true)
		require.NotZero(t, there)
		require.Zero(t, mrr(two, false), "nobody has paid here")
		require.Equal(t, there, mrr(one, false))
	})
}

// TestAResetLeavesThePrices: the sandbox forgets the plans with everything else, and is told them again.
func TestAResetLeavesThePrices(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := config.Parse([]string{
		"APP_ENV=test", "APP_URL=http://localhost:8080", "ADDR=127.0.0.1:0", "STRIPE_API_BASE=http://127.0.0.1:0",
		"DATABASE_URL=sqlite:" + filepath.Join(dir, "tollgate.db"),
	})
	require.NoError(t, err)
	a, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	ctx, stop := context.WithCancel(t.Context())
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended, listening := make(chan error, 1), make(chan struct{})
	go func() { ended <- a.Serve(ctx, listener, func() { close(listening) }) }()
	<-listening

	s := a.EmbeddedStripe().(*sandbox.Sandbox)
	prices := func() (n int) {
		list := sandboxtest.Client(s).Prices.List(&stripe.PriceListParams{
			ListParams: stripe.ListParams{Limit: stripe.Int64(100)}, Active: stripe.Bool(true),
		})
		for list.Next() {
			n++
		}
		require.NoError(t, list.Err())
		return n
	}
	before := prices()
	require.Positive(t, before)
	require.NoError(t, s.Reset(ctx))
	require.Equal(t, before, prices())
	stop()
	require.NoError(t, <-ended)
}
