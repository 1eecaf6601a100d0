package properties

import (
	"errors"
	"fmt"
	"strconv"

	"pgregory.net/rapid"

	"example.com/tollgate/billing/sandbox/fidelity/lab"
)

// priceSpec is a drawn price.
type priceSpec struct {
	Kind     string // flat, decimal, package, graduated or volume.
	Unit     int64  // Minor units.
	Interval string
	Count    int64
}

func (p priceSpec) form(currency, product string) []string {
	unit := strconv.FormatInt(p.Unit, 10)
	form := []string{
		"currency", currency, "product", product, "recurring[interval]", p.Interval,
		"recurring[interval_count]", strconv.FormatInt(p.Count, 10),
	}
	switch p.Kind {
	case "decimal":
		return append(form, "unit_amount_decimal", unit+".375")
	case "package":
		return append(form, "unit_amount", unit, "transform_quantity[divide_by]", "3", "transform_quantity[round]", "up")
	case "graduated", "volume":
		return append(form, "billing_scheme", "tiered", "tiers_mode", p.Kind,
			"tiers[0][up_to]", "2", "tiers[0][unit_amount]", unit,
			"tiers[1][up_to]", "7", "tiers[1][unit_amount]", strconv.FormatInt(p.Unit*4/5, 10), "tiers[1][flat_amount]", "150",
			"tiers[2][up_to]", "inf", "tiers[2][unit_amount_decimal]", strconv.FormatInt(p.Unit/2, 10)+".25")
	default:
		return append(form, "unit_amount", unit)
	}
}

// setting is what a case begins with.
type setting struct {
	Start    int64
	Currency string
	// Prices are two that share an interval, and two more that share another.
	Prices  []priceSpec
	Percent int64 // Of one coupon; the other takes Off away.
	Off     int64
	Months  int64
	Taxes   []string // Percentages; those that begin with = are inclusive.
	Balance int64
	Card    string
}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func number(t *rapid.T, label string, from, to int64) int64 {
	return rapid.Int64Range(from, to).Draw(t, label)
}

// starts are moments at which calendars are awkward, and one at which they are not.
func starts() []int64 {
	return []int64{
		1769853600, // 2026-01-31T10:00:00
		1772323199, // 2026-02-28T23:59:59
		1775001600, // 2026-04-01T00:00:00
		1798674301, // 2026-12-30T23:45:01
		1832810400, // 2028-01-30T02:00:00
		1835395200, // 2028-02-29T00:00:00
	}
}

// drawSetting draws the world of a case. Short periods make long lives expensive, so these do without them.
func drawSetting(t *rapid.T, long bool) setting {
	s := setting{
		Start:    pick(t, "start", starts()...),
		Currency: pick(t, "currency", "usd", "usd", "eur", "jpy"),
		Percent:  number(t, "percent", 1, 100), Off: number(t, "off", 1, 5000), Months: number(t, "months", 1, 5),
		Taxes:   pick(t, "taxes", nil, nil, []string{"19"}, []string{"=7.7"}, []string{"8.875", "1.25"}),
		Balance: pick[int64](t, "balance", 0, 0, -1700, 900),
		Card:    pick(t, "card", "pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail", ""),
	}
	first := pick(t, "interval", "month", "month", "week", "year")
	second := pick(t, "other interval", "year", "month", "day")
	if long {
		first, second = "month", pick(t, "long interval", "year", "month")
	}
	for _, p := range [][2]any{{first, int64(1)}, {first, int64(1)}, {second, int64(3)}, {second, int64(3)}} {
		every := p[1].(int64)
		if p[0] == "year" {
			every = 1
		}
		s.Prices = append(s.Prices, priceSpec{
			Kind: pick(t, "kind", "flat", "flat", "decimal", "package", "graduated", "volume"),
			Unit: pick[int64](t, "unit", 0, 1999, number(t, "any unit", 1, 30000)), Interval: p[0].(string), Count: every,
		})
	}
	return s
}

// world is a sandbox with one customer, and what a case has made in it so far. What is sold there is made when it is
// first asked for: most cases need little of it, and making it would be most of their time.
type world struct {
	*lab.Lab
	setting
	customer string
	made     map[string]string
	rates    []string
	subs     []string
	failure  error // Of what was made on the way.
}

// found makes the world of a setting in a sandbox that starts afresh.
func found(l *lab.Lab, s setting) (*world, error) {
	if err := l.Reset(s.Start); err != nil {
		return nil, err
	}
	w := &world{Lab: l, setting: s, made: map[string]string{}}
	form := []string{"email", "jo@example.com"}
	if s.Card != "" {
		form = append(form, "payment_method", s.Card, "invoice_settings[default_payment_method]", s.Card)
	}
	w.customer = w.create("/v1/customers", form...)
	for _, tax := range s.Taxes {
		inclusive, percentage := "false", tax
		if tax[0] == '=' {
			inclusive, percentage = "true", tax[1:]
		}
		w.rates = append(w.rates, w.create("/v1/tax_rates", "display_name", "Tax", "inclusive", inclusive, "percentage",
			percentage))
	}
	if s.Balance != 0 {
		w.create("/v1/customers/"+w.customer+"/balance_transactions", "amount", strconv.FormatInt(s.Balance, 10),
			"currency", s.Currency)
	}
	return w, w.failure
}

// create makes what cannot be refused, and returns its id.
func (w *world) create(path string, form ...string) string {
	o, err := w.Post(path, form...)
	if err != nil {
		w.failure = errors.Join(w.failure, fmt.Errorf("lay the ground: %w", err))
	}
	return o.ID()
}

func (w *world) once(name string, create func() string) string {
	if w.made[name] == "" {
		w.made[name] = create()
	}
	return w.made[name]
}

// price is one of the four prices of the setting, each of a product of its own.
func (w *world) price(i int64) string {
	i %= 4
	name := strconv.FormatInt(i, 10)
	return w.once("price "+name, func() string {
		return w.create("/v1/prices", w.Prices[i].form(w.Currency, w.product(name))...)
	})
}

func (w *world) product(name string) string {
	return w.once("product "+name, func() string {
		return w.create("/v1/products", "name", "Plan "+name, "id", "plan_"+name)
	})
}

// coupon is one of three: a percentage once, an amount for some months, and a percentage of one product for ever.
func (w *world) coupon(i int64) string {
	i %= 3
	return w.once("coupon "+strconv.FormatInt(i, 10), func() string {
		percent := strconv.FormatInt(w.Percent, 10)
		switch i {
		case 0:
			if w.Percent < 100 {
				percent += ".5"
			}
			return w.create("/v1/coupons", "percent_off", percent, "duration", "once", "id", "once")
		case 1:
			return w.create("/v1/coupons", "amount_off", strconv.FormatInt(w.Off, 10), "currency", w.Currency,
				"duration", "repeating", "duration_in_months", strconv.FormatInt(w.Months, 10), "id", "months")
		default:
			return w.create("/v1/coupons", "percent_off", percent, "duration", "forever",
				"applies_to[products][0]", w.product("1"), "id", "forever")
		}
	})
}

// card is a payment method of the customer's: one that always works, or one that saves and never does.
func (w *world) card(good bool) string {
	token := map[bool]string{true: "pm_card_visa", false: "pm_card_chargeCustomerFail"}[good]
	return w.once(token, func() string {
		return w.create("/v1/payment_methods/"+token+"/attach", "customer", w.customer)
	})
}

// refused reports whether an error is one that a client brought about: Stripe said no, and that is an answer. What
// the sandbox could not do is not.
func refused(err error) bool {
	var no *lab.Refusal
	return errors.As(err, &no) && no.Status < 500
}

// checked turns the refusals that random requests earn into nothing.
func checked(what string, err error) error {
	if err == nil || refused(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// choose returns the element that a drawn number stands for, or nothing when there is none.
func choose[T any](from []T, n int64) (chosen T, ok bool) {
	if len(from) == 0 {
		return chosen, false
	}
	return from[n%int64(len(from))], true
}
