package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/tollgate/internal/truth"
	"example.com/tollgate/models"
)

// The bounds of a quiet period. What a retry waits for, up to hours, is brought forward every now and then, as if the
// machine's clock had gone on: nobody can wait for it.
const (
	looksEvery   = 50 * time.Millisecond
	hurriesEvery = 2 * time.Second
	judgesFor    = 15 * time.Second // in which what pages say must have become right
)

// quiet leaves everything in peace until nothing is left to do, compares with Stripe as the nightly sweep would, and
// returns what is wrong then.
func (w *town) quiet() []string {
	w.t.Helper()
	began := time.Now()
	w.peace()
	if busy := w.settle(); busy != "" {
		return []string{"it never gets quiet: " + busy}
	}
	settled := time.Since(began)
	if lost := w.acknowledged(); len(lost) > 0 { // asked before a comparison would make up for it
		return lost
	}
	w.compare()
	if busy := w.settle(); busy != "" {
		return []string{"it never gets quiet after a comparison: " + busy}
	}
	compared := time.Since(began)
	var wrong []string
	for deadline := time.Now().Add(judgesFor); ; {
		if wrong = w.judge(); len(wrong) == 0 || time.Now().After(deadline) {
			break
		}
		pause(w.t.Context(), looksEvery)
	}
	w.tell("quiet after %s, compared after %s, judged after %s", settled.Round(time.Millisecond),
		compared.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	return wrong
}

// compare is the operator's comparison with Stripe. It is done however many lose access, because somebody has looked at
// it, and as soon as no program is comparing by itself.
func (w *town) compare() {
	w.t.Helper()
	p := w.programs[0]
	eventually(w.t, "compare with Stripe", func() string {
		w.hurry()
		out, err := p.try("reconcile", "--full", "--force")
		if err != nil && strings.Contains(out, "another program is comparing") {
			return out
		}
		if err != nil {
			w.t.Fatalf("reconcile: %v\n%s", err, out)
		}
		return ""
	})
}

// settle waits until nobody owes anything, and says what is left if that never comes.
func (w *town) settle() (busy string) {
	tick, hurry := time.NewTicker(looksEvery), time.NewTicker(hurriesEvery)
	defer tick.Stop()
	defer hurry.Stop()
	deadline := time.After(2 * patience)
	w.hurry()
	for {
		w.ask(http.MethodPost, "/_sim/idle", "", nil)
		if busy = some(w.stripe.post.left.Load(), "letters"); busy == "" {
			busy = w.owed()
		}
		if busy == "" {
			return ""
		}
		select {
		case <-tick.C:
		case <-hurry.C:
			w.tell("  still owed%s", busy)
			w.hurry()
		case <-deadline:
			return busy
		}
	}
}

func (w *town) owed() (busy string) {
	for _, q := range truth.Queues() {
		busy += some(w.books.count(w.t, `SELECT count(*) FROM `+q.Table+` WHERE `+q.Waiting), q.Table)
	}
	return busy
}

// hurry lets leases run out and retries fall due. Where it meets a program at work, the next time will do.
func (w *town) hurry() {
	w.t.Helper()
	err := w.books.expireLeases(w.t)
	past := time.Now().UTC().Add(-time.Minute)
	for _, q := range truth.Queues()[1:] { // an event has no time of its own: its customer's is what counts
		err = errors.Join(err, w.books.db.Write(w.t.Context()).
			Exec("UPDATE "+q.Table+" SET next_at = ? WHERE next_at > ? AND "+q.Waiting, past, past).Error)
	}
	if err != nil {
		w.tell("  not hurried: %v", err)
	}
}

// judge returns all that is not as it must be.
func (w *town) judge() (wrong []string) {
	note := func(who string, texts ...string) {
		for _, text := range texts {
			wrong = append(wrong, who+text)
		}
	}
	for _, q := range truth.Queues() {
		if n := w.books.count(w.t, `SELECT count(*) FROM `+q.Table+` WHERE `+q.Failed); n > 0 {
			note("", fmt.Sprintf("%d rows of %s have %s", n, q.Table, q.Failed))
		}
	}
	note("", w.acknowledged()...)
	for _, r := range w.people {
		if r.here {
			note(r.name+": ", r.judge()...)
		}
	}
	balance, err := w.stripe.everything(w.t.Context(), "/v1/balance_transactions", url.Values{})
	if err != nil {
		return append(wrong, err.Error())
	}
	note("", truth.Ledger(find[models.Fact](w, "1 = 1"), find[models.Dispute](w, "1 = 1"), balance)...)
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(wrong, w.surprises...)
}

// acknowledged finds the events that we said we had, and did not deal with.
func (w *town) acknowledged() (wrong []string) {
	state := map[string]string{}
	for _, e := range find[models.WebhookEvent](w, "1 = 1") {
		state[e.EventID] = e.State
	}
	for event := range w.stripe.post.acknowledged() {
		if state[event] != "done" && state[event] != "ignored" {
			wrong = append(wrong, fmt.Sprintf("%s was acknowledged, and is %q", event, state[event]))
		}
	}
	return wrong
}

// find reads what meets a condition.
func find[T any](w *town, where string, args ...any) (rows []T) {
	w.t.Helper()
	if err := w.books.ours.Where(where, args...).Find(&rows).Error; err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// judge returns what is wrong with somebody.
func (r *citizen) judge() (wrong []string) {
	w := r.w
	accounts := find[models.Account](w, "id IN "+accountOf, r.email())
	if len(accounts) != 1 {
		return []string{fmt.Sprintf("%d accounts", len(accounts))}
	}
	facts := find[models.Fact](w, "account_id = ?", accounts[0].ID)
	for i := range facts {
		facts[i].RecordedAt = w.atLatest(facts[i].RecordedAt)
	}
	customers, err := r.list("/v1/customers", url.Values{"email": {accounts[0].BillingEmail}})
	if err != nil {
		return []string{err.Error()}
	}
	customers = slices.DeleteFunc(customers, func(c truth.Object) bool {
		return c.Obj("metadata").Str("account_id") != accounts[0].PublicID
	})
	if len(customers) > 1 {
		wrong = append(wrong, fmt.Sprintf("%d customers at Stripe", len(customers)))
	}
	t, err := r.truth(accounts[0].ID)
	if err != nil {
		return append(wrong, err.Error())
	}
	mails := find[models.Mail](w, "account_id = ?", accounts[0].ID)
	wrong = append(wrong, t.Mails(facts, mails)...)
	wrong = append(wrong, t.Doubles()...)
	for i, p := range w.programs {
		if text := r.access(p, t); text != "" {
			wrong = append(wrong, fmt.Sprintf("program %d: %s", i+1, text))
		}
	}
	return wrong
}

// truth reads everything that Stripe has of somebody.
func (r *citizen) truth(account int64) (t truth.Customer, err error) {
	t.At = r.w.now()
	rows := find[models.Customer](r.w, "account_id = ? AND replaced_at IS NULL", account)
	if len(rows) == 0 {
		return t, nil
	}
	id := rows[0].StripeID
	c, err := r.w.stripe.call(r.w.t.Context(), http.MethodGet, "/v1/customers/"+id, url.Values{})
	if err != nil {
		return t, err
	}
	t.Deleted = truth.Object(c).Is("deleted")
	if t.Subs, err = r.list("/v1/subscriptions", url.Values{"customer": {id}, "status": {"all"}}); err != nil {
		return t, err
	}
	t.Invoices, err = r.list("/v1/invoices", url.Values{"customer": {id}, "expand[]": {"data.charge"}})
	for _, invoice := range t.Invoices {
		if charge := invoice.Obj("charge"); err == nil && charge.Is("disputed") {
			var disputes []truth.Object
			disputes, err = r.list("/v1/disputes", url.Values{"charge": {charge.Str("id")}})
			t.Charge(charge.Str("id"), disputes)
		}
	}
	return t, err
}

// access asks a program what somebody may use, and holds it against the model.
func (r *citizen) access(p *program, t truth.Customer) string {
	r.c.app = p
	page, err := r.c.get(r.w.t.Context(), "/api/me/entitlements")
	var got struct{ Plan, Level, Reason string }
	if err == nil {
		err = json.Unmarshal([]byte(page.body), &got)
	}
	if err != nil || page.status != http.StatusOK {
		return fmt.Sprintf("entitlements: status %d, %v", page.status, err)
	}
	want := t.Access(t.At)
	switch {
	case got.Level == want.Level && got.Plan == want.Plan:
		return ""
	case got.Reason == "trial_used" && want.Level == "full":
		return "" // who else uses the card Stripe's objects of one customer do not tell
	case r.undated() && got.Plan == want.Plan && strings.Contains("grace limited", got.Level) &&
		strings.Contains("grace limited", want.Level):
		return "" // since when nothing was paid only the app has written down
	}
	return fmt.Sprintf("has %s %s (%s), and by Stripe's own objects should have %s %s", got.Level, got.Plan, got.Reason,
		want.Level, want.Plan)
}

// undated reports whether a plan is past due although no invoice is left to pay.
func (r *citizen) undated() bool {
	sub := r.plan()
	return sub != nil && sub.Status == "past_due" && r.w.books.count(r.w.t, `SELECT count(*) FROM invoices
		WHERE subscription_id = ? AND status = 'open' AND attempt_count > 0`, sub.StripeID) == 0
}

// surprise notes a page that failed without words while nothing was made to go wrong.
func (w *town) surprise(a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.troubled {
		w.surprises = append(w.surprises, "a page failed, and nothing had gone wrong: "+firstWords(a.body))
	}
}
