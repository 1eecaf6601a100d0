package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// purchase is what a coupon or a promotion code is about to be redeemed on, as far as their limits ask for it.
type purchase struct {
	currency string // "" while nothing says in what will be paid.
	amount   int64  // What it comes to before discounts, in minor units.
	// order are the lines of a checkout, of which a coupon for certain products must fit one. It is nil where items may
	// still come.
	order []Object
	// open names a redemption whose amount is not fixed by it. No code with a minimum can be redeemed there.
	open string
}

// The redemptions whose amount may still change.
const (
	onUpdate   = "subscription update"
	onSchedule = "subscription schedule"
	onCustomer = "customer"
)

// purchase is the bill as something to redeem a discount on.
func (b *bill) purchase() purchase {
	return purchaseOf(b.currency, b.lines)
}

func purchaseOf(currency string, lines []Object) purchase {
	p := purchase{currency: currency}
	for _, line := range lines {
		p.amount += line.Int("amount")
	}
	return p
}

// sessionPurchase is what a checkout session sells now; a trial makes it cheaper.
func sessionPurchase(tx *Tx, s Object) (purchase, error) {
	b, err := sessionBill(tx, s)
	if err != nil {
		return purchase{}, err
	}
	p := b.purchase()
	p.order = b.lines
	return p, nil
}

// mustSuit refuses discounts whose currency, products or minimum do not suit a purchase.
func mustSuit(sources []discountSource, p purchase) error {
	for _, src := range sources {
		if err := src.suits(p); err != nil {
			return err
		}
	}
	return nil
}

func (src discountSource) suits(p purchase) error {
	if p.currency != "" && !takesOffIn(src.coupon, p.currency) {
		return invalidf(src.param, "The coupon specified only supports `%s`. This doesn't match the expected currency: `%s`.",
			strings.Join(couponCurrencies(src.coupon), "`, `"), p.currency)
	}
	fits := func(line Object) bool { return discountable(line, src.coupon) }
	if len(p.order) > 0 && !slices.ContainsFunc(p.order, fits) {
		return invalidf(src.param, "This coupon cannot be redeemed because it does not apply to anything in this order.").
			withCode("coupon_applies_to_nothing")
	}
	limits := src.promotion.Obj("restrictions")
	if limits.Int("minimum_amount") == 0 {
		return nil
	}
	if p.open != "" {
		return invalidf(src.param, "This promotion code cannot be redeemed on a %s because it uses the `minimum_amount` "+
			"restriction and the amount may change.", p.open)
	}
	if least, ok := minimumIn(limits, p.currency); !ok || p.amount < least {
		return invalidf(src.param, "This promotion code cannot be redeemed because the associated purchase does not meet "+
			"the minimum amount requirement.")
	}
	return nil
}

// minimumIn is the smallest purchase that a promotion code admits in a currency. Without one in that currency it admits
// none.
func minimumIn(limits Object, currency string) (int64, bool) {
	if limits.Str("minimum_amount_currency") == currency {
		return limits.Int("minimum_amount"), true
	}
	path := "currency_options." + currency + ".minimum_amount"
	return limits.Int(path), limits.Has(path)
}

// takesOffIn reports whether a coupon knows what it takes off in a currency.
func takesOffIn(coupon Object, currency string) bool {
	return !coupon.Has("amount_off") || slices.Contains(couponCurrencies(coupon), currency)
}

// couponCurrencies are the currencies of a coupon for an amount, its own first.
func couponCurrencies(coupon Object) []string {
	out := []string{coupon.Str("currency")}
	for _, other := range slices.Sorted(maps.Keys(coupon.Obj("currency_options"))) {
		if other != out[0] {
			out = append(out, other)
		}
	}
	return out
}

// usableCoupon finds a coupon that can still be redeemed.
func usableCoupon(tx *Tx, id, param string) (Object, error) {
	c, err := tx.Ref("coupon", id, param)
	if err != nil {
		return nil, err
	}
	if at := c.Int("redeem_by"); !c.Bool("valid") || (at > 0 && at <= tx.Now()) {
		return nil, invalidf(param, "Coupon expired: %s", id).withCode("coupon_expired")
	}
	return c, nil
}

// usableCode checks that a customer may redeem a promotion code at all. What it asks of the purchase is for mustSuit.
func usableCode(tx *Tx, o, customer Object, param string) error {
	if limit := o.Int("max_redemptions"); limit > 0 && o.Int("times_redeemed") >= limit {
		return invalidf(param, "This promotion code cannot be redeemed because it has been used the maximum number of "+
			"times.").withCode("promotion_code_inactive")
	}
	if at := o.Int("expires_at"); at > 0 && at <= tx.Now() {
		return invalidf(param, "This promotion code has expired.").withCode("promotion_code_expired")
	}
	if !o.Bool("active") {
		return invalidf(param, "This promotion code is not active.").withCode("promotion_code_inactive")
	}
	if owner := o.Str("customer"); owner != "" && owner != customer.ID() {
		return invalidf(param, "This promotion code cannot be redeemed by this customer.")
	}
	if o.Bool("restrictions.first_time_transaction") {
		return firstTime(tx, customer, param)
	}
	return nil
}

// firstTime refuses customers who have paid for something before.
func firstTime(tx *Tx, customer Object, param string) error {
	if customer.ID() == "" {
		return nil
	}
	paid, err := tx.Find("invoice", Query{Customer: customer.ID(), Where: map[string]string{"status": "paid"}})
	if err != nil {
		return err
	}
	bought := slices.ContainsFunc(paid, func(inv Object) bool { return inv.Int("amount_paid") > 0 })
	if !bought {
		charges, err := tx.Find("charge", Query{
			Customer: customer.ID(), Where: map[string]string{"status": "succeeded"}, Limit: 1,
		})
		if err != nil {
			return err
		}
		bought = len(charges) > 0
	}
	if bought {
		return invalidf(param, "This promotion code cannot be redeemed because the associated customer has prior "+
			"transactions.").withCode("promotion_code_customer_not_first_time")
	}
	return nil
}

// readDiscounts reads the three ways in which a request gives discounts, and refuses those that do not suit what they
// are for.
func readDiscounts(tx *Tx, p Params, customer Object, on purchase) ([]discountSource, error) {
	out, err := readSources(tx, p, customer)
	if err != nil {
		return nil, err
	}
	return out, mustSuit(out, on)
}

// readSources is readDiscounts before it is known what they are for.
func readSources(tx *Tx, p Params, customer Object) ([]discountSource, error) {
	var out []discountSource
	for _, from := range append([]Params{p}, p.Subs("discounts")...) {
		src, err := readSource(tx, customer, from)
		if err != nil {
			return nil, err
		}
		if src.coupon != nil {
			out = append(out, src)
		}
	}
	return out, nil
}

// readSource finds the coupon, or the promotion code and its coupon, that a request names, and nothing if it names none.
func readSource(tx *Tx, customer Object, p Params) (discountSource, error) {
	if id := p.Str("promotion_code"); id != "" {
		o, err := tx.Ref("promotion_code", id, p.Path("promotion_code"))
		if err != nil {
			return discountSource{}, err
		}
		return codeSource(tx, o, customer, p.Path("promotion_code"))
	}
	if p.Str("coupon") == "" {
		return discountSource{}, nil
	}
	c, err := usableCoupon(tx, p.Str("coupon"), p.Path("coupon"))
	return discountSource{coupon: c, param: p.Path("coupon")}, err
}

// codeSource is what a promotion code stands for, if a customer may redeem it.
func codeSource(tx *Tx, code, customer Object, param string) (discountSource, error) {
	if err := usableCode(tx, code, customer, param); err != nil {
		return discountSource{}, err
	}
	c, err := usableCoupon(tx, code.Str("coupon.id"), param)
	return discountSource{coupon: c, promotion: code, param: param}, err
}
