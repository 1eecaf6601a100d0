package e2e

import (
	"net/http"
	"net/url"
	"strings"
)

// succeeds buys a month with the card that always works.
func (r *row) succeeds() {
	email := r.email("ann")
	b := r.buys("ann", "starter_v1_month")
	b.see("Starter", "$29 a month", "Visa ending in 4242")
	r.sent(email, "receipt", 1)
	r.facts(email, "invoice_paid", 1)
	r.facts(email, "subscription_started", 1)
	customer := r.customer(email)
	for _, event := range []string{"checkout.session.completed", "invoice.paid"} {
		r.holds(event+" in the inbox", 1,
			`SELECT count(*) FROM webhook_events WHERE customer = ? AND type = ? AND state = 'done'`, customer, event)
	}
	r.holds("active plans", 1, `SELECT count(*) FROM subscriptions WHERE status = 'active' AND customer_id IN `+whose, email)
	r.holds("paid invoices of $29.00", 1,
		`SELECT count(*) FROM invoices WHERE status = 'paid' AND amount_paid = 2900 AND customer_id IN `+whose, email)
	r.entitles(b, "starter", "full", "active")
	r.mail(b, email, "Your receipt from")
	b.follow(`a[href$="?part=text"]`)
	b.see("Amount: $29.00", "Card: Visa ending in 4242")
}

// declines tries a card to which the bank says no.
func (r *row) declines() {
	email := r.email("dan")
	b := r.orders("dan", "starter_v1_month")
	before := r.life(email)
	b.pay("4000000000000002", http.StatusPaymentRequired)
	b.see("Your card was declined.")
	r.unchanged(email, before)
	if n := r.count(r.t, `SELECT count(*) FROM subscriptions WHERE customer_id IN `+whose, email); n != 0 {
		r.t.Errorf("a declined card made %d subscriptions", n)
	}
	r.entitles(b, "free", "none", "free")
	b.open("/app/billing")
	b.see("Free", "No invoices yet")
	b.open("/app/projects/export.csv", http.StatusPaymentRequired)
}

// authenticates pays with a card whose bank wants to know that it is you.
func (r *row) authenticates() {
	email := r.email("eve")
	b := r.orders("eve", "pro_v1_month")
	before := r.life(email)
	b.pay("4000002500003155")
	b.see("Confirm it is you", "$79.00")
	r.unchanged(email, before)
	r.entitles(b, "free", "none", "free")
	b.follow("#complete")
	b.thanked()
	b.see("Pro", "Visa ending in 3155")
	r.facts(email, "invoice_paid", 1)
	r.entitles(b, "pro", "full", "active")
}

// lacksFunds is told why, and pays with another card on the same page.
func (r *row) lacksFunds() {
	email := r.email("fay")
	b := r.orders("fay", "starter_v1_month")
	before := r.life(email)
	page := b.where()
	b.pay("4000000000009995", http.StatusPaymentRequired)
	b.see("Your card has insufficient funds.")
	if at := b.where(); at != page {
		b.fail("the page went from %s to %s", page, at)
	}
	r.unchanged(email, before)
	r.entitles(b, "free", "none", "free")
	b.pay("4242424242424242")
	b.thanked()
	r.facts(email, "invoice_paid", 1)
	r.entitles(b, "starter", "full", "active")
}

// subscribes buys a year and uses what it gives.
func (r *row) subscribes() {
	email := r.email("gus")
	b := r.joins("Gus", email)
	b.open("/app/projects/export.csv", http.StatusPaymentRequired)
	b.open("/app/billing/checkout?price=pro_v1_year")
	b.follow(`form[action="/app/billing/checkout"] button`)
	b.see("$790.00")
	b.pay("4242424242424242")
	b.thanked()
	b.see("Pro", "$790 a year")
	sub := r.subscription(email)
	if sub["status"] != "active" || firstPrice(sub) != "pro_v1_year" {
		r.t.Errorf("at Stripe the subscription is %v, of %s", sub["status"], firstPrice(sub))
	}
	r.holds("subscriptions like Stripe's", 1, `SELECT count(*) FROM subscriptions WHERE stripe_id = ? AND status = 'active'
		AND lookup_key = 'pro_v1_year' AND customer_id IN `+whose, sub["id"], email)
	got := r.entitles(b, "pro", "full", "active")
	for _, feature := range []string{"export", "api", "prioritized"} {
		if !got.Features[feature] {
			r.t.Errorf("Pro does not give %s: %v", feature, got.Features)
		}
	}
	if got.Limits["projects"] != float64(-1) {
		r.t.Errorf("Pro limits projects to %v", got.Limits["projects"])
	}
	r.exports(b)
}

// replaysEvent has an event delivered again, and looked at again.
func (r *row) replaysEvent() {
	email := r.email("hal")
	b := r.buys("hal", "starter_v1_month")
	r.sent(email, "receipt", 1)
	before := r.life(email)
	event := r.column(r.t, `SELECT event_id FROM webhook_events WHERE customer = ? AND type = 'invoice.paid'`, r.customer(email))
	if len(event) != 1 {
		b.fail("there are %d events of the payment", len(event))
	}
	console := r.console("events/" + event[0])
	console.follow("#resend")
	console.see("invoice.paid", "delivered")
	r.holds("second deliveries", 1, `SELECT count(*) FROM webhook_events WHERE event_id = ? AND deliveries = 2`, event[0])
	r.unchanged(email, before)

	admin := r.admin("/admin/events?q=" + url.QueryEscape(event[0]))
	admin.follow(`tbody a`)
	admin.see(event[0], "Done")
	tried := r.attempts(event[0])
	admin.follow(`form[action$="/replay"] button`)
	r.wait("another attempt", func() string {
		if r.attempts(event[0]) == tried {
			return "the event was not looked at again"
		}
		return r.owed(r.t)
	})
	r.unchanged(email, before)
	r.holds("rows of the inbox", 1, `SELECT count(*) FROM webhook_events WHERE event_id = ? AND state = 'done'`, event[0])
	r.facts(email, "invoice_paid", 1)
	r.sent(email, "receipt", 1)
	r.entitles(b, "starter", "full", "active")
}

func (r *row) attempts(event string) int64 {
	r.t.Helper()
	return r.count(r.t, `SELECT attempts FROM webhook_events WHERE event_id = ?`, event)
}

// refunds gives back a part, which changes no access, and then all of it, which is said to end the plan.
func (r *row) refunds() {
	email := r.email("ida")
	b := r.buys("ida", "starter_v1_month")
	charge, _ := r.one("/v1/charges", url.Values{"customer": {r.customer(email)}})["id"].(string)
	r.api.must(r.t, http.MethodPost, "/v1/refunds", url.Values{"charge": {charge}, "amount": {"1000"}})
	r.facts(email, "refunded", 1)
	r.mail(b, email, "Your refund of $10.00")
	r.entitles(b, "starter", "full", "active")
	b.open("/app/billing")
	b.see("Starter", "Active")

	admin := r.admin(subscriber(email))
	admin.follow(`#results tbody a`)
	admin.see("Refund and end the plan", "Gives back $19.00")
	admin.click(`#refund input[name="sure"]`)
	admin.follow(`#refund button`)
	admin.see("The payment is refunded, and the plan has ended.")
	r.facts(email, "refunded", 2)
	r.facts(email, "subscription_ended", 1)
	r.mail(b, email, "Your refund of $19.00")
	r.entitles(b, "free", "none", "canceled")
	b.open("/app/billing")
	b.see("Your subscription ended on")
	b.open("/app/projects/export.csv", http.StatusPaymentRequired)
	refunded := r.api.must(r.t, http.MethodGet, "/v1/charges/"+charge, nil)
	if refunded["refunded"] != true {
		r.t.Errorf("at Stripe the charge is refunded: %v, %v of it", refunded["refunded"], refunded["amount_refunded"])
	}
	if n := strings.Count(strings.Join(r.life(email), "\n"), "refund re_"); n != 2 {
		r.t.Errorf("the books hold %d refunds", n)
	}
}
