package sandbox

import (
	"time"

	"example.com/tollgate/billing/sandbox/money"
)

// readAnchor reads when a new subscription's periods are to begin: at a time, or on a day of the month. It is 0 when
// they begin with the subscription.
func readAnchor(tx *Tx, p Params, spec *subscriptionSpec) (int64, error) {
	switch p.Str("billing_cycle_anchor") {
	case "now", "unchanged": // What a preview may say; a subscription that does not exist yet begins now anyway.
		return 0, nil
	}
	at, sent, err := p.Int("billing_cycle_anchor")
	if err != nil {
		return 0, err
	}
	config := p.Sub("billing_cycle_anchor_config")
	if sent && config != nil {
		return 0, invalidf("billing_cycle_anchor_config", "You may only specify one of these parameters: "+
			"billing_cycle_anchor, billing_cycle_anchor_config.")
	}
	every := interval(spec.items[0].price)
	if config != nil {
		return readAnchorConfig(tx, config, every, spec)
	}
	if !sent {
		return 0, nil
	}
	from := max(tx.Now(), spec.trialEnd)
	natural := every.Next(from, from)
	switch {
	case at <= tx.Now():
		return 0, invalidf("billing_cycle_anchor", "Invalid timestamp: must be an integer Unix timestamp in the "+
			"future")
	case at < spec.trialEnd:
		return 0, invalidf("billing_cycle_anchor", "billing_cycle_anchor cannot be before the end of the trial.")
	case at > natural:
		return 0, invalidf("billing_cycle_anchor", "billing_cycle_anchor cannot be later than next natural billing date "+
			"(%d) for plan", natural)
	}
	return at, nil
}

// backdateNew lets a new subscription have begun in the past. The whole periods that it has behind it are charged with
// its first invoice, unless nothing is to be prorated.
func backdateNew(tx *Tx, sub Object, p Params) error {
	at, sent, err := p.Int("backdate_start_date")
	if err != nil || !sent {
		return err
	}
	if at > tx.Now() {
		return invalidf("backdate_start_date", "Invalid timestamp: must be an integer Unix timestamp in the past")
	}
	if p.Has("billing_cycle_anchor") || p.Has("billing_cycle_anchor_config") {
		sub["start_date"] = at
		return nil
	}
	backdate(sub, at, tx.Now())
	elapsed, err := startItems(tx, sub, Object{"proration_behavior": p.Str("proration_behavior")})
	if err != nil {
		return err
	}
	return insertItems(tx, elapsed)
}

// readAnchorConfig finds the first day that fits the request's day of the month, month and time. A day that not every
// month has is anchored in a month that has it, so that the months after a short one come back to it.
func readAnchorConfig(tx *Tx, p Params, every money.Interval, spec *subscriptionSpec) (int64, error) {
	kept := Object{"day_of_month": nil, "hour": nil, "minute": nil, "month": nil, "second": nil}
	now := time.Unix(max(tx.Now(), spec.trialEnd), 0).UTC()
	part := map[string]int{"hour": now.Hour(), "minute": now.Minute(), "second": now.Second()}
	limits := map[string][2]int64{
		"day_of_month": {1, 31}, "month": {1, 12}, "hour": {0, 23}, "minute": {0, 59}, "second": {0, 59},
	}
	for key, limit := range limits {
		n, sent, err := p.Int(key)
		if err != nil {
			return 0, err
		}
		if !sent {
			continue
		}
		if n < limit[0] || n > limit[1] {
			return 0, invalidf(p.Path(key), "Invalid integer: %s must be between %d and %d.", key, limit[0], limit[1])
		}
		kept[key], part[key] = n, int(n)
	}
	if every.Unit != "month" && every.Unit != "year" {
		return 0, invalidf("billing_cycle_anchor_config", "billing_cycle_anchor_config is only supported for monthly and "+
			"yearly prices.")
	}
	spec.fields["billing_cycle_anchor_config"] = kept
	const years = 8 // After which every day of every month has come, the 29th of February included.
	for n := range years*12 + 1 {
		first := time.Date(now.Year(), now.Month()+time.Month(n), 1, part["hour"], part["minute"], part["second"], 0,
			time.UTC)
		at := first.AddDate(0, 0, part["day_of_month"]-1)
		if at.Month() == first.Month() && at.After(now) && (part["month"] == 0 || int(at.Month()) == part["month"]) {
			return at.Unix(), nil
		}
	}
	return 0, invalidf("billing_cycle_anchor_config", "There is no such day.")
}
