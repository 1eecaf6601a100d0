package seed_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

var now = time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC)

func options(db *models.DB, accounts int) seed.Options {
	return seed.Options{
		DB: db, Catalog: plan.Default(), Connection: models.Connection{StripeAccount: "acct_1"},
		Accounts: accounts, Seed: 1, Now: now, PasswordHash: "unusable",
	}
}

func count(t *testing.T, db *models.DB, model any, where ...any) int64 {
	t.Helper()
	var n int64
	query := db.Read(t.Context()).Model(model)
	if len(where) > 0 {
		query = query.Where(where[0], where[1:]...)
	}
	require.NoError(t, query.Count(&n).Error)
	return n
}

func TestAPopulationIsWrittenOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		result, err := seed.Run(t.Context(), options(db, 700))
		require.NoError(t, err)
		require.Equal(t, seed.Result{Added: 700}, result)
		facts := count(t, db, &models.Fact{})

		result, err = seed.Run(t.Context(), options(db, 700))
		require.NoError(t, err)
		require.Equal(t, seed.Result{Existing: 700}, result)
		require.Equal(t, facts, count(t, db, &models.Fact{}))

		var progress bytes.Buffer
		more := options(db, 1500)
		more.Progress = &progress
		result, err = seed.Run(t.Context(), more)
		require.NoError(t, err)
		require.Equal(t, seed.Result{Added: 800, Existing: 700}, result)
		require.EqualValues(t, 1500, count(t, db, &models.Subscriber{}))
		require.Contains(t, progress.String(), "1500 of 1500")

		user := models.User{PublicID: "usr_next", Email: "next@example.com"}
		require.NoError(t, db.Write(t.Context()).Create(&user).Error, "the next sign-up finds a free id")
	})
}

func TestThePopulationIsConsistent(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		_, err := seed.Run(t.Context(), options(db, 3000))
		require.NoError(t, err)
		for _, status := range []string{
			"trialing", "active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired", "paused",
		} {
			require.NotZero(t, count(t, db, &models.Subscriber{}, "status = ?", status), status)
		}
		require.NotZero(t, count(t, db, &models.Subscriber{}, "status = 'none' AND plan = 'free'"))

		never := map[string]any{
			"a period that is over, on a subscription that runs": count(t, db, &models.Subscription{},
				"status IN ('active', 'trialing') AND current_period_end <= ?", now),
			"something that has yet to happen": count(t, db, &models.Fact{}, "occurred_at > ?", now),
			"an invoice of the future":         count(t, db, &models.Invoice{}, "issued_at > ?", now),
			"an account of the future":         count(t, db, &models.Account{}, "created_at > ?", now),
			"MRR without a paid subscription":  count(t, db, &models.Subscription{}, "mrr > 0 AND status NOT IN ('active', 'past_due')"),
			"a paid subscription without MRR":  count(t, db, &models.Subscription{}, "mrr = 0 AND status IN ('active', 'past_due')"),
			"an overdue one without a since":   count(t, db, &models.Subscription{}, "(status = 'past_due') AND past_due_since IS NULL"),
			"a sync that is due":               count(t, db, &models.CustomerSync{}, "dirty_seq > synced_seq"),
			"a mail that is due":               count(t, db, &models.Mail{}, "state = 'pending'"),
		}
		for what, n := range never {
			require.Zero(t, n, what)
		}
		require.NotZero(t, count(t, db, &models.Subscription{}, "status = 'past_due' AND past_due_since < ?", now.Add(-168*time.Hour)),
			"some are overdue beyond the grace")
	})
}

func TestABadRequestIsRefused(t *testing.T) {
	t.Parallel()
	_, err := seed.Run(t.Context(), seed.Options{Accounts: seed.MaxAccounts + 1, Catalog: plan.Default()})
	require.Error(t, err)
	_, err = seed.Run(t.Context(), seed.Options{Accounts: 1, Catalog: &plan.Catalog{}})
	require.Error(t, err)
}

// SEED_ACCOUNTS=100000 go test -run Large -v ./internal/seed tells how long a large one takes.
func TestALargePopulationIsQuick(t *testing.T) {
	t.Parallel()
	accounts, err := strconv.Atoi(os.Getenv("SEED_ACCOUNTS"))
	if err != nil {
		accounts = 2000
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		began := time.Now()
		_, err := seed.Run(t.Context(), options(db, accounts))
		require.NoError(t, err)
		t.Logf("%d accounts in %s", accounts, time.Since(began).Round(time.Millisecond))
		require.Less(t, time.Since(began), max(time.Minute, time.Duration(accounts)*2*time.Millisecond))
	})
}
