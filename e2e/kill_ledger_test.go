package e2e

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tollgate/models"
)

// ledger reads what both sides wrote down: the program's database and the sandbox's.
type ledger struct {
	books
	stripe *sql.DB
}

func openLedger(t *testing.T, p *program, database string) ledger {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, "data", "sandbox.db"))
	if err != nil || len(found) != 1 {
		t.Fatalf("no sandbox.db: %v %v", found, err)
	}
	stripe, err := sql.Open("sqlite3", "file:"+found[0]+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stripe.Close() })
	return ledger{openBooks(t, database), stripe}
}

// texts reads a column of the sandbox's database.
func (l ledger) texts(t *testing.T, query string) []string {
	t.Helper()
	rows, err := l.stripe.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (l ledger) undelivered(t *testing.T) []string {
	t.Helper()
	return l.texts(t, `SELECT DISTINCT event FROM deliveries WHERE state IN ('pending', 'failed') AND attempt > 0`)
}

// owed says what is still to be done on either side, or nothing.
func (l ledger) owed(t *testing.T) string {
	t.Helper()
	pending := len(l.texts(t, `SELECT event FROM deliveries WHERE state = 'pending'`))
	return strings.TrimPrefix(some(int64(pending), "deliveries")+l.books.owed(t), ", ")
}

// keptEverything wants every event that Stripe believes delivered in our inbox, and dealt with.
func (l ledger) keptEverything(t *testing.T) {
	t.Helper()
	delivered := l.texts(t, `SELECT DISTINCT event FROM deliveries WHERE state = 'delivered'`)
	ours := l.column(t, `SELECT event_id FROM webhook_events WHERE state IN ('done', 'ignored')`)
	slices.Sort(ours)
	lost := 0
	for _, event := range delivered {
		if _, found := slices.BinarySearch(ours, event); !found {
			lost++
			t.Errorf("Stripe delivered %s, and we do not have it", event)
		}
	}
	again := l.count(t, `SELECT count(*) FROM webhook_events WHERE deliveries > 1`)
	t.Logf("%d events delivered, %d lost, %d came more than once", len(delivered), lost, again)
	if n := l.count(t, `SELECT count(*) FROM webhook_events WHERE state = 'dead'`); n > 0 {
		t.Errorf("%d events were given up", n)
	}
	if len(delivered) < 10*buyers {
		t.Errorf("only %d events were delivered: the storm had nothing to destroy", len(delivered))
	}
}

// hasOne wants one customer and one subscription of a buyer on both sides, the same on both, and the access
// that goes with it.
func (l ledger) hasOne(t *testing.T, b *buyer) {
	t.Helper()
	at, err := b.subscription(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	const theirs = ` WHERE account_id IN (SELECT account_id FROM memberships m JOIN users u ON u.id = m.user_id
		WHERE u.email = ?)`
	if n := l.count(t, `SELECT count(*) FROM customers`+theirs, b.email); n != 1 {
		t.Errorf("%s has %d customers", b.email, n)
	}
	var rows []models.Subscription
	err = l.ours.Where(`customer_id IN (SELECT id FROM customers`+theirs+`)`, b.email).Find(&rows).Error
	if err != nil || len(rows) != 1 {
		t.Errorf("%s has %d subscriptions: %v", b.email, len(rows), err)
		return
	}
	got := rows[0]
	if got.StripeID != at["id"] || got.Status != at["status"] || got.CancelAtPeriodEnd != at["cancel_at_period_end"] ||
		got.LookupKey != firstPrice(at) {
		t.Errorf("%s has %s %s %s (cancelled: %t); Stripe says %v %v %s (cancelled: %v)", b.email, got.StripeID,
			got.Status, got.LookupKey, got.CancelAtPeriodEnd, at["id"], at["status"], firstPrice(at),
			at["cancel_at_period_end"])
	}
	page, err := b.c.get(t.Context(), "/api/me/entitlements")
	if err != nil || page.status != http.StatusOK {
		t.Errorf("%s: entitlements: %v, status %d", b.email, err, page.status)
		return
	}
	var access entitled
	if err := json.Unmarshal([]byte(page.body), &access); err != nil {
		t.Error(err)
		return
	}
	if want, _, _ := strings.Cut(firstPrice(at), "_"); access.Plan != want || access.Level != "full" {
		t.Errorf("%s pays for %s and has %s, %s", b.email, want, access.Plan, access.Level)
	}
}

// toldOnce wants one mail for one fact, and every fact once.
func (l ledger) toldOnce(t *testing.T) {
	t.Helper()
	for _, twice := range l.column(t, `SELECT dedupe_key FROM mails GROUP BY dedupe_key HAVING count(*) > 1`) {
		t.Errorf("two mails for %s", twice)
	}
	for _, twice := range l.column(t, `SELECT fact_key FROM facts GROUP BY fact_key HAVING count(*) > 1`) {
		t.Errorf("the fact %s was recorded twice", twice)
	}
	for _, kind := range []string{"trial_started", "verify_email"} {
		for _, to := range l.column(t, `SELECT to_address FROM mails WHERE kind = ? GROUP BY to_address
			HAVING count(*) <> 1`, kind) {
			t.Errorf("%s has more than one mail of the kind %s", to, kind)
		}
		if n := l.count(t, `SELECT count(*) FROM mails WHERE kind = ?`, kind); n != buyers {
			t.Errorf("%d mails of the kind %s, for %d buyers", n, kind, buyers)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM trials`); n != buyers {
		t.Errorf("%d trials for %d buyers", n, buyers)
	}
	if late := l.count(t, `SELECT count(*) FROM mails WHERE state <> 'sent' AND created_at < ?`, time.Now().UTC()); late > 0 {
		t.Errorf("%d mails were not sent", late)
	}
}
