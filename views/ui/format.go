package ui

import (
	"strings"
	"time"

	"github.com/bojanz/currency"

	"example.com/tollgate/billing/plan"
)

// Format writes amounts, numbers and dates for one reader. The zero value writes American English
// in UTC.
type Format struct {
	Locale string
	Zone   *time.Location
}

func (f Format) locale() string {
	if f.Locale == "" {
		return "en-US"
	}
	return f.Locale
}

func (f Format) in(t time.Time) time.Time {
	if f.Zone == nil {
		return t.UTC()
	}
	return t.In(f.Zone)
}

// Money writes an amount with its cents.
func (f Format) Money(m plan.Money) string { return m.Format(f.locale()) }

// Price writes an amount as it is advertised, without cents where they are zero.
func (f Format) Price(m plan.Money) string { return m.Short(f.locale()) }

// Number groups digits as the locale does. It borrows the rule from the formatter of amounts, so
// that there is one table of locales in the program and not two.
func (f Format) Number(n int64) string {
	amount, err := currency.NewAmountFromInt64(n, "JPY")
	if err != nil {
		return "?"
	}
	formatter := currency.NewFormatter(currency.NewLocale(f.locale()))
	formatter.CurrencyDisplay = currency.DisplayNone
	return strings.TrimSpace(formatter.Format(amount))
}

// dateLayout has month names only for English, because the words on the page are English; other
// readers get the digits in the order they are used to.
func (f Format) dateLayout() string {
	locale := f.locale()
	language, _, _ := strings.Cut(locale, "-")
	switch {
	case locale == "en-US" || locale == "en":
		return "Jan 2, 2006"
	case language == "en":
		return "2 Jan 2006"
	}
	switch language {
	case "de", "da", "nb", "fi", "cs", "pl", "ru", "tr":
		return "02.01.2006"
	case "fr", "es", "it", "pt":
		return "02/01/2006"
	case "nl":
		return "02-01-2006"
	case "ja", "zh":
		return "2006/01/02"
	}
	return "2006-01-02"
}

// Date writes a day.
func (f Format) Date(t time.Time) string { return f.in(t).Format(f.dateLayout()) }

// DateTime writes a day and a time to the minute.
func (f Format) DateTime(t time.Time) string {
	clock := "15:04"
	if f.locale() == "en-US" || f.locale() == "en" {
		clock = "3:04 PM"
	}
	return f.in(t).Format(f.dateLayout() + ", " + clock)
}

// Day writes a day without its year, for the axis of a chart.
func (f Format) Day(t time.Time) string {
	if f.locale() == "en-US" || f.locale() == "en" {
		return f.in(t).Format("Jan 2")
	}
	return f.in(t).Format("2 Jan")
}

// Machine writes a time for the datetime attribute.
func Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Count writes a number with the word that fits it: "1 project", "3 projects".
func (f Format) Count(n int64, one, many string) string {
	if n == 1 {
		return f.Number(n) + " " + one
	}
	return f.Number(n) + " " + many
}
