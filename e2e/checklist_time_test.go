package e2e

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// charged is when a bill that falls due at the end of a period has been made final and tried, which is an hour later.
func charged(periodEnd time.Time) time.Time { return periodEnd.Add(time.Hour) }

// fails lets two renewals fail. One of the two gives another card on the fifth day, and the other never does.
func (r *row) fails() {
	paul, nora := r.email("paul"), r.email("nora")
	pays, never := r.buys("paul", "starter_v1_month"), r.buys("nora", "starter_v1_month")
	for _, b := range []*tab{pays, never} {
		b.open("/app/billing/card")
		b.pay("4000000000000341")
		b.at("/app/billing")
		b.see("Visa ending in 0341")
	}
	r.settle()
	r.until(charged(r.periodEnd(nora)))
	for _, email := range []string{paul, nora} {
		r.facts(email, "payment_failed", 1)
		r.sent(email, "payment_failed", 1)
	}
	r.mail(pays, paul, "Your payment of $29.00 did not go through")
	pays.open("/app")
	pays.see("The payment of $29.00 from Visa ending in 0341 for Starter failed. Everything keeps working until")
	r.entitles(pays, "starter", "grace", "past_due")
	r.exports(pays)

	failed := r.firstFailure(nora)
	r.until(failed.Add(3 * day))
	for _, email := range []string{paul, nora} {
		r.sent(email, "payment_failed_again", 1)
	}
	r.mail(pays, paul, "Still unable to charge $29.00")
	r.until(failed.Add(5 * day))
	for _, email := range []string{paul, nora} {
		r.sent(email, "payment_failed_last", 1)
	}
	r.paysUp(pays, paul)
	recovered := r.life(paul)
	r.entitles(never, "starter", "grace", "past_due")

	r.until(failed.Add(7 * day))
	r.facts(nora, "subscription_ended", 1)
	r.sent(nora, "payment_given_up", 1)
	r.mail(never, nora, "Your Tollgate subscription has ended")
	r.entitles(never, "free", "none", "canceled")
	never.open("/app/projects/export.csv", http.StatusPaymentRequired)
	r.unchanged(paul, recovered)
	r.entitles(pays, "starter", "full", "active")
}

// paysUp follows the link of the last notice, which is one click away from the page for another card.
func (r *row) paysUp(b *tab, email string) {
	r.t.Helper()
	b.open(r.linkIn(b, email, "Last days to update your payment"))
	b.see("Test cards")
	clicked := time.Now()
	b.pay("5555555555554444")
	b.at("/app/billing")
	b.within(follows, clicked, "/app/billing", "Active", "Mastercard ending in 4444", "Renews on")
	b.open("/app")
	b.lack("failed. Everything keeps working")
	r.facts(email, "recovered", 1)
	r.sent(email, "receipt", 2)
	r.mail(b, email, "All is well: your payment has arrived")
	r.entitles(b, "starter", "full", "active")
}

// firstFailure is when the bank said no for the first time.
func (r *row) firstFailure(email string) time.Time {
	r.t.Helper()
	var at time.Time
	err := r.ours.Raw(`SELECT first_failed_at FROM invoices WHERE first_failed_at IS NOT NULL AND customer_id IN `+whose, email).
		Row().Scan(&at)
	if err != nil {
		r.t.Fatal(err)
	}
	return at
}

// changes goes up in the middle of a month, and down again.
func (r *row) changes() {
	email := r.email("joe")
	b := r.buys("joe", "starter_v1_month")
	r.until(time.Unix(int64(r.now()), 0).Add(10 * day))
	due := cents(b, r.upgrades(b))
	r.settle()
	r.entitles(b, "pro", "full", "active")
	r.holds("invoices of the change", 1, `SELECT count(*) FROM invoices WHERE billing_reason = 'subscription_update'
		AND status = 'paid' AND total = ? AND amount_paid = ? AND customer_id IN `+whose, due, due, email)
	r.prorated(email, due)

	end := r.periodEnd(email)
	b.open("/pricing?interval=month")
	b.follow(`article[aria-labelledby="plan-starter"] [data-for="month"] button`)
	b.see("Confirm the change", "Until "+end.Format("Jan 2, 2006"), "From "+end.Format("Jan 2, 2006"), "No API access any more")
	if now := b.text("#due"); now != "$0.00" {
		b.fail("going down costs %s now", now)
	}
	b.follow(`form[action^="/app/billing/change/"] button`)
	b.at("/app/billing")
	b.see("The switch is planned.", "Pro", "Keep Pro")
	r.settle()
	r.entitles(b, "pro", "full", "active")

	r.until(charged(end))
	r.facts(email, "plan_changed", 2)
	r.entitles(b, "starter", "full", "active")
	r.holds("renewals of $29.00", 1, `SELECT count(*) FROM invoices WHERE billing_reason = 'subscription_cycle'
		AND status = 'paid' AND amount_paid = 2900 AND customer_id IN `+whose, email)
	b.open("/app/billing")
	b.see("Starter", "$29 a month", "Active", "Renews on")
}

// now is the sandbox's time.
func (r *row) now() float64 {
	r.t.Helper()
	now, ok := r.api.must(r.t, http.MethodGet, "/_sim/clock", nil)["now"].(float64)
	if !ok {
		r.t.Fatal("the sandbox does not tell the time")
	}
	return now
}

// prorated works the amount out anew, from what is left of the month and the two prices.
func (r *row) prorated(email string, due int64) {
	r.t.Helper()
	sub := r.subscription(email)
	from, _ := sub["current_period_start"].(float64)
	to, _ := sub["current_period_end"].(float64)
	bill := r.one("/v1/invoices", url.Values{"customer": {r.customer(email)}, "limit": {"1"}})
	lines, _ := bill["lines"].(map[string]any)
	data, _ := lines["data"].([]any)
	if len(data) != 2 || to <= from {
		r.t.Fatalf("the invoice of the change has %d lines", len(data))
	}
	line, _ := data[0].(map[string]any)
	period, _ := line["period"].(map[string]any)
	at, _ := period["start"].(float64)
	left := (to - at) / (to - from)
	want := int64(math.Round(7900*left) - math.Round(2900*left))
	if left < 0.5 || left > 0.75 || due < want-1 || due > want+1 {
		r.t.Errorf("%.1f%% of the month are left, so the change costs %d cents; %d were charged", 100*left, want, due)
	}
}

// cents reads an amount as a reader of the page does.
func cents(b *tab, amount string) int64 {
	b.t.Helper()
	n, err := strconv.ParseInt(strings.NewReplacer("$", "", ".", "", ",", "").Replace(amount), 10, 64)
	if err != nil {
		b.fail("%q is no amount: %v", amount, err)
	}
	return n
}

// cancelsPlan leaves, uses what is paid for, and finds it gone afterwards.
func (r *row) cancelsPlan() {
	email := r.email("kim")
	b := r.buys("kim", "starter_v1_month")
	end := r.periodEnd(email)
	b.open("/app/billing/cancel")
	b.see("What happens then", "After that you are on the Free plan.")
	b.click(`label:has(input[value="unused"])`)
	b.follow(`form[action="/app/billing/cancel"] button`)
	b.at("/app/billing")
	b.see("Ends soon", "You keep everything until it ends on "+end.Format("Jan 2, 2006"))
	r.facts(email, "cancel_scheduled", 1)
	if got := r.entitles(b, "starter", "full", "ending"); got.Until == nil || !got.Until.Equal(end) {
		r.t.Errorf("access is said to last until %v, want %s", got.Until, end)
	}
	r.mail(b, email, "Your Tollgate subscription is cancelled")

	r.until(end.Add(-time.Hour))
	r.entitles(b, "starter", "full", "ending")
	r.exports(b)
	r.until(end)
	r.facts(email, "subscription_ended", 1)
	r.entitles(b, "free", "none", "canceled")
	b.open("/app/projects/export.csv", http.StatusPaymentRequired)
	b.open("/app/billing")
	b.see("Your subscription ended on")
	r.holds("invoices", 1, `SELECT count(*) FROM invoices WHERE customer_id IN `+whose, email)
}
