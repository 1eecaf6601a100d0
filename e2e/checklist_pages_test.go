package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestChecklistPages keeps pictures of the pages that somebody meets when things do not go smoothly, or when they
// change their mind, and holds them to what can be measured of a picture.
func TestChecklistPages(t *testing.T) {
	t.Parallel()
	w := newWalk(t, openChrome(t), true)
	w.secretKey(w.person())
	w.spendsTrial()
	r := newRow(t, w, "pages")
	r.step("a change of plan", r.showsChanges)
	r.step("a bank that asks, a card that fails", r.showsBanks)
	r.step("a trial that was had before", r.showsTrials)
	r.step("what an admin sees", r.showsAdmin)
	r.step("the mails", r.showsMails)
	r.step("Stripe is away", r.showsOutage)
	r.step("a payment that is overdue", r.showsDebt)
}

// showsChanges are the ways down, with more work than the smaller plan holds.
func (r *row) showsChanges() {
	b := r.buys("lea", "pro_v1_month")
	for i := range 27 {
		if _, err := b.client().submit(r.t.Context(), "/app/projects", "/app/projects",
			url.Values{"name": {fmt.Sprintf("Survey of bridge %d", i+1)}}); err != nil {
			r.t.Fatal(err)
		}
	}
	b.open("/app/billing/change")
	b.see("Change your plan")
	b.shot("change-choose")
	b.open("/pricing?interval=month")
	b.follow(`article[aria-labelledby="plan-starter"] [data-for="month"] button`)
	b.see("You have 27 projects, and Starter holds 25", "Nothing is deleted.")
	b.shot("change-down")
	b.follow(`form[action^="/app/billing/change/"] button`)
	b.see("The switch is planned.")
	b.shot("billing-change-planned")
	b.open("/app/billing/cancel")
	b.see("Free holds 3")
	b.shot("cancel-over-limit")
}

// showsBanks are a change that waits for the bank, and one that the bank does not want.
func (r *row) showsBanks() {
	b := r.orders("mia", "starter_v1_month")
	b.pay("4000002760003184")
	b.follow("#complete")
	b.thanked()
	r.asksFor(b, "pro")
	b.see("Your bank wants to know it is you", "Confirm the payment")
	b.shot("change-bank")
	b.open("/app/billing")
	b.see("waits for your bank")
	b.shot("billing-bank")

	b = r.buys("ned", "starter_v1_month")
	b.open("/app/billing/card")
	b.pay("4000000000000341")
	b.at("/app/billing")
	r.asksFor(b, "pro")
	b.see("The card was declined")
	b.shot("change-declined")
}

// asksFor confirms a change to the monthly price of a plan.
func (r *row) asksFor(b *tab, plan string) {
	r.t.Helper()
	b.open("/pricing?interval=month")
	b.follow(`article[aria-labelledby="plan-` + plan + `"] [data-for="month"] button`)
	b.see("Confirm the change")
	b.follow(`form[action^="/app/billing/change/"] button`)
}

// showsTrials are a trial refused for its card, and one that ended without any.
func (r *row) showsTrials() {
	for _, who := range []string{"olga", "otto"} {
		b := r.joins(who, who+"@example.com")
		b.open("/app/billing/checkout?price=starter_v1_month")
		b.follow(`form[action="/app/billing/checkout"] button`)
		b.pay("5555555555554444")
		b.at("/app/billing")
		if who == "otto" {
			b.see("This card has had its trial. Nothing was charged.")
			r.settle()
			b.open("/app/billing")
			b.shot("billing-trial-refused")
		}
	}
	b := r.joins("Pia", "pia@example.com")
	price := r.one("/v1/prices", url.Values{"lookup_keys[0]": {"starter_v1_month"}})["id"].(string)
	r.api.must(r.t, http.MethodPost, "/v1/subscriptions", url.Values{
		"customer": {r.customer("pia@example.com")}, "items[0][price]": {price}, "trial_period_days": {"1"},
		"trial_settings[end_behavior][missing_payment_method]": {"pause"},
	})
	r.until(time.Unix(int64(r.now()), 0).Add(day))
	b.open("/app/billing")
	b.see("Paused", "Add a card to resume")
	b.shot("billing-paused")
}

// showsAdmin are the pages for those who run it.
func (r *row) showsAdmin() {
	b := r.admin("/admin/alerts")
	b.see("Nothing needs you")
	b.shot("admin-alerts-none")
	buyer := r.orders("quin", "pro_v1_month")
	buyer.pay("4000000000000259")
	buyer.thanked()
	r.settle()
	b.open("/admin/alerts")
	b.see("A payment is disputed")
	b.shot("admin-alerts")
	b.open("/admin")
	b.shot("admin-with-alerts")
	b.open(subscriber(r.email("quin")))
	b.follow(`#results tbody a`)
	b.shot("admin-subscriber-disputed")
	b.open("/admin/events?type=invoice.paid")
	b.follow(`a[href^="/admin/events/replay"]`)
	b.see("Replay events", "Customers")
	b.shot("admin-replay")
	r.app.run("reconcile")
	b.open("/admin/reconciliation")
	b.shot("admin-reconciliation")
	buyer.open("/app/billing")
	buyer.shot("billing-disputed")
}

// showsMails are the list of all mails, and one of them.
func (r *row) showsMails() {
	b := r.person()
	b.open("/mails")
	b.shot("mails")
	for _, kind := range []string{"payment_failed", "access_limited", "trial_refused"} {
		b.open("/mails/" + kind)
		b.shot("mails-" + kind)
	}
}

// showsOutage is what a buyer sees while Stripe does not answer.
func (r *row) showsOutage() {
	b := r.joins("Rae", r.email("rae"))
	b.open("/app/billing/checkout?price=starter_v1_month")
	r.sim("/_sim/faults", `{"match": "POST /v1/checkout/sessions", "status": 503, "times": 100}`)
	b.follow(`form[action="/app/billing/checkout"] button`, http.StatusServiceUnavailable)
	b.shot("checkout-unavailable")
	if _, err := r.api.call(r.t.Context(), http.MethodDelete, "/_sim/faults", nil); err != nil {
		r.t.Fatal(err)
	}
}

// showsDebt is a renewal that fails, on the first day and when Stripe has stopped trying.
func (r *row) showsDebt() {
	email := r.email("sam")
	b := r.buys("sam", "pro_v1_month")
	b.open("/app/billing/card")
	b.pay("4000000000000341")
	b.at("/app/billing")
	console := r.console("switches")
	eval[any](console, `document.querySelector('#end').value = 'unpaid'`)
	console.follow("#save-dunning")
	r.until(charged(r.periodEnd(email)))
	b.open("/app")
	b.see("failed. Everything keeps working until")
	b.shot("dashboard-past-due")
	b.open("/app/billing")
	b.shot("billing-past-due")
	r.until(r.firstFailure(email).Add(7 * day))
	b.open("/app/billing")
	b.see("is overdue")
	b.shot("billing-unpaid")
	b.open("/app/projects")
	b.shot("projects-unpaid")
}
