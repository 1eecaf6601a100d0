package e2e

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// veteran had a trial before the checklist begins. Whoever signs up from the same mailbox has none left and pays at
// once, so that every row can charge a card on the first day.
const veteran = "vera@example.com"

// check is a row of the checklist that a developer goes through before anybody pays for real.
type check struct {
	name, test, how, pass string
	do                    func(r *row)
}

// checks is the table. Its rows are those of Stripe's own advice on testing; what passes is said in our words.
func checks() []check {
	return []check{
		{
			"successful_payment", "Successful payment", "card 4242 4242 4242 4242 on the checkout page",
			"the way back says thank you, the webhook is done, the books hold one plan, one paid invoice and its receipt",
			(*row).succeeds,
		},
		{
			"declined_card", "Declined card", "card 4000 0000 0000 0002",
			"the page says that the card was declined; nothing in the books has changed, and nobody was mailed",
			(*row).declines,
		},
		{
			"3d_secure", "3-D Secure required", "card 4000 0025 0000 3155",
			"the bank's page comes up; there is no access before it is answered, and all of it after",
			(*row).authenticates,
		},
		{
			"insufficient_funds", "Insufficient funds", "card 4000 0000 0000 9995, then another one",
			"a friendly sentence names the reason; the same page takes the next card",
			(*row).lacksFunds,
		},
		{
			"subscription_create", "Subscription create", "complete the checkout of a yearly price",
			"both sides have the same active subscription; what was locked is open on the pages and by the API",
			(*row).subscribes,
		},
		{
			"payment_failure", "Payment failure and retry", "card 4000 0000 0000 0341, and the clock to the renewal",
			"mails on day 0, 3 and 5 and a banner; one click to a new card, and all is well; without one it ends on day 7",
			(*row).fails,
		},
		{
			"webhook_replay", "Webhook replay", "resend the event from Stripe, and replay it as an admin",
			"one row in the inbox, one fact, one receipt, the same access",
			(*row).replaysEvent,
		},
		{
			"refund", "Refund", "a part through the API; the rest by an admin, who ends the plan with it",
			"a mail each time; access stays after the first, and is gone after the second",
			(*row).refunds,
		},
		{
			"upgrade_downgrade", "Upgrade and downgrade", "change the plan in the middle of a month, up and then down",
			"the invoice is what the preview said, to the cent; the way down waits for the end of what is paid",
			(*row).changes,
		},
		{
			"cancel_at_period_end", "Cancel at period end", "cancel in the app, and the clock past the period",
			"access until the last day, none after it",
			(*row).cancelsPlan,
		},
	}
}

// TestChecklist goes through the checklist: each row with a fresh account, in one program and one browser. The rows
// follow each other, because the sandbox has one clock, and some of them move it.
func TestChecklist(t *testing.T) {
	t.Parallel()
	w := newWalk(t, openChrome(t), false)
	w.secretKey(w.person())
	w.spendsTrial()
	var report []string
	for i, c := range checks() {
		ran := false
		passed := t.Run(c.name, func(t *testing.T) {
			ran = true
			c.do(newRow(t, w, c.name))
		})
		result := map[bool]string{true: "passed", false: "FAILED"}[passed]
		if !ran {
			result = "not run"
		}
		report = append(report, fmt.Sprintf("%2d %-26s %-8s %s: %s", i+1, c.test, result, c.how, c.pass))
	}
	t.Logf("the test-mode checklist, against the sandbox:\n%s", strings.Join(report, "\n"))
}

// spendsTrial gives the mailbox of all rows its one trial, and makes the admin.
func (w *walk) spendsTrial() {
	b := w.joins("Vera Holm", veteran)
	b.open("/app/billing/checkout?price=starter_v1_month")
	b.follow(`form[action="/app/billing/checkout"] button`)
	b.pay("378282246310005")
	b.at("/app/billing")
	b.see("Your trial has begun.")
	w.joins("Root Admin", adminEmail)
}

// row is one row at work, with a view into both sides' books.
type row struct {
	*walk
	ledger
	name string
}

func newRow(t *testing.T, w *walk, name string) *row {
	t.Helper()
	mine := *w
	mine.t = t
	return &row{&mine, openLedger(t, w.app, "sqlite:"+filepath.Join(w.app.dir, "data", "tollgate.db")), name}
}

// email is an address of the veteran's mailbox, with a tag that is the row's and the person's.
func (r *row) email(who string) string {
	return strings.Replace(veteran, "@", "+"+r.name+"-"+who+"@", 1)
}

// orders signs somebody up and leads them to Stripe's page for a price.
func (r *row) orders(who, price string) *tab {
	r.t.Helper()
	b := r.joins(strings.ToUpper(who[:1])+who[1:], r.email(who))
	b.open("/app/billing/checkout?price=" + price)
	b.see("Due today")
	b.lack("First payment on")
	b.follow(`form[action="/app/billing/checkout"] button`)
	b.see("Test cards")
	return b
}

// buys signs somebody up who pays for a price at once.
func (r *row) buys(who, price string) *tab {
	r.t.Helper()
	b := r.orders(who, price)
	b.pay("4242424242424242")
	b.thanked()
	return b
}

func (b *tab) thanked() {
	b.t.Helper()
	b.at("/app/billing")
	b.see("Your plan is active. Thank you!", "Active")
}

// console opens the sandbox's console.
func (r *row) console(path string) *tab {
	r.t.Helper()
	b := r.person()
	b.open(r.app.stripe + "/_stripe/" + path)
	return b
}

// admin signs the admin in, and opens one of their pages.
func (r *row) admin(path string) *tab {
	r.t.Helper()
	b := r.person()
	b.signIn(adminEmail, password)
	b.open(path)
	return b
}

// subscriber is the address where the admin finds an account by its billing address.
func subscriber(email string) string { return "/admin/subscribers?q=" + url.QueryEscape(email) }
