package models_test

import (
	"database/sql"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// firstRelease writes a row into every table in the words of the first schema: what an installation that has been
// running for long holds, and what a program of the first release writes.
var firstRelease = []string{
	`INSERT INTO users (id, public_id, email, name, password_hash, created_at, updated_at) VALUES (1, 'u1', 'ada@example.com', 'Ada', '-', $T, $T)`,
	`INSERT INTO accounts (id, public_id, name, billing_email, created_by, created_at, updated_at) VALUES (1, 'a1', 'Ada', 'ada@example.com', 1, $T, $T)`,
	`INSERT INTO memberships (id, account_id, user_id, role, created_at) VALUES (1, 1, 1, 'owner', $T)`,
	`INSERT INTO sessions (id_hash, public_id, user_id, account_id, created_at, last_seen_at, expires_at) VALUES ('h', 's1', 1, 1, $T, $T, $T)`,
	`INSERT INTO tokens (id_hash, kind, user_id, email, created_at, expires_at) VALUES ('h', 'verify', 1, 'ada@example.com', $T, $T)`,
	`INSERT INTO api_keys (id, public_id, account_id, user_id, name, prefix, key_hash, created_at) VALUES (1, 'k1', 1, 1, 'k', 'p', 'h', $T)`,
	`INSERT INTO projects (id, public_id, account_id, name, created_at, updated_at) VALUES (1, 'p1', 1, 'Apollo', $T, $T)`,
	`INSERT INTO connections (key_hash, stripe_account, livemode, seen_at) VALUES ('h', 'acct', false, $T)`,
	`INSERT INTO customers (id, account_id, stripe_account, livemode, stripe_id, created_at, updated_at) VALUES (1, 1, 'acct', false, 'cus', $T, $T)`,
	`INSERT INTO subscriptions (id, customer_id, stripe_account, livemode, stripe_id, kind, status, lookup_key, plan, currency, amount, quantity,
	 billing_interval, mrr, started_at, current_period_start, current_period_end, cancel_at_period_end, cancel_reason, pause_behavior,
	 latest_invoice_id, first_invoice_status, known_status, known_plan, synced_at, created_at, updated_at)
	 VALUES (1, 1, 'acct', false, 'sub', 'plan', 'active', 'pro_v1_month', 'pro', 'usd', 7900, 1, 'month', 7900, $T, $T, $T, false, '', '', 'in', 'paid',
	 'active', 'pro', $T, $T, $T)`,
	`INSERT INTO subscription_items (id, subscription_id, stripe_id, price_id, product_id, lookup_key, unit_amount, currency, quantity, billing_interval,
	 usage_type) VALUES (1, 1, 'si', 'price', 'prod', 'pro_v1_month', 7900, 'usd', 1, 'month', 'licensed')`,
	`INSERT INTO invoices (id, customer_id, stripe_account, livemode, stripe_id, subscription_id, number, status, billing_reason, currency, total,
	 amount_due, amount_paid, amount_remaining, attempt_count, hosted_url, pdf_url, issued_at, created_at, updated_at)
	 VALUES (1, 1, 'acct', false, 'in', 'sub', 'N-1', 'paid', 'subscription_cycle', 'usd', 7900, 7900, 7900, 0, 1, '', '', $T, $T, $T)`,
	`INSERT INTO customer_sync (stripe_account, livemode, stripe_id, dirty_seq, next_at) VALUES ('acct', false, 'cus', 1, $T)`,
	`INSERT INTO webhook_events (id, public_id, stripe_account, livemode, event_id, type, api_version, object_id, customer, payload, occurred_at,
	 received_at, state, dirty_seq) VALUES (1, 'w1', 'acct', false, 'evt', 'invoice.paid', '', 'in', 'cus', '{}', $T, $T, 'pending', 1)`,
	`INSERT INTO facts (id, fact_key, stripe_account, livemode, account_id, customer_id, type, object_id, amount, currency, mrr_before, mrr_after, plan,
	 occurred_at, recorded_at) VALUES (1, 'f', 'acct', false, 1, 1, 'invoice_paid', 'in', 7900, 'usd', 7900, 7900, 'pro', $T, $T)`,
	`INSERT INTO mails (id, public_id, dedupe_key, kind, to_address, subject, html, text, secret, state, next_at, created_at)
	 VALUES (1, 'm1', 'fact:f', 'receipt', 'ada@example.com', '', '', '', false, 'pending', $T, $T)`,
	`INSERT INTO stripe_ops (id, account_id, stripe_account, livemode, kind, idem_key, params, state, next_at, created_at)
	 VALUES (1, 1, 'acct', false, 'customer', 'key', '{}', 'pending', $T, $T)`,
	`INSERT INTO checkouts (id, public_id, account_id, user_id, stripe_account, livemode, stripe_id, lookup_key, quantity, trial_days, url, state,
	 expires_at, created_at, updated_at) VALUES (1, 'c1', 1, 1, 'acct', false, 'cs', 'pro_v1_month', 1, 0, '', 'open', $T, $T, $T)`,
	`INSERT INTO trials (account_id, stripe_account, livemode, user_id, subscription_id, started_at) VALUES (1, 'acct', false, 1, 'sub', $T)`,
	`INSERT INTO grants (id, account_id, plan, source, reason, granted_by, starts_at, created_at) VALUES (1, 1, 'pro', 'comp', '', '', $T, $T)`,
	`INSERT INTO usage_events (id, account_id, meter, usage_key, quantity, occurred_at, recorded_at) VALUES (1, 1, 'calls', 'k', 1, $T, $T)`,
	`INSERT INTO subscribers (account_id, public_id, name, email, customer, plan, status, mrr, search, created_at)
	 VALUES (1, 'a1', 'Ada', 'ada@example.com', 'cus', 'pro', 'active', 7900, 'ada', $T)`,
}

func populate(t *testing.T, db *models.DB) {
	t.Helper()
	for _, statement := range firstRelease {
		statement = strings.ReplaceAll(statement, "$T", "'2026-01-02 03:04:05+00:00'")
		require.NoError(t, db.Write(t.Context()).Exec(statement).Error, statement)
	}
}

// rows counts what every table of the first release holds.
func rows(t *testing.T, db *models.DB) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, statement := range firstRelease {
		table := strings.Fields(statement)[2]
		var n int64
		require.NoError(t, db.Read(t.Context()).Table(table).Count(&n).Error)
		counts[table] = n
	}
	return counts
}

func versions(t *testing.T, dialect models.Dialect) []string {
	t.Helper()
	files, err := fs.Glob(models.Migrations, "migrations/"+string(dialect)+"/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	slices.Sort(files)
	return files
}

// TestP08_EveryOlderSchemaIsUpgradedWithItsRows stops at each version, lives there, and goes on to the newest.
func TestP08_EveryOlderSchemaIsUpgradedWithItsRows(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for version := range versions(t, db.Dialect) {
			require.NoError(t, models.Rollback(db, t.Context()))
			require.NoError(t, models.MigrateTo(db, t.Context(), int64(version+1)))
			populate(t, db)
			before := rows(t, db)
			require.NoError(t, db.Migrate(t.Context()), "from version %d", version+1)
			require.Equal(t, before, rows(t, db), "from version %d", version+1)
			if db.Dialect == models.SQLite {
				var broken []map[string]any
				require.NoError(t, db.Read(t.Context()).Raw("PRAGMA foreign_key_check").Scan(&broken).Error)
				require.Empty(t, broken)
			}
		}
	})
}

// TestP17_AProgramOfTheFirstReleaseRunsOnTheNewestSchema writes what it wrote, so that one release can be taken back
// without touching the tables.
func TestP17_AProgramOfTheFirstReleaseRunsOnTheNewestSchema(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		populate(t, db)
		for table, n := range rows(t, db) {
			require.EqualValues(t, 1, n, table)
		}
	})
}

// additions is what a migration may do without a word: the release before it does not notice. A table or column is
// taken away by a later release than the one that stops using it, under a line that begins with -- contract:.
var additions = regexp.MustCompile(`(?is)^(CREATE (TABLE|(UNIQUE )?INDEX|EXTENSION)|INSERT INTO|UPDATE|` +
	`ALTER TABLE \w+ ADD COLUMN \w+ \w+( NOT NULL DEFAULT \S+| DEFAULT \S+)?$)`)

// block is a statement with semicolons in it, and trigger names the table of one.
var (
	block   = regexp.MustCompile(`(?s)-- \+goose StatementBegin(.*?)-- \+goose StatementEnd`)
	trigger = regexp.MustCompile(`(?i)CREATE TRIGGER \w+ BEFORE [A-Z ]+ ON (\w+)`)
)

// refused gives the statements of a migration that the release before it would notice. A trigger is none on a table that
// the same migration makes, and neither is a function.
func refused(up string) (statements []string) {
	for _, made := range trigger.FindAllStringSubmatch(up, -1) {
		if !strings.Contains(up, "CREATE TABLE "+made[1]+" ") {
			statements = append(statements, made[0])
		}
	}
	for _, inner := range block.FindAllStringSubmatch(up, -1) {
		if sql := strings.TrimSpace(inner[1]); !strings.HasPrefix(sql, "CREATE TRIGGER") && !strings.HasPrefix(sql, "CREATE FUNCTION") {
			statements = append(statements, sql)
		}
	}
	rest := comment.ReplaceAllString(block.ReplaceAllString(up, ""), "")
	for _, statement := range strings.Split(rest, ";") {
		sql := strings.Join(strings.Fields(statement), " ")
		if sql != "" && !strings.HasPrefix(sql, "CREATE TRIGGER") && !additions.MatchString(sql) {
			statements = append(statements, sql)
		}
	}
	return statements
}

var comment = regexp.MustCompile(`--[^\n]*`)

func TestP17_MigrationsOnlyAdd(t *testing.T) {
	t.Parallel()
	for _, dialect := range []models.Dialect{models.SQLite, models.Postgres} {
		for _, file := range versions(t, dialect)[1:] { // before the first there was nothing
			text, err := fs.ReadFile(models.Migrations, file)
			require.NoError(t, err)
			up, _, found := strings.Cut(string(text), "-- +goose Down")
			require.True(t, found, "%s has no way back", file)
			if strings.Contains(up, "-- contract:") {
				continue
			}
			for _, sql := range refused(up) {
				t.Errorf("%s: %.100s takes something from the release before: say why under -- contract:", file, sql)
			}
		}
	}
}

// TestP14P16_EveryConnectionIsSafe asks all connections of both pools at once, because a setting made on one of them
// is not made on the next.
func TestP14P16_EveryConnectionIsSafe(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	write, err := db.SQL()
	require.NoError(t, err)
	read, err := db.Read(t.Context()).DB()
	require.NoError(t, err)
	require.Equal(t, 1, write.Stats().MaxOpenConnections, "one writer, so that none meets a locked database")
	for _, pool := range []*sql.DB{write, read} {
		for range pool.Stats().MaxOpenConnections {
			conn, err := pool.Conn(t.Context()) // kept until all are open
			require.NoError(t, err)
			defer func() { require.NoError(t, conn.Close()) }()
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
			} {
				var got string
				require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
				require.Equal(t, want, got, pragma)
			}
		}
	}
}

// TestP14_PostgresWaitsForItsDisk before it says that something is kept.
func TestP14_PostgresWaitsForItsDisk(t *testing.T) {
	t.Parallel()
	db := modelstest.Postgres(t)
	var source string
	require.NoError(t, db.Read(t.Context()).
		Raw("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'").Scan(&source).Error)
	require.Equal(t, "configuration file", source, "the server's own setting holds: we never relax it")
	for setting, want := range map[string]string{"lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s", "TimeZone": "UTC"} {
		var got string
		require.NoError(t, db.Read(t.Context()).Raw("SHOW "+setting).Scan(&got).Error)
		require.Equal(t, want, got, setting)
	}
}
