package properties

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// booksAgree is the property that after two years of whatever customers and merchants do, everything adds up: each
// invoice, the customer's balance, the account's ledger, and the story that the events tell.
func booksAgree(t *rapid.T, l *lab.Lab) error {
	w, err := found(l, drawSetting(t, true))
	if err != nil {
		return err
	}
	end := w.Start + 2*365*86_400
	for w.Now() < end {
		if err := w.do(drawOp(t)); err != nil {
			return err
		}
		wait := pick(t, "pause", 0, 0, 1, 7, 20, 31, 62, number(t, "any pause", 1, 40))
		if err := w.Advance(time.Duration(wait) * 24 * time.Hour); err != nil {
			return err
		}
	}
	return w.audit()
}

// audit holds everything that is there against everything that must be so.
func (w *world) audit() error {
	invoices, err := w.All("/v1/invoices")
	if err != nil {
		return err
	}
	events, err := w.Events()
	if err != nil {
		return err
	}
	failures := []error{w.balanceAgrees(), w.ledgerAgrees(invoices), periodsOnce(invoices), storyAgrees(events)}
	for _, inv := range invoices {
		if err := addsUp(inv); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w\n%s", inv.ID(), err, bill(inv)))
		}
	}
	return errors.Join(failures...)
}

// addsUp checks one invoice: lines, discounts and taxes against its totals.
func addsUp(inv lab.Object) error {
	var subtotal, net, exclusive, tax int64
	for _, line := range inv.List("lines") {
		subtotal += line.Int("amount")
		left := line.Int("amount")
		for _, d := range line.List("discount_amounts") {
			left -= d.Int("amount")
		}
		if line.Int("amount") > 0 && left < 0 {
			return fmt.Errorf("line %s is discounted below nothing", line.ID())
		}
		net += left
		for _, part := range line.List("tax_amounts") {
			tax += part.Int("amount")
			if !part.Bool("inclusive") {
				exclusive += part.Int("amount")
			}
		}
	}
	due := inv.Int("total") + inv.Int("starting_balance")
	if due < 50 {
		due = 0
	}
	for _, check := range []struct {
		what      string
		got, want int64
	}{
		{"subtotal", inv.Int("subtotal"), subtotal},
		{"total", inv.Int("total"), net + exclusive},
		{"tax", inv.Int("tax"), tax},
		{"amount_due", inv.Int("amount_due"), due},
		{"amount_paid and amount_remaining", inv.Int("amount_paid") + inv.Int("amount_remaining"), inv.Int("amount_due")},
	} {
		if check.got != check.want {
			return fmt.Errorf("%s is %d and should be %d", check.what, check.got, check.want)
		}
	}
	if inv.Str("status") == "paid" && inv.Int("amount_remaining") != 0 {
		return errors.New("it is paid, and something remains")
	}
	return nil
}

// balanceAgrees checks that the customer's balance is the sum of the transactions that explain it, one on the other.
func (w *world) balanceAgrees() error {
	c, err := w.Get("/v1/customers/" + w.customer)
	if err != nil {
		return err
	}
	moves, err := w.All("/v1/customers/" + w.customer + "/balance_transactions")
	if err != nil {
		return err
	}
	var sum int64
	for i := len(moves) - 1; i >= 0; i-- {
		if sum += moves[i].Int("amount"); sum != moves[i].Int("ending_balance") {
			return fmt.Errorf("%s ends at %d and not at %d", moves[i].ID(), moves[i].Int("ending_balance"), sum)
		}
	}
	if sum != c.Int("balance") {
		return fmt.Errorf("the customer's balance is %d, and their transactions make %d", c.Int("balance"), sum)
	}
	return nil
}

// ledgerAgrees checks that what the invoices say was paid, less what was refunded or disputed, is what the account's
// balance transactions add up to.
func (w *world) ledgerAgrees(invoices []lab.Object) error {
	var paid, kept, booked int64
	for _, inv := range invoices {
		if inv.Str("status") == "paid" && !inv.Bool("paid_out_of_band") {
			paid += inv.Int("amount_paid")
		}
	}
	charges, err := w.All("/v1/charges")
	if err != nil {
		return err
	}
	var charged int64
	for _, c := range charges {
		if c.Str("status") == "succeeded" {
			charged += c.Int("amount_captured")
			kept += c.Int("amount_captured") - c.Int("amount_refunded")
		}
	}
	moves, err := w.All("/v1/balance_transactions")
	if err != nil {
		return err
	}
	for _, m := range moves {
		booked += m.Int("amount")
		if m.Int("net") != m.Int("amount")-m.Int("fee") {
			return fmt.Errorf("%s: net %d of %d less %d", m.ID(), m.Int("net"), m.Int("amount"), m.Int("fee"))
		}
	}
	if paid != charged {
		return fmt.Errorf("invoices were paid with %d, and charges took %d", paid, charged)
	}
	if kept != booked {
		return fmt.Errorf("%d was taken and kept, and the balance transactions make %d", kept, booked)
	}
	return nil
}

// periodsOnce checks that no item's period was billed twice by invoices that count.
func periodsOnce(invoices []lab.Object) error {
	seen := map[string]string{}
	for _, inv := range invoices {
		if inv.Str("status") == "void" {
			continue
		}
		for _, line := range inv.List("lines") {
			if line.Str("type") != "subscription" || line.Bool("proration") {
				continue
			}
			key := fmt.Sprintf("%s from %d", line.Str("subscription_item"), line.Int("period.start"))
			if inv.Str("billing_reason") == "subscription_cycle" && seen[key] != "" {
				return fmt.Errorf("%s is billed by %s and by %s", key, seen[key], inv.ID())
			}
			if inv.Str("billing_reason") == "subscription_cycle" {
				seen[key] = inv.ID()
			}
		}
	}
	return nil
}
