// Package money is the arithmetic of the sandbox: prices, tiers, prorations, discounts, taxes and
// billing calendars.
//
// Every function is pure. Amounts are int64 in the currency's minor unit; anything finer (a unit price
// of 0.005 cents, a percentage, a fraction of a period) is a big.Rat until the one rounding at the end.
// There is no floating point here, so the same inputs give the same cent on every machine, and what a
// preview shows is what the invoice later charges.
package money

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// ErrRange says that a result does not fit into an int64 amount.
var ErrRange = errors.New("money: amount out of range")

// maxDecimalLength bounds the text ParseDecimal accepts: 12 digits of fraction and room for any amount.
const maxDecimalLength = 40

// ParseDecimal reads a decimal such as "1500", "0.5" or "12.345678901234". It refuses exponents,
// fractions and anything longer than a price can be, all of which big.Rat alone would accept.
func ParseDecimal(s string) (*big.Rat, error) {
	if s == "" || len(s) > maxDecimalLength || strings.Trim(s, "-0123456789.") != "" {
		return nil, fmt.Errorf("money: %q is not a decimal", s)
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("money: %q is not a decimal", s)
	}
	return r, nil
}

// Round rounds half away from zero, which is what Stripe calls half-up: a credit of 0.5 rounds to the
// same cent as the charge it takes back.
func Round(r *big.Rat) (int64, error) {
	num, den := new(big.Int).Abs(r.Num()), r.Denom()
	twice := new(big.Int).Lsh(num, 1)
	twice.Add(twice, den)
	out := new(big.Int).Quo(twice, new(big.Int).Lsh(den, 1))
	if r.Sign() < 0 {
		out.Neg(out)
	}
	if !out.IsInt64() {
		return 0, ErrRange
	}
	return out.Int64(), nil
}

// share returns amount * num/den as an exact rational.
func share(amount, num, den int64) *big.Rat {
	r := new(big.Rat).SetFrac(big.NewInt(num), big.NewInt(den))
	return r.Mul(r, new(big.Rat).SetInt64(amount))
}
