package simulate_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/apptest"
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
	expected := standing{"none", "free"}
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
		expected = heard.truth(*row.SyncedAt).access(now)
	}
	w.compare(p, proc, expected, "what Stripe said last")
}

// compare holds the app's decision against the model's.
func (w *world) compare(p *person, proc *process, expected standing, by string) {
	ctx, cancel := page()
	defer cancel()
	w.nested = true // looking must not be struck
	access, err := proc.Billing.Access(ctx, p.ID)
	w.nested = false
	if errors.Is(err, apptest.ErrDead) {
		return
	}
	w.must(err)
	got := standing{access.Level.String(), access.Plan}
	if access.Reason == billing.ReasonTrialUsed && expected.level == "full" {
		return // who else uses the card, and was heard of first, Stripe's objects of one customer do not tell
	}
	if got != expected && !w.undated(p, got, expected) {
		w.violate("%s has %s %s (%s), and by %s should have %s %s", p.name, got.level, got.plan, access.Reason, by,
			expected.level, expected.plan)
	}
}

// undated excuses the one case that Stripe's objects leave open: a subscription that is past due although no invoice is
// left to pay. Its grace counts from when it was last known to begin, which only the app has written down.
func (w *world) undated(p *person, got, expected standing) bool {
	sub := w.planOf(p)
	if sub == nil || sub.Status != "past_due" || got.plan != expected.plan {
		return false
	}
	open := w.count("invoices", "subscription_id = ? AND status = 'open' AND attempt_count > 0", sub.StripeID)
	return open == 0 && strings.Contains("grace limited", got.level) && strings.Contains("grace limited", expected.level)
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

// waiting are the tables of what is owed, and which of their rows still are.
func waiting() [][2]string {
	return [][2]string{
		{"webhook_events", "state = 'pending'"},
		{"customer_sync", "dirty_seq > synced_seq AND dead_at IS NULL"},
		{"stripe_ops", "state = 'pending'"},
		{"mails", "state = 'pending'"},
	}
}

func (w *world) idle() bool { return len(w.post.bag) == 0 && w.busy() == "" }

func (w *world) busy() string {
	var busy []string
	for _, row := range waiting() {
		if w.count(row[0], row[1]) > 0 {
			busy = append(busy, row[0])
		}
	}
	return strings.Join(busy, ", ")
}

func (w *world) checkAll() {
	w.checkQueues()
	for _, p := range w.people {
		w.checkPerson(p)
		t := w.truthOf(p)
		w.compare(p, w.alive(), t.access(time.Now()), "Stripe's own objects")
		w.checkOne(p, t)
		w.checkMails(p, t)
	}
	w.checkLedger()
}

// checkQueues holds every queue to have ended well.
func (w *world) checkQueues() {
	for _, row := range [][2]string{
		{"webhook_events", "state NOT IN ('done', 'ignored')"},
		{"customer_sync", "dead_at IS NOT NULL"},
		{"stripe_ops", "state = 'dead'"},
		{"mails", "state = 'dead'"},
	} {
		if n := w.count(row[0], row[1]); n > 0 {
			w.violate("%d rows of %s have %s", n, row[0], row[1])
		}
	}
}

// truthOf reads everything that Stripe has of somebody.
func (w *world) truthOf(p *person) truth {
	t := truth{at: time.Now(), disputes: map[string]object{}}
	row := w.customerRow(p)
	if row == nil {
		return t
	}
	o, err := w.dashboard("GET", "/v1/customers/"+row.StripeID)
	w.must(err)
	t.deleted = o.is("deleted")
	t.subs = w.all("/v1/subscriptions", "customer", row.StripeID, "status", "all")
	t.invoices = w.all("/v1/invoices", "customer", row.StripeID, "expand[]", "data.charge")
	for _, invoice := range t.invoices {
		if charge := invoice.obj("charge"); charge.is("disputed") {
			t.disputes[charge.str("id")] = w.all("/v1/disputes", "charge", charge.str("id"))[0]
		}
	}
	return t
}

// checkOne holds an account to one customer and one live plan.
func (w *world) checkOne(p *person, t truth) {
	made := 0
	for _, c := range w.all("/v1/customers", "email", p.BillingEmail) {
		if c.obj("metadata").str("account_id") == p.PublicID {
			made++
		}
	}
	if made > 1 {
		w.violate("%s has %d customers at Stripe", p.name, made)
	}
	live := slices.DeleteFunc(slices.Clone(t.subs), func(s object) bool {
		return slices.Contains([]string{"canceled", "incomplete", "incomplete_expired"}, s.str("status"))
	})
	slices.SortStableFunc(live, func(a, b object) int { return int(a.num("start_date") - b.num("start_date")) })
	for i, sub := range live {
		if i == 0 || t.tolerated(live[0], sub) {
			continue
		}
		w.violate("%s has two live plans: %s (%s) and %s (%s)", p.name, live[0].str("id"), live[0].str("status"),
			sub.str("id"), sub.str("status"))
	}
}

// tolerated reports whether a second plan may stay: beside one that does not surely give its owner anything, or when it
// has been paid for so long that a person must decide.
func (t truth) tolerated(first, second object) bool {
	sure := first.str("status") == "trialing" || first.str("status") == "active" && !t.unpaidFirst(first)
	return !sure || t.at.Sub(unix(second, "start_date")) > 7*day
}

// checkMails holds the mails against what happened at Stripe: each is owed by a fact, and a fact owes one.
func (w *world) checkMails(p *person, t truth) {
	var kinds []string
	w.must(w.eyes.Read(context.Background()).Model(&models.Mail{}).Where("account_id = ?", p.ID).
		Where("dedupe_key LIKE 'fact:%' AND replace(substr(dedupe_key, 6), ':admin@example.com', '')"+
			" NOT IN (SELECT fact_key FROM facts)").
		Pluck("kind", &kinds).Error)
	if len(kinds) > 0 {
		w.violate("%s was sent mails that no fact owes: %v", p.name, kinds)
	}
	for _, invoice := range t.invoices {
		if invoice.str("status") == "paid" && invoice.num("amount_paid") > 0 {
			key := invoice.str("id") + ":invoice_paid:"
			if n := w.count("mails", "dedupe_key = ?", "fact:"+key); n != 1 && !(n == 0 && w.stale(key)) {
				w.violate("%s has %d receipts for the paid invoice %s, and of facts %s", p.name, n, invoice.str("id"),
					w.factsOf(invoice.str("id")))
			}
		}
	}
}

// stale reports whether a fact became known so late that it is no news any more, and owes no mail.
func (w *world) stale(factKey string) bool {
	var facts []models.Fact
	w.must(w.eyes.Read(context.Background()).Where("fact_key = ?", factKey).Limit(1).Find(&facts).Error)
	return len(facts) == 1 && facts[0].RecordedAt.Sub(facts[0].OccurredAt) > news
}

// checkLedger compares the ledger, by currency, with what Stripe's balance says.
func (w *world) checkLedger() {
	stripe, ours := map[string]int64{}, map[string]int64{}
	for _, txn := range w.all("/v1/balance_transactions") {
		stripe[txn.str("currency")+" "+category(txn.str("type"))] += txn.num("amount")
	}
	type sum struct {
		Kind, Currency string
		Amount         int64
	}
	var sums []sum
	w.must(w.eyes.Read(context.Background()).Raw(`
SELECT 'charge' AS kind, currency, SUM(amount) AS amount FROM facts WHERE type = 'invoice_paid' GROUP BY currency
UNION ALL SELECT 'refund', currency, -SUM(amount) FROM facts WHERE type = 'refunded' GROUP BY currency
UNION ALL SELECT 'refund', currency, SUM(amount) FROM facts WHERE type = 'refund_failed' GROUP BY currency
UNION ALL SELECT 'dispute', currency, -SUM(amount) FROM disputes
	WHERE status NOT LIKE 'warning_%' AND status <> 'won' GROUP BY currency`).Scan(&sums).Error)
	for _, s := range sums {
		ours[s.Currency+" "+s.Kind] += s.Amount
	}
	for key := range stripe {
		ours[key] += 0
	}
	for _, key := range slices.Sorted(maps.Keys(ours)) {
		if ours[key] != stripe[key] {
			w.violate("the ledger says %d for %s, and Stripe %d", ours[key], key, stripe[key])
		}
	}
}

// category is the kind of a balance transaction in the ledger's words.
func category(kind string) string {
	switch kind {
	case "charge", "payment":
		return "charge"
	case "refund", "payment_refund", "refund_failure", "payment_failure_refund":
		return "refund"
	}
	return "dispute"
}
