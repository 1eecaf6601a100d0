package e2e

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// books is what the program wrote down.
type books struct {
	ours *gorm.DB // for reading
	db   *models.DB
}

func openBooks(t *testing.T, database string) books {
	t.Helper()
	db := modelstest.Open(t, database)
	return books{db.Read(t.Context()), db}
}

// minutePasses lets the leases of the dead run out, as if the machine had come back a few minutes later. The
// next process would otherwise wait for them, and the storm for it.
func (b books) minutePasses(t *testing.T) {
	t.Helper()
	if err := b.expireLeases(t); err != nil {
		t.Fatal(err)
	}
}

func (b books) expireLeases(t *testing.T) error {
	past := time.Now().UTC().Add(-time.Minute)
	for _, table := range []string{"stripe_ops", "customer_sync", "mails", "reconcile_cursors"} {
		err := b.db.Write(t.Context()).Exec("UPDATE "+table+" SET lease_until = ? WHERE lease_until > ?", past, past).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// column reads a column of the program's database.
func (b books) column(t *testing.T, query string, args ...any) []string {
	t.Helper()
	var out []string
	if err := b.ours.Raw(query, args...).Scan(&out).Error; err != nil {
		t.Fatal(err)
	}
	return out
}

func (b books) count(t *testing.T, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := b.ours.Raw(query, args...).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// owed says what is still to be done, each after a comma, or nothing.
func (b books) owed(t *testing.T) string {
	t.Helper()
	var owed string
	for _, due := range []struct{ name, query string }{
		{"events", `SELECT count(*) FROM webhook_events WHERE state = 'pending'`},
		{"customers", `SELECT count(*) FROM customer_sync WHERE synced_seq < dirty_seq`},
		{"calls", `SELECT count(*) FROM stripe_ops WHERE state = 'pending'`},
		{"mails", `SELECT count(*) FROM mails WHERE state = 'pending'`},
	} {
		owed += some(b.count(t, due.query), due.name)
	}
	return owed
}

// some is nothing for nothing.
func some(n int64, name string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d %s", n, name)
}

// wholeAtEveryMoment looks for halves: an event without the sync that it calls for, a fact without its mail, a sync
// that is done and whose events are not.
func (b books) wholeAtEveryMoment(t *testing.T) {
	t.Helper()
	for _, half := range []struct{ what, query string }{
		{"events that no sync will reach", `SELECT count(*) FROM webhook_events e WHERE state = 'pending' AND NOT EXISTS
			(SELECT 1 FROM customer_sync c WHERE c.stripe_id = e.customer AND c.synced_seq < e.dirty_seq AND e.dirty_seq <= c.dirty_seq)`},
		{"payments that owe no receipt", `SELECT count(*) FROM facts f WHERE type = 'invoice_paid' AND amount > 0 AND NOT EXISTS
			(SELECT 1 FROM mails m WHERE m.dedupe_key = 'fact:' || f.fact_key)`},
		{"paid invoices without their fact", `SELECT count(*) FROM invoices i WHERE status = 'paid' AND NOT EXISTS
			(SELECT 1 FROM facts f WHERE f.object_id = i.stripe_id AND f.type = 'invoice_paid')`},
		{"mails sent and not sent", `SELECT count(*) FROM mails WHERE (state = 'sent') <> (sent_at IS NOT NULL)`},
	} {
		if n := b.count(t, half.query); n > 0 {
			t.Errorf("%d %s", n, half.what)
		}
	}
}

// balance compares what was acknowledged and sold with what the books say, and returns how many events were
// acknowledged.
func (b books) balance(t *testing.T, what string, shop *shop) int {
	t.Helper()
	b.wholeAtEveryMoment(t)
	post := shop.station.post
	acknowledged := post.acknowledged()
	processed, lost := b.processed(t, acknowledged)
	doubled := b.doubled(t, shop.sold)
	t.Logf("%s, acknowledged %d, processed %d, lost %d, doubled %d (%d payments; answers by status %v)",
		what, len(acknowledged), processed, lost, doubled, len(shop.sold), post.answered())
	if lost > 0 || doubled > 0 || processed != len(acknowledged) {
		t.Errorf("lost %d, doubled %d, processed %d of %d", lost, doubled, processed, len(acknowledged))
	}
	return len(acknowledged)
}

// processed counts the acknowledged events that came to an end, and those that are not here at all.
func (b books) processed(t *testing.T, acknowledged map[string]int) (processed, lost int) {
	t.Helper()
	states := map[string]string{}
	var rows []models.WebhookEvent
	if err := b.ours.Select("event_id", "state").Find(&rows).Error; err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		states[row.EventID] = row.State
	}
	for event := range acknowledged {
		switch states[event] {
		case "done", "ignored":
			processed++
		case "":
			lost++
			t.Errorf("%s was acknowledged, and we do not have it", event)
		default:
			t.Errorf("%s is %s", event, states[event])
		}
	}
	return processed, lost
}

// doubled counts what was recorded or told more often than it happened, and complains of what was not at all.
func (b books) doubled(t *testing.T, sold map[string]int) (doubled int) {
	t.Helper()
	for invoice, amount := range sold {
		facts := b.count(t, `SELECT count(*) FROM facts WHERE object_id = ? AND type = 'invoice_paid' AND amount = ?`, invoice, amount)
		mails := b.count(t, `SELECT count(*) FROM mails WHERE kind = 'receipt' AND dedupe_key LIKE ? AND state = 'sent'`,
			"fact:"+invoice+":%")
		if facts < 1 || mails < 1 {
			t.Errorf("%s over %d has %d facts and %d receipts", invoice, amount, facts, mails)
		}
		doubled += int(max(facts, 1) - 1 + max(mails, 1) - 1)
	}
	receipts := b.count(t, `SELECT count(*) FROM mails WHERE kind = 'receipt'`)
	doubled += max(0, int(receipts)-len(sold))
	if sum, want := b.count(t, `SELECT sum(amount) FROM facts WHERE type = 'invoice_paid'`), total(sold); sum != want {
		t.Errorf("the ledger adds up to %d; Stripe was paid %d", sum, want)
	}
	return doubled
}

func total(sold map[string]int) (sum int64) {
	for _, amount := range sold {
		sum += int64(amount)
	}
	return sum
}
