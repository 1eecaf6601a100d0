package money

import "errors"

// ErrPeriod says that a proration was asked for a period that has no length, or outside of it.
var ErrPeriod = errors.New("money: proration outside of its period")

// Prorate returns the part of amount that belongs to the rest of the period [start, end) from at on,
// counted by the second. Each line is rounded by itself: a switch is a rounded credit and a rounded
// charge, never the rounded difference, so the invoice adds up line by line.
func Prorate(amount, start, at, end int64) (int64, error) {
	if end <= start || at < start || at > end {
		return 0, ErrPeriod
	}
	return Round(share(amount, end-at, end-start))
}

// Scale returns amount times part over whole, rounded once. A whole of zero gives the amount itself.
func Scale(amount, part, whole int64) (int64, error) {
	if whole == 0 {
		return amount, nil
	}
	return Round(share(amount, part, whole))
}
