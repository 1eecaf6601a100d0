package cli_test

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/sandbox/sandboxtest"
	"example.com/tollgate/internal/cli"
	"example.com/tollgate/models"
)

// commands runs the command line on a database and a Stripe of its own.
func commands(t *testing.T) (run func(args ...string) (out, errs string, code int), s *sandboxtest.Sandbox, db *models.DB) {
	t.Helper()
	s = sandboxtest.New(t)
	database := "sqlite:" + filepath.Join(t.TempDir(), "tollgate.db")
	run = func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		code := cli.Main(args, []string{
			"APP_ENV=test", "DATABASE_URL=" + database, "STRIPE_API_BASE=" + s.URL(), "STRIPE_SECRET_KEY=" + s.SecretKey(),
			"STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef", "SESSION_SECRETS=0123456789abcdef0123456789abcdef", "LOG_LEVEL=error",
		}, &out, &errs)
		return out.String(), errs.String(), code
	}
	_, errs, code := run("migrate")
	require.Zero(t, code, errs)
	db, err := models.Open(t.Context(), database, time.Now)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return run, s, db
}

// TestW22_ReconcileByHand takes up at once what no webhook brought, and compares everything where it is asked to.
func TestW22_ReconcileByHand(t *testing.T) {
	t.Parallel()
	run, s, db := commands(t)
	customer, err := s.Client.Customers.New(nil)
	require.NoError(t, err)
	asked, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/customers/"+customer.ID,
		strings.NewReader("name=Ada"))
	require.NoError(t, err)
	asked.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	asked.SetBasicAuth(s.SecretKey(), "")
	answer, err := http.DefaultClient.Do(asked)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)

	said, errs, code := run("reconcile")
	require.Zero(t, code, errs)
	require.Contains(t, said, ", 1 had been missed\n")
	require.NotContains(t, said, "sweep", "nobody asked for one")
	said, errs, code = run("reconcile", "--since", "72h", "--full")
	require.Zero(t, code, errs)
	require.Contains(t, said, ", 0 had been missed\n", "an event is missed once")
	require.Contains(t, said, "0 of 0 paying customers lose access\n")
	var runs int64
	require.NoError(t, db.Read(t.Context()).Model(&models.ReconcileRun{}).Where("origin = 'command' AND state = 'done'").Count(&runs).Error)
	require.EqualValues(t, 3, runs, "each comparison is on record")
	_, _, code = run("reconcile", "everything")
	require.Equal(t, 1, code)
}

// TestP09_RestoredByHand takes a person's word for when the database was lost, if it can be true.
func TestP09_RestoredByHand(t *testing.T) {
	t.Parallel()
	run, _, db := commands(t)
	_, errs, code := run("restored")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "--lost-at")
	for _, wrong := range []string{"yesterday", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)} {
		_, errs, code = run("restored", "--lost-at", wrong)
		require.Equal(t, 1, code, wrong)
		require.Contains(t, errs, "--lost-at", wrong)
	}
	at := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	said, errs, code := run("restored", "--lost-at", at)
	require.Zero(t, code, errs)
	require.Contains(t, said, at)
	var cursor models.ReconcileCursor
	require.NoError(t, db.Read(t.Context()).Where("kind = ?", models.ReconcileMails).Take(&cursor).Error)
	require.Equal(t, at, cursor.EventAt.UTC().Format(time.RFC3339))
}
