package pages

import (
	"strconv"
	"strings"
	"time"
)

// exponent is the number of decimal places in which a currency's minor unit is
// counted on Stripe's wire. Two is the rule; these are the exceptions.
func exponent(currency string) int {
	switch strings.ToLower(currency) {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3
	}
	return 2
}

func symbol(currency string) string {
	switch strings.ToLower(currency) {
	case "usd":
		return "$"
	case "eur":
		return "€"
	case "gbp":
		return "£"
	case "jpy":
		return "¥"
	case "inr":
		return "₹"
	case "aud":
		return "A$"
	case "cad":
		return "CA$"
	case "nzd":
		return "NZ$"
	case "brl":
		return "R$"
	}
	return strings.ToUpper(currency) + "\u00a0"
}

// Money prints an amount of minor units the way a bill shows it: $1,234.50.
func Money(amount int64, currency string) string {
	sign, digits := "", strconv.FormatInt(amount, 10)
	if amount < 0 {
		sign, digits = "−", digits[1:]
	}
	places := exponent(currency)
	for len(digits) <= places {
		digits = "0" + digits
	}
	whole, fraction := digits[:len(digits)-places], digits[len(digits)-places:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + symbol(currency) + whole + fraction
}

// Day prints a date in words, so that no reader confuses day and month.
func Day(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).UTC().Format("2 January 2006")
}

// Moment prints a time to the second, for logs.
func Moment(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).UTC().Format("2 Jan 2006, 15:04:05")
}

// Minute prints a time to the minute, with its zone.
func Minute(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2 Jan 2006, 15:04 UTC")
}

// Plural prints a count with its noun: "1 day", "14 days".
func Plural(count int64, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(count, 10) + " " + noun + "s"
}

// Count prints a whole number.
func Count(n int64) string { return strconv.FormatInt(n, 10) }

// spaced groups the digits of a card number as they stand on a card.
func spaced(number string) string {
	if len(number) == 15 {
		return number[:4] + " " + number[4:10] + " " + number[10:]
	}
	var b strings.Builder
	for i, r := range number {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Words turns a wire value such as past_due into words for a reader.
func Words(value string) string {
	words := strings.ReplaceAll(value, "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// brandMark is a card brand's name, short enough for its badge.
func brandMark(brand string) string {
	switch brand {
	case "mastercard":
		return "MC"
	case "amex", "visa", "jcb":
		return brand
	}
	return brand[:min(len(brand), 5)]
}

// initial is the letter that stands for a shop without a logo.
func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "·"
}

func itoa(n int) string { return strconv.Itoa(n) }
