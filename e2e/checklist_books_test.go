package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// whose limits a query to the account with a billing address.
const whose = `(SELECT c.id FROM customers c JOIN accounts a ON a.id = c.account_id WHERE a.billing_email = ?)`

// sim asks something of the sandbox's control interface.
func (r *row) sim(path, body string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, r.app.stripe+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(res.Body, maxBody))
		r.t.Fatalf("%s %s: status %d: %s", path, body, res.StatusCode, said)
	}
}

// until moves the clock of both sides to a time, and a minute beyond.
func (r *row) until(at time.Time) {
	r.t.Helper()
	r.sim("/_sim/clock", fmt.Sprintf(`{"to": %d}`, at.Add(time.Minute).Unix()))
	r.settle()
}

// settle waits until Stripe has nothing more to say and we nothing more to do.
func (r *row) settle() {
	r.t.Helper()
	r.sim("/_sim/idle", `{}`)
	r.wait("everything to be done", func() string { return r.owed(r.t) })
}

// wait asks again and again until nothing is missing any more.
func (r *row) wait(what string, missing func() string) {
	r.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(follows)
	for {
		lacks := missing()
		if lacks == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("waited %s in vain for %s: %s", follows, what, lacks)
		}
	}
}

// holds waits until a count of the books is as wanted.
func (r *row) holds(what string, want int64, query string, args ...any) {
	r.t.Helper()
	r.wait(what, func() string {
		if n := r.count(r.t, query, args...); n != want {
			return fmt.Sprintf("there are %d, want %d", n, want)
		}
		return ""
	})
}

// facts waits until an account has a fact of a type as often as wanted.
func (r *row) facts(email, kind string, want int64) {
	r.t.Helper()
	r.holds(kind+" in the ledger", want, `SELECT count(*) FROM facts WHERE type = ? AND customer_id IN `+whose, kind, email)
}

// sent waits until as many mails of a kind have left for an address.
func (r *row) sent(email, kind string, want int64) {
	r.t.Helper()
	r.holds("mails of the kind "+kind, want,
		`SELECT count(*) FROM mails WHERE to_address = ? AND kind = ? AND state = 'sent'`, email, kind)
}

// life is all that the books say of an account, a line for each thing.
func (r *row) life(email string) []string {
	r.t.Helper()
	r.settle()
	var lines []string
	for _, query := range []string{
		`SELECT 'fact ' || fact_key FROM facts WHERE customer_id IN ` + whose,
		`SELECT 'mail ' || dedupe_key || ' ' || state FROM mails WHERE to_address = ?`,
		`SELECT 'plan ' || stripe_id || ' ' || status || ' ' || lookup_key FROM subscriptions WHERE customer_id IN ` + whose,
		`SELECT 'invoice ' || stripe_id || ' ' || status || ' ' || amount_paid FROM invoices WHERE customer_id IN ` + whose,
		`SELECT 'refund ' || stripe_id || ' ' || status FROM refunds WHERE customer_id IN ` + whose,
	} {
		lines = append(lines, r.column(r.t, query, email)...)
	}
	slices.Sort(lines)
	return lines
}

// unchanged wants the life of an account to be what it was.
func (r *row) unchanged(email string, before []string) {
	r.t.Helper()
	if after := r.life(email); !slices.Equal(after, before) {
		r.t.Errorf("the books of %s have changed from\n%s\nto\n%s", email, strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// entitles wants the API to say what the user of a tab has.
func (r *row) entitles(b *tab, plan, level, reason string) entitled {
	r.t.Helper()
	got := r.entitlements(b)
	if got.Plan != plan || got.Level != level || got.Reason != reason {
		r.t.Errorf("the API says %s, %s, %s; want %s, %s, %s", got.Plan, got.Level, got.Reason, plan, level, reason)
	}
	return got
}
