package sandbox

import "strings"

func createPromotionCode(r *apiRequest) (Object, error) {
	p := r.Params
	if err := p.Require("coupon"); err != nil {
		return nil, err
	}
	coupon, err := r.Tx.Ref("coupon", p.Str("coupon"), "coupon")
	if err != nil {
		return nil, err
	}
	code := p.Str("code")
	if code == "" {
		code = strings.ToUpper(random(8))
	}
	if err := r.freeCode(code, p.Str("customer")); err != nil {
		return nil, err
	}
	o := r.Tx.Skeleton("promotion_code")
	o["code"], o["coupon"], o["active"], o["times_redeemed"] = code, r.Tx.Public(coupon), true, int64(0)
	p.Copy(o, "active", "max_redemptions", "expires_at")
	if limit, all := o.Int("max_redemptions"), coupon.Int("max_redemptions"); limit > 0 && all > 0 && limit > all {
		return nil, invalidf("max_redemptions", "A promotion code cannot be redeemed more often than its coupon.")
	}
	if id := p.Str("customer"); id != "" {
		if _, err := r.Tx.Ref("customer", id, "customer"); err != nil {
			return nil, err
		}
		o["customer"] = id
	}
	o["restrictions"] = Object{
		"first_time_transaction": false, "minimum_amount": nil, "minimum_amount_currency": nil,
	}
	if given := p.Sub("restrictions"); given != nil {
		given.Copy(o.Obj("restrictions"), "first_time_transaction", "minimum_amount", "minimum_amount_currency")
	}
	if o["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	if at := o.Int("expires_at"); at > 0 {
		if at <= r.Tx.Now() {
			return nil, invalidf("expires_at", "Invalid timestamp: must be an integer Unix timestamp in the future")
		}
		if err := r.Tx.Schedule(at, "promotion_code.expire", o.ID()); err != nil {
			return nil, err
		}
	}
	return o, r.Tx.Insert(o, "promotion_code.created")
}

// freeCode refuses a code that somebody can use already: codes are unique among the active ones, without regard to
// case.
func (r *apiRequest) freeCode(code, customer string) error {
	found, err := findCode(r.Tx, code)
	if err != nil || found == nil {
		return err
	}
	if found.Str("customer") == customer {
		return invalidf("code", "An active promotion code with `code: %s` already exists.", code).
			withCode("resource_already_exists")
	}
	return nil
}

// findCode finds the active promotion code by what a customer types.
func findCode(tx *Tx, code string) (Object, error) {
	active, err := tx.Find("promotion_code", Query{Where: map[string]string{"active": "true"}})
	if err != nil {
		return nil, err
	}
	for _, o := range active {
		if strings.EqualFold(o.Str("code"), strings.TrimSpace(code)) {
			return o, nil
		}
	}
	return nil, nil
}

func getPromotionCode(r *apiRequest) (Object, error) { return r.Tx.Get("promotion_code", r.ID) }

func listPromotionCodes(r *apiRequest) (Object, error) {
	q := Query{Customer: r.Params.Str("customer")}
	r.filters(&q, "active", "code")
	if id := r.Params.Str("coupon"); id != "" {
		if q.Where == nil {
			q.Where = map[string]string{}
		}
		q.Where["coupon.id"] = id
	}
	return r.list("promotion_code", q)
}

func updatePromotionCode(r *apiRequest) (Object, error) {
	return r.Tx.Update("promotion_code", r.ID, func(o Object) error {
		r.Params.Copy(o, "active")
		metadata, err := r.Params.Metadata(o.Obj("metadata"))
		o["metadata"] = metadata
		return err
	}, "promotion_code.updated")
}

// expirePromotionCode is the agenda's step at expires_at.
func expirePromotionCode(tx *Tx, id string) error {
	_, err := tx.Update("promotion_code", id, func(o Object) error {
		o["active"] = false
		return nil
	}, "promotion_code.updated")
	return err
}

// usableCode checks that a customer may redeem a promotion code on a purchase of an amount.
func usableCode(tx *Tx, o, customer Object, amount int64, param string) error {
	if !o.Bool("active") {
		return invalidf(param, "This promotion code is not active.").withCode("promotion_code_inactive")
	}
	if at := o.Int("expires_at"); at > 0 && at <= tx.Now() {
		return invalidf(param, "This promotion code has expired.").withCode("promotion_code_expired")
	}
	if owner := o.Str("customer"); owner != "" && owner != customer.ID() {
		return invalidf(param, "This promotion code cannot be redeemed by this customer.")
	}
	if least := o.Int("restrictions.minimum_amount"); least > 0 && amount >= 0 && amount < least {
		return invalidf(param, "This promotion code cannot be redeemed because the order does not reach the minimum of "+
			"%s.", moneyText(least, o.Str("restrictions.minimum_amount_currency")))
	}
	if o.Bool("restrictions.first_time_transaction") {
		return firstTime(tx, customer, param)
	}
	_, err := usableCoupon(tx, o.Str("coupon.id"), param)
	return err
}

// firstTime refuses customers who have paid for something before.
func firstTime(tx *Tx, customer Object, param string) error {
	if customer == nil {
		return nil
	}
	paid, err := tx.Find("invoice", Query{Customer: customer.ID(), Where: map[string]string{"status": "paid"}})
	if err != nil {
		return err
	}
	for _, inv := range paid {
		if inv.Int("amount_paid") > 0 {
			return invalidf(param, "This promotion code cannot be redeemed because the associated customer has prior "+
				"transactions.").withCode("promotion_code_customer_not_first_time")
		}
	}
	return nil
}

// readDiscounts reads the three ways in which a request gives discounts.
func readDiscounts(tx *Tx, p Params, customer Object) ([]discountSource, error) {
	var out []discountSource
	add := func(coupon, code, couponParam, codeParam string) error {
		src, err := readSource(tx, customer, coupon, code, couponParam, codeParam)
		if err == nil && src.coupon != nil {
			out = append(out, src)
		}
		return err
	}
	if err := add(p.Str("coupon"), p.Str("promotion_code"), p.Path("coupon"), p.Path("promotion_code")); err != nil {
		return nil, err
	}
	for _, d := range p.Subs("discounts") {
		if err := add(d.Str("coupon"), d.Str("promotion_code"), d.Path("coupon"), d.Path("promotion_code")); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readSource(tx *Tx, customer Object, coupon, code, couponParam, codeParam string) (discountSource, error) {
	if code != "" {
		o, err := tx.Ref("promotion_code", code, codeParam)
		if err != nil {
			return discountSource{}, err
		}
		if err := usableCode(tx, o, customer, -1, codeParam); err != nil {
			return discountSource{}, err
		}
		c, err := usableCoupon(tx, o.Str("coupon.id"), codeParam)
		return discountSource{coupon: c, promotion: o}, err
	}
	if coupon == "" {
		return discountSource{}, nil
	}
	c, err := usableCoupon(tx, coupon, couponParam)
	return discountSource{coupon: c}, err
}
