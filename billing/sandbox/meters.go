package sandbox

import (
	"fmt"
	"slices"
)

// The keys of an event's payload that a meter reads unless it was told others.
const (
	defaultCustomerKey = "stripe_customer_id"
	defaultValueKey    = "value"
)

// createMeter makes a meter. Only its display name can be changed later, since invoices are worked out by the rest.
func createMeter(r *apiRequest) (Object, error) {
	p := r.Params
	if err := oneActiveMeter(r.Tx, p.Str("event_name")); err != nil {
		return nil, err
	}
	meter := r.Tx.Skeleton("billing.meter")
	meter["status"], meter["updated"] = "active", r.Tx.Now()
	p.Copy(meter, "display_name", "event_name", "event_time_window", "default_aggregation")
	meter["customer_mapping"] = Object{
		"event_payload_key": orText(p.Sub("customer_mapping").Str("event_payload_key"), defaultCustomerKey),
		"type":              "by_id",
	}
	meter["value_settings"] = Object{
		"event_payload_key": orText(p.Sub("value_settings").Str("event_payload_key"), defaultValueKey),
	}
	return meter, r.Tx.Insert(meter)
}

// activeMeter finds the meter that takes an event's name, and nil when there is none.
func activeMeter(tx *Tx, eventName string) (Object, error) {
	found, err := tx.Find("billing.meter", Query{
		Where: map[string]string{"event_name": eventName, "status": "active"}, Limit: 1,
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// oneActiveMeter refuses a second active meter of the same event name, which would count everything twice.
func oneActiveMeter(tx *Tx, eventName string) error {
	known, err := activeMeter(tx, eventName)
	if err != nil || known == nil {
		return err
	}
	return invalidf("event_name", "An active meter already exists for event name '%s'. To create a new meter with the "+
		"same event name, first deactivate the currently active meter.", eventName)
}

func getMeter(r *apiRequest) (Object, error) { return r.Tx.Get("billing.meter", r.ID) }

func listMeters(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "status")
	return r.list("billing.meter", q)
}

func updateMeter(r *apiRequest) (Object, error) {
	return r.Tx.Update("billing.meter", r.ID, func(meter Object) error {
		r.Params.Copy(meter, "display_name")
		meter["updated"] = r.Tx.Now()
		return nil
	})
}

// deactivateMeter lets a meter take no more events. What it has counted stays, and is still billed.
func deactivateMeter(r *apiRequest) (Object, error) {
	return r.Tx.Update("billing.meter", r.ID, func(meter Object) error {
		if meter.Str("status") == "inactive" {
			return invalidf("", "This meter is already inactive.")
		}
		meter["status"], meter["updated"] = "inactive", r.Tx.Now()
		meter.Set("status_transitions.deactivated_at", r.Tx.Now())
		return nil
	})
}

func reactivateMeter(r *apiRequest) (Object, error) {
	return r.Tx.Update("billing.meter", r.ID, func(meter Object) error {
		if meter.Str("status") == "active" {
			return invalidf("", "This meter is already active.")
		}
		if err := oneActiveMeter(r.Tx, meter.Str("event_name")); err != nil {
			return err
		}
		meter["status"], meter["updated"] = "active", r.Tx.Now()
		meter.Set("status_transitions.deactivated_at", nil)
		return nil
	})
}

// listMeterSummaries adds a customer's usage up: over the whole span, or by the hour or the day, newest first.
func listMeterSummaries(r *apiRequest) (Object, error) {
	meter, err := r.Tx.Get("billing.meter", r.ID)
	if err != nil {
		return nil, err
	}
	customer, err := r.Tx.Ref("customer", r.Params.Str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	start, end, window, err := summarySpan(r.Params)
	if err != nil {
		return nil, err
	}
	found, err := summaries(r.Tx, meter, customer.ID(), start, end, window)
	if err != nil {
		return nil, err
	}
	return pageOf(r, found)
}

// summarySpan reads the span of a summary, whose ends must lie on full minutes, or on full hours or days when it is to
// be cut up into them.
func summarySpan(p Params) (start, end, window int64, err error) {
	if start, _, err = p.Int("start_time"); err != nil {
		return 0, 0, 0, err
	}
	if end, _, err = p.Int("end_time"); err != nil {
		return 0, 0, 0, err
	}
	if end <= start {
		return 0, 0, 0, invalidf("end_time", "The `end_time` must be after the `start_time`.")
	}
	unit, name := int64(60), "minute"
	switch p.Str("value_grouping_window") {
	case "hour":
		unit, window, name = hour, hour, "hour"
	case "day":
		unit, window, name = daySeconds, daySeconds, "UTC day"
	}
	for _, at := range []struct {
		key   string
		value int64
	}{{"start_time", start}, {"end_time", end}} {
		if at.value%unit != 0 {
			return 0, 0, 0, invalidf(at.key, "The `%s` must be aligned with %s boundaries.", at.key, name)
		}
	}
	if window == 0 {
		window = end - start
	}
	return start, end, window, nil
}

// summaries are the sums of all windows in which there was usage. A span that is one window has its sum in any case.
func summaries(tx *Tx, meter Object, customer string, start, end, window int64) ([]Object, error) {
	rows, err := tx.sql.Query(`SELECT (json_extract(data, '$.timestamp') - ?1) / ?2 AS slot,
			count(*), coalesce(sum(json_extract(data, '$._value')), 0)
		FROM objects WHERE customer = ?3 AND object = 'billing.meter_event' AND json_extract(data, '$._meter') = ?4
			AND json_extract(data, '$.timestamp') >= ?1 AND json_extract(data, '$.timestamp') < ?5
		GROUP BY slot ORDER BY slot DESC`, start, window, customer, meter.ID(), end)
	if err != nil {
		return nil, fmt.Errorf("sum up the usage of %s: %w", customer, err)
	}
	defer func() { _ = rows.Close() }()
	var out []Object
	for rows.Next() {
		var slot, count, sum int64
		if err := rows.Scan(&slot, &count, &sum); err != nil {
			return nil, fmt.Errorf("read the usage of %s: %w", customer, err)
		}
		if meter.Str("default_aggregation.formula") == "count" {
			sum = count
		}
		from := start + slot*window
		out = append(out, summaryOf(meter, customer, from, from+window, sum))
	}
	if len(out) == 0 && window == end-start {
		out = append(out, summaryOf(meter, customer, start, end, 0))
	}
	return slices.Clip(out), rows.Err()
}

// summaryOf writes a summary. Its id follows from what it sums up, so that it can be a cursor.
func summaryOf(meter Object, customer string, start, end, value int64) Object {
	return Object{
		"id": "mtrusg_test_" + meter.ID()[len("mtr_test_"):] + customer[len("cus_"):] + encode62(start, 7) +
			encode62(end, 7),
		"object": "billing.meter_event_summary", "aggregated_value": value, "start_time": start, "end_time": end,
		"livemode": false, "meter": meter.ID(),
	}
}
