package billing_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// backedUp copies the database of a URL into another one, as an operator would, and gives the URL of the copy.
func backedUp(t *testing.T, databaseURL string, dialect models.Dialect) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "backup.db")
	if dialect == models.SQLite {
		require.NoError(t, models.Backup(t.Context(), databaseURL, copied))
		require.ErrorIs(t, models.Backup(t.Context(), databaseURL, copied), os.ErrExist)
		return "sqlite:" + copied
	}
	require.ErrorIs(t, models.Backup(t.Context(), databaseURL, copied), models.ErrBackupElsewhere)
	restored := modelstest.PostgresURL(t)
	tool := func(name string, args ...string) {
		path, err := exec.LookPath(name)
		if err != nil {
			found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
			require.NotEmpty(t, found, "%s belongs to PostgreSQL", name)
			path = found[len(found)-1]
		}
		out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
	}
	tool("pg_dump", "--format=custom", "--file="+copied, "--dbname="+databaseURL)
	tool("pg_restore", "--clean", "--if-exists", "--no-owner", "--dbname="+restored, copied)
	return restored
}

// pour lets events about a customer come in until it is stopped.
func (w *world) pour(customer string) (stop func()) {
	first, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			default:
			}
			if err := w.hear(fmt.Sprint("evt_pour", n), "customer.subscription.updated", customer, nil); err != nil {
				w.t.Error(err)
			}
			if n == 0 {
				close(first)
			}
		}
	}()
	<-first
	return func() {
		close(end)
		<-ended
	}
}

// restoredFrom is the same program on another database. Stripe's webhooks do not find it.
func (w *world) restoredFrom(databaseURL string) *world {
	w.t.Helper()
	db := modelstest.Open(w.t, databaseURL)
	require.NoError(w.t, db.Migrate(w.ctx()))
	options := w.Options
	options.AppURL = w.url
	options.DB, options.Outbox = db, mail.New(mail.Options{DB: db, Sender: mail.Mailbox{}, Now: time.Now})
	w.deaf.Store(true)
	return &world{Service: billing.New(options), t: w.t, db: db, stripe: w.stripe, gateway: w.gateway}
}

// TestP09_ARestoredBackupHealsItselfAndRepeatsNoMail backs up while events pour in, lives on for a month and a half,
// and goes back to the copy. Everything that Stripe knows is learned again; of what was told long ago nothing is told.
func TestP09_ARestoredBackupHealsItselfAndRepeatsNoMail(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			w := newWorld(t, modelstest.Open(t, databaseURL))
			// Each has a card of their own: one card has one trial.
			stays, leaves, joins := w.account("ada"), w.account("grace"), w.account("joan")
			w.buy(stays, "pro_v1_month", "pm_card_visa")
			w.buy(leaves, "pro_v1_month", "pm_card_mastercard")
			w.settle()
			leaving := w.customerOf(leaves)
			require.NoError(t, w.Outbox.Drain(w.ctx()))

			stop := w.pour(leaving)
			copied := backedUp(t, databaseURL, w.db.Dialect)
			stop()

			w.buy(joins, "pro_v1_year", "pm_card_amex")
			w.settle()
			_, err := w.stripe.Client.Subscriptions.Cancel(w.subscription(leaves).StripeID, nil)
			require.NoError(t, err)
			for range 9 {
				w.stripe.MustAdvance(5 * day)
				w.settle()
			}
			_, err = w.stripe.Client.Subscriptions.Update(w.subscription(stays).StripeID,
				&stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})
			require.NoError(t, err)
			w.settle()

			r := w.restoredFrom(copied)
			mails := r.count("mails", "true")
			require.NotEqual(t, billing.ReasonCanceled, r.access(leaves).Reason, "yesterday's truth")
			r.catchUp()
			r.sweep()
			require.NoError(t, r.RunOps(r.ctx()))
			require.NoError(t, r.SyncDue(r.ctx()))
			require.Zero(t, r.count("customer_sync", "dirty_seq > synced_seq AND dead_at IS NULL"))
			for _, account := range []models.Account{stays, leaves, joins} {
				require.Equal(t, w.access(account).Reason, r.access(account).Reason, account.Name)
				require.Equal(t, w.access(account).Level, r.access(account).Level, account.Name)
				was, is := w.subscription(account), r.subscription(account)
				require.Equal(t, was.StripeID, is.StripeID)
				require.Equal(t, was.Status, is.Status)
				require.Equal(t, was.CurrentPeriodEnd, is.CurrentPeriodEnd)
			}
			require.Equal(t, w.count("facts", "type = 'invoice_paid'"), r.count("facts", "type = 'invoice_paid'"))
			require.Equal(t, mails, r.count("mails", "dedupe_key NOT LIKE 'alert:%'"), "to customers it is no news any more")
		})
	}
}
