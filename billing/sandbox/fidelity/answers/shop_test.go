package answers

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// shop is one customer with a good card at a sandbox of their own, and what a case of the table does with them.
type shop struct {
	*lab.Lab
	t        testing.TB
	customer string
	product  string
	sub      lab.Object
}

func open(t testing.TB, start string) *shop {
	t.Helper()
	l, err := lab.New(start, func(o *sandbox.Options) {
		// The judges of captures see these cases too.
		o.CaptureDir, o.CaptureName = os.Getenv(sandbox.CapturesEnv), t.Name()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s := &shop{Lab: l, t: t}
	s.customer = s.post("/v1/customers", "payment_method", "pm_card_visa",
		"invoice_settings[default_payment_method]", "pm_card_visa").ID()
	s.product = s.post("/v1/products", "name", "Fonts").ID()
	return s
}

func (s *shop) post(path string, form ...string) lab.Object {
	s.t.Helper()
	o, err := s.Post(path, form...)
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *shop) get(path string, query ...string) lab.Object {
	s.t.Helper()
	o, err := s.Get(path, query...)
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// price makes a price of so many minor units a month, unless the form says otherwise.
func (s *shop) price(unit int64, form ...string) string {
	s.t.Helper()
	all := []string{"product", s.product}
	if unit > 0 {
		all = append(all, "unit_amount", strconv.FormatInt(unit, 10))
	}
	for key, value := range map[string]string{"currency": "usd", "recurring[interval]": "month"} {
		if !strings.Contains(" "+strings.Join(form, " ")+" ", " "+key+" ") {
			all = append(all, key, value)
		}
	}
	return s.post("/v1/prices", append(all, form...)...).ID()
}

// tiers makes the price of Stripe's example: 7 dollars for the first five, 6.50 for the next, and 6 from the eleventh.
func (s *shop) tiers(mode string) string {
	return s.price(0, "billing_scheme", "tiered", "tiers_mode", mode, "tiers[0][up_to]", "5", "tiers[0][unit_amount]", "700",
		"tiers[1][up_to]", "10", "tiers[1][unit_amount]", "650", "tiers[2][up_to]", "inf", "tiers[2][unit_amount]", "600")
}

// subscribe begins a subscription to one price.
func (s *shop) subscribe(price string, quantity int64, form ...string) {
	s.t.Helper()
	s.sub = s.post("/v1/subscriptions", append([]string{
		"customer", s.customer, "items[0][price]", price, "items[0][quantity]", strconv.FormatInt(quantity, 10),
	}, form...)...)
}

// to moves the clock to a moment.
func (s *shop) to(moment string) {
	s.t.Helper()
	at, err := lab.Moment(moment)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.AdvanceTo(at.Unix()); err != nil {
		s.t.Fatal(err)
	}
}

// swap moves the subscription to another price.
func (s *shop) swap(price string, form ...string) {
	s.t.Helper()
	s.sub = s.post("/v1/subscriptions/"+s.sub.ID(), append([]string{
		"items[0][id]", s.sub.Str("items.data.0.id"), "items[0][price]", price,
	}, form...)...)
}

func (s *shop) cancel(form ...string) {
	s.t.Helper()
	if _, err := s.Delete("/v1/subscriptions/"+s.sub.ID(), form...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) off(form ...string) string {
	s.t.Helper()
	return s.post("/v1/coupons", form...).ID()
}

func (s *shop) taxed(percent string, inclusive bool) string {
	s.t.Helper()
	return s.post("/v1/tax_rates", "display_name", "Tax", "percentage", percent, "inclusive",
		strconv.FormatBool(inclusive)).ID()
}

// credit moves the customer's balance: negative is what they have, positive what they owe.
func (s *shop) credit(amount int64) {
	s.t.Helper()
	s.post("/v1/customers/"+s.customer+"/balance_transactions", "amount", strconv.FormatInt(amount, 10), "currency", "usd")
}

// bill invoices an amount that belongs to no subscription.
func (s *shop) bill(amount int64) {
	s.t.Helper()
	s.post("/v1/invoiceitems", "customer", s.customer, "currency", "usd", "amount", strconv.FormatInt(amount, 10))
	inv := s.post("/v1/invoices", "customer", s.customer, "pending_invoice_items_behavior", "include")
	s.post("/v1/invoices/" + inv.ID() + "/finalize")
}

// basket subscribes to two prices at once.
func (s *shop) basket(first, second int64, form ...string) {
	s.t.Helper()
	s.subscribe(s.price(first), 1, append(form, "items[1][price]", s.price(second))...)
}

// facts are what a case expects: each key is something that observe can see.
type facts map[string]any

// observe reads one fact off the sandbox: of the latest invoice unless its name says otherwise.
func (s *shop) observe(key string) any {
	s.t.Helper()
	invoices, err := s.All("/v1/invoices", "customer", s.customer)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(invoices)
	last := lab.Object{}
	if len(invoices) > 0 {
		last = invoices[len(invoices)-1]
	}
	// The documents do not say in which order lines of the same second stand: the smallest amount comes first here.
	lines := last.List("lines")
	slices.SortStableFunc(lines, func(a, b lab.Object) int { return cmp.Compare(a.Int("amount"), b.Int("amount")) })
	switch key {
	case "balance":
		return s.get("/v1/customers/" + s.customer).Int("balance")
	case "status":
		return s.get("/v1/subscriptions/" + s.sub.ID()).Str("status")
	case "invoice":
		return last.Str("status")
	case "invoices":
		return int64(len(invoices))
	case "totals", "dues":
		field := map[string]string{"totals": "total", "dues": "amount_due"}[key]
		return each(invoices, func(inv lab.Object) int64 { return inv.Int(field) })
	case "billed on":
		days := []string{}
		for _, inv := range invoices {
			days = append(days, time.Unix(inv.Int("created"), 0).UTC().Format("Jan 2 2006"))
		}
		return strings.Join(days, ", ")
	case "lines":
		return each(lines, func(line lab.Object) int64 { return line.Int("amount") })
	case "line texts":
		texts := []string{}
		for _, line := range lines {
			texts = append(texts, line.Str("description"))
		}
		return strings.Join(texts, "; ")
	case "discounts", "taxes":
		field := map[string]string{"discounts": "discount_amounts", "taxes": "tax_amounts"}[key]
		return each(lines, func(line lab.Object) (sum int64) {
			for _, part := range line.List(field) {
				sum += part.Int("amount")
			}
			return sum
		})
	case "paid by card":
		charge := s.get("/v1/charges/" + last.Str("charge"))
		return charge.Int("amount")
	default:
		return last.Int(key)
	}
}

func each(objects []lab.Object, amount func(lab.Object) int64) string {
	out := []string{}
	for _, o := range objects {
		out = append(out, strconv.FormatInt(amount(o), 10))
	}
	return strings.Join(out, " ")
}

// differences compares what is expected with what is there.
func (s *shop) differences(want facts) []string {
	var out []string
	for key, expected := range want {
		if n, ok := expected.(int); ok {
			expected = int64(n)
		}
		if got := s.observe(key); got != expected {
			out = append(out, fmt.Sprintf("%s: %v, and the document says %v", key, got, expected))
		}
	}
	return out
}
