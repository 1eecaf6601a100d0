package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/tollgate/models/modelstest"
)

// The application knows what happened at Stripe within two seconds where the machine has nothing else
// to do (goal); the log says how long each took. The test waits longer (follows), because speed is
// judged where it is measured beside a reference, and not where other tests run.
const (
	goal    = 2 * time.Second
	follows = 30 * time.Second
)

// password is everybody's.
const password = "correct horse battery staple"

// adminEmail names the one admin of a walk.
const adminEmail = "root@example.com"

// walk is one application and the people who use it, from the first visit to the day after the last.
type walk struct {
	t      *testing.T
	app    *program
	chrome *chrome
	api    stripeAPI
	keep   bool // screenshots
	began  time.Time
}

// TestWalk does what a developer does on the first evening, and everybody after them: looks at the prices,
// signs up, pays, uses what was paid for, changes their mind, and lets the months go by. On SQLite it walks
// all of it and takes pictures; on Postgres it walks the path of the money.
func TestWalk(t *testing.T) {
	t.Parallel()
	chromium := openChrome(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWalk(t, chromium, true)
		w.step("1 landing and pricing", w.looksAround)
		var ada, bea *tab
		w.step("2 sign-up", func() { ada = w.signsUp() })
		w.step("3, 4 checkout and return", func() { w.starts(ada) })
		w.step("6 access", func() {
			w.programs(ada)
			bea = w.joins("Bea Lindqvist", "bea@example.com")
			w.tries(bea)
		})
		w.step("3 another checkout", func() { w.hesitates(bea) })
		w.step("6 what was paid for", func() { w.exports(bea, "Project 1", "Project 2", "Project 3") })
		w.step("4 while Stripe is slow", w.waits)
		w.step("8 the trial converts", func() { w.converts(ada) })
		w.step("7 billing page and portal", func() { w.manages(ada) })
		w.step("8 renewal and end", func() { w.renews(bea) })
		w.step("3 a trial that is used", func() { w.returns(bea) })
		w.step("9 admin", func() { w.administers(ada) })
		w.step("10 out and in", func() { w.leaves(ada) })
		w.pictures()
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		w := newWalk(t, chromium, false, "DATABASE_URL="+modelstest.PostgresURL(t))
		w.short()
	})
}

func newWalk(t *testing.T, c *chrome, keep bool, env ...string) *walk {
	t.Helper()
	w := &walk{t: t, chrome: c, keep: keep, began: time.Now()}
	w.app = start(t, append(env, "ADMIN_EMAILS="+adminEmail)...)
	return w
}

// step says where a walk is and how long it took to get there.
func (w *walk) step(name string, walk func()) {
	w.t.Helper()
	began := time.Now()
	walk()
	w.t.Logf("%-34s %6s", name, time.Since(began).Round(time.Millisecond))
}

func (w *walk) person() *tab {
	w.t.Helper()
	b := w.chrome.person(w.t, w.app)
	b.took = w.keep
	return b
}

// signUp fills in the form that a tab is at.
func (b *tab) signUp(name, email string) {
	b.t.Helper()
	b.fill("#name", name)
	b.fill("#email", email)
	b.fill("#password", password)
	b.follow(`form[action="/signup"] button`)
}

// joins makes a user who came in by the front door, and confirms their address.
func (w *walk) joins(name, email string) *tab {
	w.t.Helper()
	b := w.person()
	b.open("/signup")
	b.signUp(name, email)
	b.open(w.linkIn(b, email, "Confirm your address"))
	b.follow(`form[action^="/verify-email/"] button`)
	b.see("Address confirmed")
	return b
}

var linkPattern = regexp.MustCompile(`https?://\S+`)

// mail opens the newest mail to an address whose subject has the words, as soon as it is there.
func (w *walk) mail(b *tab, to, subject string) {
	w.t.Helper()
	c := newClient(w.app)
	address := "/mailbox?q=" + url.QueryEscape(to)
	deadline := time.After(patience)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err := c.get(w.t.Context(), address)
		if err == nil && strings.Contains(plain(page.body), subject) {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("no mail to %s about %q:\n%s", to, subject, plain(page.body))
		}
	}
	b.open(address)
	mark := fmt.Sprintf(`[...document.querySelectorAll('a[href^="/mailbox/"]')].find(a => a.innerText.includes(%q))?.
		setAttribute('data-wanted', '')`, subject)
	eval[any](b, mark)
	b.follow("a[data-wanted]")
}

// linkIn is the link that a mail asks its reader to follow.
func (w *walk) linkIn(b *tab, to, subject string) string {
	w.t.Helper()
	w.mail(b, to, subject)
	b.follow(`a[href$="?part=text"]`)
	link := linkPattern.FindString(b.text("pre"))
	if link == "" {
		b.fail("the mail %q has no link", subject)
	}
	return link
}

// secretKey reads the sandbox's key off its console, as a developer does.
func (w *walk) secretKey(b *tab) {
	w.t.Helper()
	b.open(w.app.stripe + "/_stripe/")
	key := eval[string](b, `[...document.querySelectorAll('dl.facts dt')].find(d => d.innerText === 'Secret key').
		nextElementSibling.innerText`)
	w.api = stripeAPI{base: w.app.stripe, key: key}
}

// forward moves the sandbox's clock by a button of its console, and gives the moment of the click.
func (w *walk) forward(b *tab, step string) time.Time {
	w.t.Helper()
	b.open(w.app.stripe + "/_stripe/clock")
	clicked := time.Now()
	b.follow(`button[name="step"][value="` + step + `"]`)
	return clicked
}

// pay presses the button of a test card.
func (b *tab) pay(card string, status ...int) {
	b.t.Helper()
	b.follow(`button[data-card="`+card+`"]`, status...)
}

// at checks the path of the address.
func (b *tab) at(path string) {
	b.t.Helper()
	b.await("the address "+path, fmt.Sprintf("location.pathname === %q", path))
}

// one asks Stripe for the one object that a list may hold, once it is there: what the application owes
// Stripe it may pay a moment later.
func (w *walk) one(path string, form url.Values) map[string]any {
	w.t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		found := w.api.list(w.t, path, form)
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 {
			w.t.Fatalf("%s %v lists %d objects, want one", path, form, len(found))
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("%s %v lists nothing", path, form)
		}
	}
}

// customer is the one customer that Stripe has of an address.
func (w *walk) customer(email string) string {
	w.t.Helper()
	id, _ := w.one("/v1/customers", url.Values{"email": {email}})["id"].(string)
	return id
}

// subscription is the one subscription that Stripe has of an address, ended ones aside.
func (w *walk) subscription(email string) map[string]any {
	w.t.Helper()
	return w.one("/v1/subscriptions", url.Values{"customer": {w.customer(email)}})
}

// promotion makes a promotion code that takes off a fifth.
func (w *walk) promotion(code string) {
	w.t.Helper()
	coupon := w.api.must(w.t, http.MethodPost, "/v1/coupons", url.Values{"percent_off": {"20"}, "duration": {"once"}})
	id, _ := coupon["id"].(string)
	w.api.must(w.t, http.MethodPost, "/v1/promotion_codes", url.Values{"coupon": {id}, "code": {code}})
}
