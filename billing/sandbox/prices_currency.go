package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// priceIn reads a price as it stands in one of its currencies. It is read again from the store, since the copy that
// subscription items embed is the public one, without tiers and other currencies.
func priceIn(tx *Tx, price Object, currency string) (Object, error) {
	full, err := tx.load(price.ID())
	if err != nil {
		return nil, err
	}
	if full == nil || full.Bool("deleted") {
		full = price
	}
	return inCurrency(full, currency), nil
}

// inCurrency is a price as it stands in one of its currencies: its own, or one of its currency_options.
func inCurrency(price Object, currency string) Object {
	option := price.Obj("currency_options." + currency)
	if currency == price.Str("currency") || option == nil {
		return price
	}
	out := maps.Clone(price)
	for _, key := range []string{"unit_amount", "unit_amount_decimal", "tiers", "tax_behavior", "custom_unit_amount"} {
		out[key] = option[key]
	}
	out["currency"] = currency
	return out
}

// pricesIn reports whether a price can be paid in a currency.
func pricesIn(tx *Tx, price Object, currency string) (bool, error) {
	full, err := tx.load(price.ID())
	if err != nil {
		return false, err
	}
	return price.Str("currency") == currency || full.Has("currency_options."+currency), nil
}

// mustPriceIn refuses a price that cannot be paid in the currency that is expected.
func mustPriceIn(tx *Tx, price Object, currency, param string) error {
	ok, err := pricesIn(tx, price, currency)
	if err != nil || ok {
		return err
	}
	full, err := tx.load(price.ID())
	if err != nil {
		return err
	}
	known := []string{price.Str("currency")}
	for _, other := range slices.Sorted(maps.Keys(full.Obj("currency_options"))) {
		if other != known[0] {
			known = append(known, other)
		}
	}
	return invalidf(param, "The price specified only supports `%s`. This doesn't match the expected currency: `%s`.",
		strings.Join(known, "`, `"), currency)
}

// currencyFor is the currency in which a customer pays a price that nobody fixed one for: the one that they pay in
// already, where the price has it, and else the price's own.
func currencyFor(tx *Tx, price, customer Object) (string, error) {
	known, err := liveCurrency(tx, customer)
	if err != nil {
		return "", err
	}
	if known == "" {
		known = customer.Str("currency")
	}
	if known != "" {
		ok, err := pricesIn(tx, price, known)
		if err != nil || ok {
			return known, err
		}
	}
	return price.Str("currency"), nil
}

// liveCurrency is the currency that a customer is bound to, because something of theirs that bills in it is under way,
// or a discount of theirs has it, and "" when they are free.
func liveCurrency(tx *Tx, customer Object) (string, error) {
	bound, err := boundCurrency(tx, customer)
	return orText(bound, customer.Str("discount.coupon.currency")), err
}

// boundCurrency is liveCurrency without the discount.
func boundCurrency(tx *Tx, customer Object) (string, error) {
	if customer.ID() == "" {
		return "", nil
	}
	var newest int64
	bound := ""
	for _, row := range []struct{ kind, billing string }{
		{"subscription", `json_extract(data, '$.status') NOT IN ('canceled', 'incomplete_expired')`},
		{"invoiceitem", `json_extract(data, '$.invoice') IS NULL`},
		{"checkout.session", `json_extract(data, '$.status') = 'open' AND json_extract(data, '$.mode') = 'subscription'`},
	} {
		rows, err := tx.sql.about(row.kind)
		if err != nil {
			return "", err
		}
		var seq int64
		var currency string
		err = rows.QueryRow(`SELECT seq, json_extract(data, '$.currency') FROM objects
			WHERE customer <> '' AND customer = ? AND object = ? AND deleted = 0 AND `+row.billing+`
			ORDER BY seq DESC LIMIT 1`, customer.ID(), row.kind).Scan(&seq, &currency)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("find the currency of %s: %w", customer.ID(), err)
		}
		if seq > newest {
			newest, bound = seq, currency
		}
	}
	return bound, nil
}

// oneCurrency refuses to bill a customer in another currency than what is under way for them.
func oneCurrency(tx *Tx, customer Object, currency string) error {
	known, err := boundCurrency(tx, customer)
	if err != nil || known == currency {
		return err
	}
	if known == "" {
		if coupon := customer.Obj("discount.coupon"); takesOffIn(coupon, currency) {
			return nil
		}
		known = customer.Str("discount.coupon.currency")
	}
	return invalidf("", "You cannot combine currencies on a single customer. This customer has an active subscription, "+
		"subscription schedule, discount, quote, invoice item or active subscription mode checkout session with "+
		"currency %s.", known)
}

// rememberCurrency notes on a customer the currency of their latest invoice. It is called at the end of what brought
// the invoice about, since that is where Stripe's event for it comes.
func rememberCurrency(tx *Tx, customer, currency string) error {
	_, err := tx.Update("customer", customer, func(c Object) error {
		c["currency"] = currency
		return nil
	}, "customer.updated")
	return err
}
