package sandbox

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/money"
)

// yearMonth splits a moment into its calendar year and month, in UTC.
func yearMonth(at int64) (year, month int64) {
	t := time.Unix(at, 0).UTC()
	return int64(t.Year()), int64(t.Month())
}

// priceOf turns a stored price into the arithmetic's form of it.
func priceOf(price Object) money.Price {
	out := money.Price{Unit: unitOf(price, "unit_amount"), Volume: price.Str("tiers_mode") == "volume"}
	for _, tier := range price.List("tiers") {
		out.Tiers = append(out.Tiers, money.Tier{
			UpTo: tier.Int("up_to"), Unit: unitOf(tier, "unit_amount"), Flat: unitOf(tier, "flat_amount"),
		})
	}
	if by := price.Int("transform_quantity.divide_by"); by > 0 {
		out.DivideBy = by
		out.RoundDown = price.Str("transform_quantity.round") == "down"
	}
	return out
}

// unitOf prefers the decimal form of an amount, which exists for every amount and is the exact one.
func unitOf(o Object, key string) *big.Rat {
	if text := o.Str(key + "_decimal"); text != "" {
		if r, err := money.ParseDecimal(text); err == nil {
			return r
		}
	}
	if o.Has(key) {
		return new(big.Rat).SetInt64(o.Int(key))
	}
	return nil
}

// amountIn is what a quantity of a price costs for one period in one of its currencies.
func amountIn(tx *Tx, price Object, quantity int64, currency string) (int64, error) {
	full, err := priceIn(tx, price, currency)
	if err != nil {
		return 0, err
	}
	amount, err := priceOf(full).Amount(quantity)
	if err != nil {
		return 0, fmt.Errorf("price %s: %w", price.ID(), err)
	}
	return amount, nil
}

// interval is how often a recurring price bills.
func interval(price Object) money.Interval {
	return money.Interval{
		Unit: price.Str("recurring.interval"), Count: max(1, price.Int("recurring.interval_count")),
	}
}

// metered reports whether a price is billed for usage after the period instead of a quantity before it.
func metered(price Object) bool { return price.Str("recurring.usage_type") == "metered" }

// productName is what lines call a price: its product's name.
func productName(tx *Tx, price Object) string {
	product, err := tx.load(price.Str("product"))
	if err != nil || product == nil {
		return ""
	}
	return product.Str("name")
}

// lineTextIn describes a subscription's line, such as "2 × Pro (at $79.00 / month)".
func lineTextIn(tx *Tx, price Object, quantity int64, currency string) string {
	name := productName(tx, price)
	full, err := priceIn(tx, price, currency)
	if err != nil {
		full = price
	}
	unit := unitOf(full, "unit_amount")
	if price.Str("billing_scheme") == "tiered" || unit == nil {
		return fmt.Sprintf("%d × %s", quantity, name)
	}
	return fmt.Sprintf("%d × %s (at %s / %s)", quantity, name, unitText(unit, currency), intervalText(price))
}

// unitText writes a unit's amount, with as many decimal places as it has.
func unitText(unit *big.Rat, currency string) string {
	if unit.IsInt() {
		return moneyText(unit.Num().Int64(), currency)
	}
	whole := moneyText(0, currency)
	prefix, places := strings.TrimRight(whole, "0."), 12
	if !zeroDecimal(currency) {
		unit, places = new(big.Rat).Quo(unit, big.NewRat(100, 1)), places+2
	}
	return prefix + strings.TrimRight(unit.FloatString(places), "0")
}

func intervalText(price Object) string {
	i := interval(price)
	if i.Count == 1 {
		return i.Unit
	}
	return fmt.Sprintf("every %d %ss", i.Count, i.Unit)
}

// zeroDecimal reports whether a currency has no minor unit, so that its amounts are not multiplied by 100.
func zeroDecimal(currency string) bool {
	return strings.Contains(" bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf ",
		" "+strings.ToLower(currency)+" ")
}

// moneyText writes an amount as Stripe's documents do.
func moneyText(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	symbol, ok := map[string]string{"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}[strings.ToLower(currency)]
	if !ok {
		symbol = strings.ToUpper(currency) + " "
	}
	if zeroDecimal(currency) {
		return fmt.Sprintf("%s%s%d", sign, symbol, amount)
	}
	return fmt.Sprintf("%s%s%d.%02d", sign, symbol, amount/100, amount%100)
}

// dayText writes a date as proration lines do.
func dayText(at int64) string { return time.Unix(at, 0).UTC().Format("2 Jan 2006") }

// trialLineText describes a subscription's line while it is on trial.
func trialLineText(tx *Tx, price Object, quantity int64) string {
	return fmt.Sprintf("Free trial for %d × %s", quantity, productName(tx, price))
}

func decimalText(amount int64) string { return strconv.FormatInt(amount, 10) }
