package money

import "time"

// Interval is the length of a billing period: Count times day, week, month or year.
type Interval struct {
	Unit  string
	Count int64
}

// maxPeriods bounds the search for a boundary. A daily price reaches more than 270 years with it.
const maxPeriods = 100_000

// Boundary is the nth period boundary after an anchor, in UTC. It is computed from the anchor and never
// from the boundary before it: a month that is too short clamps to its last day, and the month after
// returns to the anchor's day (31 January, 28 February, 31 March).
func (i Interval) Boundary(anchor, n int64) int64 {
	t := time.Unix(anchor, 0).UTC()
	step := int(n * i.Count)
	switch i.Unit {
	case "day":
		return t.AddDate(0, 0, step).Unix()
	case "week":
		return t.AddDate(0, 0, 7*step).Unix()
	case "year":
		return addMonths(t, 12*step).Unix()
	default:
		return addMonths(t, step).Unix()
	}
}

// Next is the first boundary after a moment, counted from the anchor in both directions.
func (i Interval) Next(anchor, after int64) int64 {
	n := i.guess(anchor, after)
	for steps := 0; steps < maxPeriods && i.Boundary(anchor, n) <= after; steps++ {
		n++
	}
	for steps := 0; steps < maxPeriods && i.Boundary(anchor, n-1) > after; steps++ {
		n--
	}
	return i.Boundary(anchor, n)
}

// Previous is the last boundary at or before a moment.
func (i Interval) Previous(anchor, at int64) int64 {
	n := i.guess(anchor, at)
	for steps := 0; steps < maxPeriods && i.Boundary(anchor, n) > at; steps++ {
		n--
	}
	for steps := 0; steps < maxPeriods && i.Boundary(anchor, n+1) <= at; steps++ {
		n++
	}
	return i.Boundary(anchor, n)
}

// guess lands within a few periods of a moment, so that the search above stays short.
func (i Interval) guess(anchor, at int64) int64 {
	seconds := map[string]int64{"day": 86_400, "week": 604_800, "year": 31_556_952}[i.Unit]
	if seconds == 0 {
		seconds = 2_629_746
	}
	if i.Count <= 0 {
		return 0
	}
	return (at - anchor) / (seconds * i.Count)
}

func addMonths(t time.Time, months int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC).AddDate(0, months, 0)
	lastDay := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), lastDay)-1)
}
