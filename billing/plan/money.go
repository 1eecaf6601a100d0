package plan

import (
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// Money is an amount in the minor units of its currency as Stripe's wire has them (cents for usd,
// whole yen for jpy). Currency is an ISO 4217 code in lower case.
type Money struct {
	Amount   int64
	Currency string
}

// wireDigits holds the currencies whose wire exponent differs from ISO 4217: Stripe counts two
// digits for them though they have none. Source: https://docs.stripe.com/currencies#special-cases
func wireDigits(currency string) (digits int, special bool) {
	switch strings.ToLower(currency) {
	case "isk", "ugx":
		return 2, true
	}
	return 0, false
}

// Format writes the amount for a reader of the given BCP 47 locale, such as "$29.00" for en-US.
// An unknown currency is written as its code and the bare number rather than refused, because an
// invoice page must always render.
func (m Money) Format(locale string) string { return m.format(locale, false) }

// Short is Format without the fraction where the fraction is zero, as prices are advertised: "$29".
func (m Money) Short(locale string) string { return m.format(locale, true) }

func (m Money) format(locale string, trim bool) string {
	code := strings.ToUpper(m.Currency)
	amount, err := currency.NewAmountFromInt64(m.Amount, code)
	if err != nil {
		return code + " " + decimal(m.Amount, 2)
	}
	f := currency.NewFormatter(currency.NewLocale(locale))
	if digits, special := wireDigits(m.Currency); special {
		if amount, err = currency.NewAmount(decimal(m.Amount, digits), code); err != nil {
			return code + " " + decimal(m.Amount, digits)
		}
	}
	if whole, err := amount.RoundTo(0, currency.RoundDown).Cmp(amount); trim && err == nil && whole == 0 {
		f.MinDigits = 0
	}
	return f.Format(amount)
}

// decimal places the decimal point in minor units without a float.
func decimal(minor int64, digits int) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	s := strconv.FormatInt(minor, 10)
	for len(s) <= digits {
		s = "0" + s
	}
	if digits == 0 {
		return sign + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}
