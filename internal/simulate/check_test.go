package simulate_test

import (
	"errors"
	"strings"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/apptest"
	"example.com/tollgate/internal/truth"
	"example.com/tollgate/models"
)

// What must be true. checkPerson holds at every moment, faults or none: access is what Stripe said in the fetch that was
// applied last, and that fetch is never an older one than before. checkAll holds once everything is quiet.

// checkPerson compares somebody's access with what the app can know.
func (w *world) checkPerson(p *person) {
	proc := w.alive()
	if proc == nil || p == nil {
		return
	}
	row := w.customerRow(p)
	expected := truth.Standing{Level: "none", Plan: "free"}
	now := proc.now()
	if row != nil && row.SyncedAt != nil {
		heard := w.ears.at(row.StripeID, *row.SyncedAt)
		if heard == nil {
			w.violate("%s: what was applied at %s is nothing that Stripe said", p.name, row.SyncedAt.Format(time.DateTime))
			return
		}
		if heard.turn < w.known[row.StripeID] {
			w.violate("%s: an older answer of Stripe has replaced a newer one", p.name)
		}
		w.known[row.StripeID] = heard.turn
		expected = heard.truth(*row.SyncedAt).Access(now)
	}
	w.compare(p, proc, expected, "what Stripe said last")
}

// compare holds the app's decision against the model's.
func (w *world) compare(p *person, proc *process, expected truth.Standing, by string) {
	ctx, cancel := page()
	defer cancel()
	w.nested = true // looking must not be struck
	access, err := proc.Billing.Access(ctx, p.ID)
	w.nested = false
	if errors.Is(err, apptest.ErrDead) {
		return
	}
	w.must(err)
	got := truth.Standing{Level: access.Level.String(), Plan: access.Plan}
	if access.Reason == billing.ReasonTrialUsed && expected.Level == "full" {
		return // who else uses the card, and was heard of first, Stripe's objects of one customer do not tell
	}
	if got != expected && !w.undated(p, got, expected) {
		w.violate("%s has %s %s (%s), and by %s should have %s %s", p.name, got.Level, got.Plan, access.Reason, by,
			expected.Level, expected.Plan)
	}
}

// undated excuses the one case that Stripe's objects leave open: a subscription that is past due although no invoice is
// left to pay. Its grace counts from when it was last known to begin, which only the app has written down.
func (w *world) undated(p *person, got, expected truth.Standing) bool {
	sub := w.planOf(p)
	if sub == nil || sub.Status != "past_due" || got.Plan != expected.Plan {
		return false
	}
	open := w.count("invoices", "subscription_id = ? AND status = 'open' AND attempt_count > 0", sub.StripeID)
	return open == 0 && strings.Contains("grace limited", got.Level) && strings.Contains("grace limited", expected.Level)
}

// alive is a process that runs, or nil.
func (w *world) alive() *process {
	for _, p := range w.procs {
		if !p.Dead() {
			return p
		}
	}
	return nil
}

// quiet leaves everything in peace until nothing is left to do, and checks what must be true then.
func (w *world) quiet() {
	w.op = "quiet"
	w.peace()
	w.calm = true
	defer func() { w.calm = false }()
	idle := false
	// A few rounds at least, so that each process has compared everything with Stripe since.
	for round := 0; round < 80 && (!idle || round < 3); round++ {
		w.wait(w.between(10*time.Minute, 6*time.Hour))
		w.settle()
		idle = w.idle()
	}
	if !idle {
		w.violate("it never gets quiet: %s", w.busy())
		return
	}
	w.checkAll()
}

func (w *world) idle() bool { return len(w.post.bag) == 0 && w.busy() == "" }

func (w *world) busy() string {
	var busy []string
	for _, q := range truth.Queues() {
		if w.count(q.Table, q.Waiting) > 0 {
			busy = append(busy, q.Table)
		}
	}
	return strings.Join(busy, ", ")
}

func (w *world) checkAll() {
	for _, q := range truth.Queues() {
		if n := w.count(q.Table, q.Failed); n > 0 {
			w.violate("%d rows of %s have %s", n, q.Table, q.Failed)
		}
	}
	for _, p := range w.people {
		w.checkPerson(p)
		t := w.truthOf(p)
		w.compare(p, w.alive(), t.Access(time.Now()), "Stripe's own objects")
		w.checkOne(p)
		wrong := t.Mails(rows[models.Fact](w, "account_id = ?", p.ID), rows[models.Mail](w, "account_id = ?", p.ID))
		for _, text := range append(wrong, t.Doubles()...) {
			w.violate("%s: %s", p.name, text)
		}
	}
	balance := w.all("/v1/balance_transactions")
	for _, text := range truth.Ledger(rows[models.Fact](w, "1 = 1"), rows[models.Dispute](w, "1 = 1"), balance) {
		w.violate("%s", text)
	}
}

// truthOf reads everything that Stripe has of somebody.
func (w *world) truthOf(p *person) truth.Customer {
	t := truth.Customer{At: time.Now()}
	row := w.customerRow(p)
	if row == nil {
		return t
	}
	o, err := w.dashboard("GET", "/v1/customers/"+row.StripeID)
	w.must(err)
	t.Deleted = o.Is("deleted")
	t.Subs = w.all("/v1/subscriptions", "customer", row.StripeID, "status", "all")
	t.Invoices = w.all("/v1/invoices", "customer", row.StripeID, "expand[]", "data.charge")
	for _, invoice := range t.Invoices {
		if charge := invoice.Obj("charge"); charge.Is("disputed") {
			t.Charge(charge.Str("id"), w.all("/v1/disputes", "charge", charge.Str("id")))
		}
	}
	return t
}

// checkOne holds an account to one customer.
func (w *world) checkOne(p *person) {
	made := 0
	for _, c := range w.all("/v1/customers", "email", p.BillingEmail) {
		if c.Obj("metadata").Str("account_id") == p.PublicID {
			made++
		}
	}
	if made > 1 {
		w.violate("%s has %d customers at Stripe", p.name, made)
	}
}
