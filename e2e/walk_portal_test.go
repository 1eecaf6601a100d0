package e2e

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// portal opens Stripe's portal from the billing page.
func (w *walk) portal(b *tab) {
	b.open("/app/billing")
	b.follow(`header form[action="/app/billing/portal"] button`)
	b.see("Current plan", "Payment method", "Invoice history")
}

// manages is point 7: the billing page, and everything that the portal can do to it. Ada has paid for a
// year of Pro.
func (w *walk) manages(b *tab) {
	const email = "ada@example.com"
	b.open("/app/billing")
	b.see("Pro", "Active", "$790 a year", "Renews on", "Visa ending in 4242", "Paid", "$632.00", "Projects")
	b.shot("billing-active")
	b.follow(`table tbody tr a.link`)
	b.see("Invoice", "Pro", "$632.00")
	b.shot("stripe-invoice")

	w.portal(b)
	b.shot("stripe-portal")
	b.follow("#add-card")
	b.shot("stripe-portal-card")
	clicked := time.Now()
	b.pay("5555555555554444")
	b.see("The card was saved.")
	b.within(follows, clicked, "/app/billing", "Mastercard ending in 4444")

	w.switches(b, "pro", "month", "Pro", "$79 a month")
	w.switches(b, "starter", "year", "Starter", "$290 a year")
	w.switches(b, "starter", "month", "Starter", "$29 a month")
	w.cancels(b, email)
}

// switches changes plan or interval in the portal. What the portal announced is what the bill says, and
// the application follows.
func (w *walk) switches(b *tab, plan, interval, name, price string) {
	w.portal(b)
	b.follow(`a[data-do="switch"]`)
	b.shot("stripe-portal-plans")
	per := map[string]string{"month": "per month", "year": "per year"}[interval]
	if tab := fmt.Sprintf(`[...document.querySelectorAll('nav.tabs a:not([aria-current])')].find(a => a.innerText === %q)`,
		map[string]string{"month": "Monthly", "year": "Yearly"}[interval]); eval[bool](b, "!!"+tab) {
		eval[any](b, tab+`.setAttribute('data-wanted', '')`)
		b.follow(`a[data-wanted]`)
	}
	b.follow(fmt.Sprintf(`a[aria-label="Select %s %s"]`, name, per))
	b.see("Confirm your updates", name)
	due := b.text("#due")
	if !strings.Contains(due, "$") {
		b.fail("the switch to %s %s announces no amount: %q", plan, interval, due)
	}
	b.shot("stripe-portal-confirm-" + plan + "-" + interval)
	clicked := time.Now()
	b.follow("#confirm")
	b.see("The plan was changed.", name)
	b.within(follows, clicked, "/app/billing", name, price)
	b.open("/app/billing")
	if due != "$0.00" {
		b.see(due)
	}
}

// cancels leaves and comes back, in the portal and by the page's own button.
func (w *walk) cancels(b *tab, email string) {
	w.portal(b)
	b.follow(`a[data-do="cancel"]`)
	b.shot("stripe-portal-cancel")
	b.click(`label:has(input[value="too_expensive"])`)
	b.fill("#comment", "Only for the winter.")
	clicked := time.Now()
	b.follow("#cancel")
	b.see("The plan was cancelled.")
	b.within(follows, clicked, "/app/billing", "Cancelled. You keep everything until it ends on")
	details, _ := w.subscription(email)["cancellation_details"].(map[string]any)
	if details["feedback"] != "too_expensive" || details["comment"] != "Only for the winter." {
		b.fail("the reason is %v", details)
	}
	b.open("/app/billing")
	b.shot("billing-cancelled")

	w.portal(b)
	b.shot("stripe-portal-cancelled")
	clicked = time.Now()
	b.follow(`form[action$="/resume"] button`)
	b.see("The plan goes on.")
	b.within(follows, clicked, "/app/billing", "Active", "Renews on")
	b.open("/app/billing")
	b.follow(`a[href="/app/billing/cancel"]`)
	b.see("What happens then", "After that you are on the Free plan.")
	b.shot("billing-cancel")
	b.follow(`form[action="/app/billing/cancel"] button`)
	b.at("/app/billing")
	b.see("Cancelled. You keep everything") // at once: the page does not refresh itself
	b.follow(`form[action="/app/billing/resume"] button`)
	b.see("Your plan goes on, and nothing will end.", "Renews on")
}

// converts is the first half of point 8: the trial ends, and the bill that this brings is paid when it is
// made final an hour later, as at Stripe. The second hour is for those who began a few minutes later.
func (w *walk) converts(b *tab) {
	console := w.person()
	console.open(w.app.stripe + "/_stripe/")
	console.shot("console")
	clicked := w.forward(console, "trial")
	b.within(follows, clicked, "/app/billing", "Active", "Renews on")
	console.shot("console-clock")
	w.forward(console, "hour")
	clicked = w.forward(console, "hour")
	b.within(follows, clicked, "/app/billing", "$632.00", "Paid")
	w.mail(b, "ada@example.com", "Your receipt from")
	b.see("Your receipt from")
	b.shot("mail-receipt")
	b.follow(`a[href$="?part=text"]`)
	b.see("Amount: $632.00", "Card: Visa ending in 4242")
	b.open("/app")
	b.shot("dashboard-pro")
}

// renews is the second half: a month on, and another, for somebody who pays monthly; then the end of the
// period of somebody who cancelled, after which there is nothing to keep.
func (w *walk) renews(b *tab) {
	const email = "bea@example.com"
	console := w.person()
	w.replaces(b)
	upgraded := w.upgrades(b)
	before := w.periodEnd(email)
	receipts := w.mails(email)
	clicked := w.forward(console, "month")
	w.moved(b, email, before)
	b.within(follows, clicked, "/app/billing",
		"Renews on "+w.periodEnd(email).Format("Jan 2, 2006")+" for $79.00.", "Active", "Paid $79.00")
	b.within(follows, clicked, "/mailbox?q="+url.QueryEscape(email), "1–"+strconv.Itoa(receipts+1)+" of ")
	b.open("/app/billing")
	b.see(upgraded)
	b.shot("billing-renewed")

	b.follow(`a[href="/app/billing/cancel"]`)
	b.click(`label:has(input[value="unused"])`)
	b.follow(`form[action="/app/billing/cancel"] button`)
	b.at("/app/billing")
	b.see("Ends soon", "You keep everything until it ends on")
	w.exports(b, "Project 1")
	w.forward(console, "week")
	w.exports(b, "Project 1")
	clicked = w.forward(console, "month")
	b.within(follows, clicked, "/app/billing", "Your subscription ended on", "Your work is still here.")
	b.open("/app/projects/export.csv", 402)
	b.see("Starter")
	if got := w.entitlements(b); got.Plan != "free" {
		b.fail("after the end Bea has %+v", got)
	}
	b.open("/app/billing")
	b.shot("billing-ended")
}

// replaces puts another card in the place of the one whose bank asks every time.
func (w *walk) replaces(b *tab) {
	b.open("/app/billing")
	b.follow(`section[aria-labelledby="card"] form button`)
	clicked := time.Now()
	b.pay("4242424242424242")
	b.at("/app/billing")
	b.see("Visa ending in 4242")
	b.within(follows, clicked, "/app/billing", "Visa ending in 4242")
}

// upgrades switches a paying account by the pricing page, and gives what it cost.
func (w *walk) upgrades(b *tab) string {
	b.open("/pricing?interval=month")
	b.follow(`article[aria-labelledby="plan-pro"] [data-for="month"] button`)
	b.see("Confirm the change", "Pro", "is charged")
	due := b.text("#due")
	if due == "$0.00" {
		b.fail("an upgrade in the middle of a month costs nothing")
	}
	b.shot("billing-change")
	clicked := time.Now()
	b.follow(`form[action^="/app/billing/change/"] button`)
	b.at("/app/billing")
	b.see("$79 a month", due) // at once: the page does not refresh itself
	b.within(follows, clicked, "/app/billing", "Pro", "$79 a month", due)
	return due
}

// returns is the end of point 3: an account whose trial is used pays at once.
func (w *walk) returns(b *tab) {
	b.open("/pricing?interval=month")
	b.see("Buy Pro")
	b.lack("Try Pro")
	b.open("/app/billing/checkout?price=pro_v1_month")
	b.see("Due today", "$79.00", "Renews monthly")
	b.follow(`form[action="/app/billing/checkout"] button`)
	b.see("Subscribe to Pro", "$79.00")
	b.lack("free")
	if due := b.text("#due"); due != "$79.00" {
		b.fail("due today is %s", due)
	}
	b.shot("stripe-checkout-paid")
	b.pay("4242424242424242")
	b.at("/app/billing")
	b.see("Your plan is active. Thank you!", "Pro", "Active", "Renews on")
	b.shot("billing-purchased")
}

func (w *walk) periodEnd(email string) time.Time {
	end, _ := w.subscription(email)["current_period_end"].(float64)
	return time.Unix(int64(end), 0).UTC()
}

// moved checks that a period has given way to the next.
func (w *walk) moved(b *tab, email string, before time.Time) {
	if after := w.periodEnd(email); !after.After(before) {
		b.fail("the period still ends on %s", after)
	}
}

// mails counts the mails to an address.
func (w *walk) mails(to string) int {
	w.t.Helper()
	page, err := newClient(w.app).get(w.t.Context(), "/mailbox?q="+url.QueryEscape(to))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Count(page.body, `href="/mailbox/`)
}
