package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"example.com/tollgate/internal/truth"
	"example.com/tollgate/models"
)

// deed is one thing that somebody may do. do returns what came of it, and an error if it was not what was asked.
type deed struct {
	name   string
	weight int
	needs  func(r *citizen) bool
	do     func(r *citizen) (string, error)
}

// deeds is the table of all that people do, and those who work in Stripe's dashboard.
func deeds() []deed {
	return []deed{
		{"sign-up", 40, (*citizen).newcomer, (*citizen).signUp},
		{"checkout", 14, (*citizen).free, func(r *citizen) (string, error) { return r.checkout(r.card) }},
		{"checkout, declined", 3, (*citizen).free, (*citizen).checkoutDeclined},
		{"checkout, 3-D Secure", 4, (*citizen).free, func(r *citizen) (string, error) { return r.checkout("4000002760003184") }},
		{"two tabs", 5, (*citizen).free, (*citizen).twoTabs},
		{"change plan", 6, (*citizen).subscribed, func(r *citizen) (string, error) { return r.change(1) }},
		{"change plan, double click", 4, (*citizen).subscribed, func(r *citizen) (string, error) { return r.change(2) }},
		{"change plan, 3-D Secure", 2, (*citizen).subscribed, (*citizen).changeChallenged},
		{"cancel", 4, (*citizen).subscribed, (*citizen).cancel},
		{"resume", 4, (*citizen).subscribed, (*citizen).resume},
		{"portal: card", 2, (*citizen).subscribed, (*citizen).portalCard},
		{"card breaks", 4, (*citizen).subscribed, func(r *citizen) (string, error) { return r.useCard("pm_card_chargeCustomerFail") }},
		{"card mended", 5, (*citizen).subscribed, (*citizen).mend},
		{"dashboard: price", 2, (*citizen).subscribed, (*citizen).reprice},
		{"dashboard: cancel", 2, (*citizen).subscribed, (*citizen).end},
		{"dashboard: pause", 1, (*citizen).subscribed, (*citizen).pauseCollection},
		{"dashboard: second plan", 2, (*citizen).subscribed, (*citizen).second},
		{"refund", 4, (*citizen).paid, (*citizen).refund},
		{"dispute", 3, (*citizen).subscribed, (*citizen).dispute},
		{"dispute decided", 4, (*citizen).disputed, (*citizen).decide},
		{"customer deleted", 1, (*citizen).subscribed, (*citizen).remove},
	}
}

// citizen is an account and whoever acts for it, with a browser's cookies.
type citizen struct {
	w    *town
	name string
	card string // the number of their own card, because a card has one trial
	dice *rand.Rand
	c    *client

	here bool // signed up
}

func newCitizen(w *town, i int) *citizen {
	numbers := [citizens]string{
		"4242424242424242", "5555555555554444", "378282246310005", "4000000000000077", "4000000000007726", "4000000000005126",
		"4000000000005423", "4242424242424242",
	}
	return &citizen{
		w: w, name: fmt.Sprintf("citizen%d", i), card: numbers[i], dice: rand.New(rand.NewPCG(w.seed, uint64(i)+1)),
		c: newClient(w.programs[0]),
	}
}

func (r *citizen) email() string { return r.name + "@example.com" }

// choose takes something that can be done.
func (r *citizen) choose() deed {
	fits := slices.DeleteFunc(deeds(), func(d deed) bool { return !d.needs(r) })
	total := 0
	for _, d := range fits {
		total += d.weight
	}
	at := r.dice.IntN(total)
	for _, d := range fits {
		if at -= d.weight; at < 0 {
			return d
		}
	}
	panic("the dice have fallen off the table")
}

func (r *citizen) act(d deed) {
	r.c.app = r.w.serving()
	outcome, err := d.do(r)
	r.w.mu.Lock()
	if err == nil {
		r.w.acted++
		r.w.done[d.name]++
	}
	r.w.mu.Unlock()
	if err != nil {
		outcome += ": " + err.Error()
	}
	r.w.tell("%s %s: %s", r.name, d.name, outcome)
}

func (r *citizen) newcomer() bool   { return !r.here }
func (r *citizen) free() bool       { return r.here && r.plan() == nil }
func (r *citizen) subscribed() bool { return r.customerID() != "" && r.plan() != nil }

// paid and disputed go by what the ledger knows.
func (r *citizen) paid() bool     { return r.customerID() != "" && r.fact("invoice_paid") }
func (r *citizen) disputed() bool { return r.customerID() != "" && r.fact("dispute_opened") }

func (r *citizen) fact(kind string) bool {
	return r.w.books.count(r.w.t, `SELECT count(*) FROM facts WHERE amount > 0 AND type = ? AND account_id IN `+accountOf,
		kind, r.email()) > 0
}

const accountOf = `(SELECT m.account_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = ?)`

// customerID is the id of the account's customer at Stripe, or empty.
func (r *citizen) customerID() string {
	ids := r.w.books.column(r.w.t, `SELECT stripe_id FROM customers WHERE account_id IN `+accountOf+
		` AND replaced_at IS NULL AND deleted_at IS NULL`, r.email())
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// plan is what the account has and is not over, by our rows, which is what decides about buttons.
func (r *citizen) plan() *models.Subscription {
	var rows []models.Subscription
	err := r.w.books.ours.Where(`customer_id IN (SELECT id FROM customers WHERE replaced_at IS NULL AND account_id IN `+
		accountOf+`) AND ended_at IS NULL AND status NOT IN ('incomplete', 'incomplete_expired', 'canceled')`, r.email()).
		Order("id DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

func (r *citizen) any(of ...string) string { return of[r.dice.IntN(len(of))] }

func (r *citizen) key() string {
	return r.any("starter_v1_month", "starter_v1_year", "pro_v1_month", "pro_v1_year")
}

// submit sends a form and wants to be led on.
func (r *citizen) submit(page, action string, form url.Values) (location string, err error) {
	a, err := r.c.submit(r.w.t.Context(), page, action, form)
	if err != nil {
		return "", err
	}
	return r.led(a)
}

func (r *citizen) led(a answer) (string, error) {
	if a.status == http.StatusInternalServerError {
		r.w.surprise(a)
	}
	if a.status != http.StatusSeeOther {
		return "", fmt.Errorf("status %d: %s", a.status, firstWords(a.body))
	}
	return a.location, nil
}

func (r *citizen) signUp() (string, error) {
	form := url.Values{"name": {r.name}, "email": {r.email()}, "password": {password}}
	_, err := r.submit("/signup", "/signup", form)
	if err != nil { // the last try may have worked although its answer was lost
		_, again := r.submit("/login", "/login", url.Values{"email": {r.email()}, "password": {password}})
		if again != nil {
			return "not here yet", errors.Join(err, again)
		}
	}
	r.here = true
	return "here", nil
}

// session asks for a Checkout Session and gives the address of its page.
func (r *citizen) session(key string) (string, error) {
	to, err := r.submit("/pricing", "/app/billing/checkout", url.Values{"price": {key}})
	if err == nil && !strings.Contains(to, "/_stripe/c/") {
		err = fmt.Errorf("led to %s", to)
	}
	return to, err
}

// pay presses a test card's button on Stripe's page, goes through what the bank asks, and mostly comes back.
func (r *citizen) pay(page, card string) (string, error) {
	to, err := r.submit(page, page, url.Values{"card": {card}})
	if err != nil {
		return "not paid", err
	}
	if strings.Contains(to, "/_stripe/3ds/") {
		if r.dice.IntN(4) == 0 {
			return "walked away from the bank", nil
		}
		if to, err = r.submit(to, to, url.Values{"outcome": {r.any("complete", "complete", "fail")}}); err != nil {
			return "the bank", err
		}
	}
	if r.dice.IntN(3) == 0 {
		return "closed the tab", nil
	}
	_, err = r.c.get(r.w.t.Context(), to)
	return "came back", err
}

func (r *citizen) checkout(card string) (string, error) {
	key := r.key()
	page, err := r.session(key)
	if err != nil {
		return key, err
	}
	if r.dice.IntN(6) == 0 {
		return key + " left open", nil
	}
	outcome, err := r.pay(page, card)
	return key + " " + outcome, err
}

func (r *citizen) checkoutDeclined() (string, error) {
	page, err := r.session(r.key())
	if err != nil {
		return "no session", err
	}
	if outcome, err := r.pay(page, "4000000000000002"); err == nil {
		return outcome, errors.New("a card that is always declined has paid")
	}
	if r.dice.IntN(2) == 0 {
		return "declined", nil
	}
	outcome, err := r.pay(page, r.card)
	return "declined, then " + outcome, err
}

// twoTabs buys twice at once, as two devices would.
func (r *citizen) twoTabs() (string, error) {
	keys := [2]string{r.key(), r.key()}
	var pages, outcomes [2]string
	var errs [2]error
	both := func(do func(i int)) {
		var tabs sync.WaitGroup
		for i := range keys {
			tabs.Go(func() { do(i) })
		}
		tabs.Wait()
	}
	both(func(i int) { pages[i], errs[i] = r.session(keys[i]) })
	both(func(i int) {
		if errs[i] == nil {
			outcomes[i] = "paid for " + keys[i]
			_, errs[i] = r.submit(pages[i], pages[i], url.Values{"card": {r.card}})
		}
	})
	if errs[0] == nil || errs[1] == nil {
		return fmt.Sprint(outcomes, errs), nil
	}
	return "", errors.Join(errs[:]...)
}

// change asks what a change costs and confirms it, so many times at once.
func (r *citizen) change(clicks int) (string, error) {
	const choice = "/app/billing/change"
	key := r.key()
	offer, err := r.submit(choice, choice, url.Values{"price": {key}})
	if err != nil {
		return key, err
	}
	if !strings.HasPrefix(offer, choice+"/") {
		return key + " led to " + offer, errors.New("no offer")
	}
	var working sync.WaitGroup
	ends, errs := make([]string, clicks), make([]error, clicks)
	for i := range clicks {
		working.Go(func() { ends[i], errs[i] = r.submit(offer, offer, url.Values{}) })
	}
	working.Wait()
	return fmt.Sprintf("%s confirmed: %v", key, ends), errors.Join(errs...)
}

func (r *citizen) changeChallenged() (string, error) {
	if outcome, err := r.useCard("pm_card_authenticationRequired"); err != nil {
		return outcome, err
	}
	outcome, err := r.change(1)
	if err != nil || r.dice.IntN(3) == 0 {
		return outcome, err
	}
	intents, err := r.list("/v1/payment_intents", url.Values{"customer": {r.customerID()}})
	for _, intent := range intents {
		if intent.Str("status") == "requires_action" {
			bank := r.w.stripe.base + "/_stripe/3ds/" + intent.Str("id")
			_, err = r.submit(bank, bank, url.Values{"outcome": {r.any("complete", "complete", "fail")}})
			outcome += ", the bank asked"
		}
	}
	return outcome, err
}

func (r *citizen) cancel() (string, error) {
	return r.submit("/app/billing/cancel", "/app/billing/cancel", url.Values{"feedback": {"unused"}})
}

func (r *citizen) resume() (string, error) {
	return r.submit("/app/billing", "/app/billing/resume", url.Values{})
}

func (r *citizen) portalCard() (string, error) {
	to, err := r.submit("/app/billing", "/app/billing/portal", url.Values{})
	if err != nil {
		return "no portal", err
	}
	home, err := url.Parse(to)
	if err != nil {
		return to, err
	}
	base := r.w.stripe.base + path.Join("/_stripe/p", path.Base(home.Path))
	return r.submit(base+"/cards/new", base+"/cards", url.Values{"card": {r.any(r.card, "4000000000000341")}})
}

// list reads a list of Stripe's.
func (r *citizen) list(address string, form url.Values) ([]truth.Object, error) {
	return r.w.stripe.everything(r.w.t.Context(), address, form)
}

// dashboard does what somebody does in Stripe's dashboard.
func (r *citizen) dashboard(ctx context.Context, address string, pairs ...string) (truth.Object, error) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	method, rest, both := strings.Cut(address, " ")
	if !both {
		method, rest = http.MethodPost, address
	}
	return r.w.stripe.call(ctx, method, rest, form)
}
