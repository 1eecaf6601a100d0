package truth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/tollgate/models"
)

// Queue is a table of what is owed.
type Queue struct {
	Table   string
	Waiting string // the condition for a row that is still to be done
	Failed  string // the condition for one that did not end well
}

// Queues is the table of these tables. Once everything is quiet, no row of any meets either condition.
func Queues() []Queue {
	return []Queue{
		{"webhook_events", "state = 'pending'", "state NOT IN ('pending', 'done', 'ignored')"},
		{"customer_sync", "dirty_seq > synced_seq AND dead_at IS NULL", "dead_at IS NOT NULL"},
		{"stripe_ops", "state = 'pending'", "state = 'dead'"},
		{"mails", "state = 'pending'", "state = 'dead'"},
	}
}

// Doubles finds the plans that somebody has beside their first one. A second may stay beside one that does not surely
// give its owner anything, or when it has been paid for so long that a person must decide.
func (t Customer) Doubles() (wrong []string) {
	live := slices.DeleteFunc(slices.Clone(t.Subs), func(s Object) bool {
		return slices.Contains([]string{"canceled", "incomplete", "incomplete_expired"}, s.Str("status"))
	})
	slices.SortStableFunc(live, func(a, b Object) int { return int(a.Num("start_date") - b.Num("start_date")) })
	for i, sub := range live {
		if i > 0 && !t.tolerated(live[0], sub) {
			wrong = append(wrong, fmt.Sprintf("two live plans: %s (%s) and %s (%s)", live[0].Str("id"), live[0].Str("status"),
				sub.Str("id"), sub.Str("status")))
		}
	}
	return wrong
}

func (t Customer) tolerated(first, second Object) bool {
	sure := first.Str("status") == "trialing" || first.Str("status") == "active" && !t.unpaidFirst(first)
	return !sure || t.At.Sub(unix(second, "start_date")) > 7*day
}

// Mails holds an account's mails against its facts, and both against its payments at Stripe: a mail about money is owed
// by a fact, and a fact owes one. When a fact was recorded is asked of it by the business clock.
func (t Customer) Mails(facts []models.Fact, mails []models.Mail) (wrong []string) {
	known, count := map[string]models.Fact{}, map[string]int{}
	for _, f := range facts {
		known[f.FactKey] = f
	}
	for _, m := range mails {
		key, owed := strings.CutPrefix(m.DedupeKey, "fact:")
		if _, found := known[strings.TrimSuffix(key, ":"+m.ToAddress)]; owed && !found {
			wrong = append(wrong, fmt.Sprintf("the mail %s is owed by no fact", m.DedupeKey))
		}
		count[m.DedupeKey]++
	}
	for key, f := range known {
		_, back := known[f.ObjectID+":refund_failed:"] // of a refund that came back before it was heard of nobody is told
		if n := count["fact:"+key]; mailed(f) && n != 1 && !(n == 0 && back) {
			wrong = append(wrong, fmt.Sprintf("%d mails for %s", n, key))
		}
	}
	for _, invoice := range t.Invoices {
		key := invoice.Str("id") + ":invoice_paid:"
		if _, found := known[key]; invoice.Str("status") == "paid" && invoice.Num("amount_paid") > 0 && !found {
			wrong = append(wrong, fmt.Sprintf("the invoice %s was paid, and no fact says so", invoice.Str("id")))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// mailed reports whether a fact owes a mail whatever else is the case. One that became known so late that it is no news
// any more owes none.
func mailed(f models.Fact) bool {
	if f.RecordedAt.Sub(f.OccurredAt) > news {
		return false
	}
	switch f.Type {
	case "invoice_paid":
		return f.Amount > 0
	case "refunded", "resumed", "trial_refused":
		return true
	}
	return false
}

// Ledger compares what the books say, by currency, with what Stripe's balance transactions do.
func Ledger(facts []models.Fact, disputes []models.Dispute, balance []Object) (wrong []string) {
	ours, stripe := map[string]int64{}, map[string]int64{}
	for _, f := range facts {
		switch f.Type {
		case "invoice_paid":
			ours[f.Currency+" charges"] += f.Amount
		case "refunded":
			ours[f.Currency+" refunds"] -= f.Amount
		case "refund_failed":
			ours[f.Currency+" refunds"] += f.Amount
		}
	}
	for _, d := range disputes {
		if !strings.HasPrefix(d.Status, "warning_") && d.Status != "won" {
			ours[d.Currency+" disputes"] -= d.Amount
		}
	}
	for _, txn := range balance {
		key := txn.Str("currency") + " " + category(txn.Str("type"))
		stripe[key] += txn.Num("amount")
		ours[key] += 0
	}
	for _, key := range slices.Sorted(maps.Keys(ours)) {
		if ours[key] != stripe[key] {
			wrong = append(wrong, fmt.Sprintf("the ledger says %d for %s, and Stripe %d", ours[key], key, stripe[key]))
		}
	}
	return wrong
}

// category is the kind of a balance transaction in the ledger's words.
func category(kind string) string {
	switch kind {
	case "charge", "payment":
		return "charges"
	case "refund", "payment_refund", "refund_failure", "payment_failure_refund":
		return "refunds"
	}
	return "disputes"
}
