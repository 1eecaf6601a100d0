package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// How far back and ahead of now usage may have happened, and for how long an event's identifier stays taken and the
// event itself can be cancelled.
const (
	maxUsageAge     = 35 * daySeconds
	maxUsageLead    = 5 * 60
	identifierHours = 24 * hour
)

// usageValue is a whole number, of a size that no sum of a period can overflow with.
var usageValue = regexp.MustCompile(`^-?[0-9]{1,15}$`)

// createMeterEvent records usage. It is counted from now on, on whichever invoice covers its time.
func createMeterEvent(r *apiRequest) (Object, error) {
	p := r.Params
	meter, err := activeMeter(r.Tx, p.Str("event_name"))
	if err != nil {
		return nil, err
	}
	if meter == nil {
		return nil, invalidf("event_name", "No active meter found for event name \"%s\".", p.Str("event_name"))
	}
	event := r.Tx.Skeleton("billing.meter_event")
	event["event_name"], event["_meter"] = meter["event_name"], meter.ID()
	if err := readUsage(r.Tx, p, meter, event); err != nil {
		return nil, err
	}
	if event["timestamp"], err = usageTime(r.Tx, p); err != nil {
		return nil, err
	}
	event["identifier"] = orText(p.Str("identifier"), "idmp_"+r.Tx.random(24))
	event["id"] = meterEventID(event.Str("identifier"))
	if err := freeIdentifier(r.Tx, event.Str("identifier")); err != nil {
		return nil, err
	}
	if err := r.Tx.Insert(event); err != nil {
		return nil, err
	}
	return withoutID(event), nil
}

// meterEventID is where an event is stored. Events have no id that a caller would see.
func meterEventID(identifier string) string { return "mev_" + identifier }

func withoutID(event Object) Object {
	shown := event.Clone()
	delete(shown, "id")
	delete(shown, "customer")
	return shown
}

// readUsage takes the customer and the value out of the payload, under the keys that the meter names.
func readUsage(tx *Tx, p Params, meter, event Object) error {
	payload := p.Sub("payload")
	shown := Object{}
	for _, key := range payload.Keys() {
		text, ok := payload[key].(string)
		if !ok {
			return invalidf(payload.Path(key), "Invalid string")
		}
		shown[key] = text
	}
	event["payload"] = shown
	customerKey, valueKey := meter.Str("customer_mapping.event_payload_key"), meter.Str("value_settings.event_payload_key")
	if !payload.Given(customerKey) {
		return invalidf("payload", "The payload lacks the key `%s`, by which this meter finds the customer.", customerKey)
	}
	customer, err := tx.Ref("customer", payload.Str(customerKey), p.Path("payload")+"["+customerKey+"]")
	if err != nil {
		return err
	}
	event["customer"] = customer.ID()
	value := payload.Str(valueKey)
	if value == "" && meter.Str("default_aggregation.formula") == "count" {
		value = "1"
	}
	if value == "" {
		return invalidf("payload", "The payload lacks the key `%s`, by which this meter finds the value.", valueKey)
	}
	if !usageValue.MatchString(value) {
		return invalidf(p.Path("payload")+"["+valueKey+"]", "Invalid value `%s`: usage must be a whole number of at most "+
			"15 digits, such as \"25\".", shortened(value))
	}
	event["_value"], err = strconv.ParseInt(value, 10, 64)
	return err
}

func usageTime(tx *Tx, p Params) (int64, error) {
	at, sent, err := p.Int("timestamp")
	if err != nil || !sent {
		return tx.Now(), err
	}
	const window = "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future."
	if at < tx.Now()-maxUsageAge {
		return 0, invalidf("timestamp", "%s", window).withCode("timestamp_too_far_in_past")
	}
	if at > tx.Now()+maxUsageLead {
		return 0, invalidf("timestamp", "%s", window).withCode("timestamp_in_future")
	}
	return at, nil
}

// freeIdentifier refuses an identifier that was used within the last day. An older event makes room for the new one.
func freeIdentifier(tx *Tx, identifier string) error {
	id := meterEventID(identifier)
	var created int64
	err := tx.sql.QueryRow(`SELECT created FROM objects WHERE id = ?`, id).Scan(&created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for meter event %s: %w", identifier, err)
	}
	if created > tx.Now()-identifierHours {
		return invalidf("", "An event already exists with identifier %s.", identifier)
	}
	if _, err := tx.sql.Exec(`UPDATE objects SET id = ? WHERE id = ?`, tx.NewID("mev_"), id); err != nil {
		return fmt.Errorf("put meter event %s aside: %w", identifier, err)
	}
	tx.bypass()
	return nil
}

// createMeterEventAdjustment takes back an event that was reported within the last day.
func createMeterEventAdjustment(r *apiRequest) (Object, error) {
	cancel := r.Params.Sub("cancel")
	if err := cancel.Require("identifier"); err != nil || cancel == nil {
		return nil, invalidf("cancel[identifier]", "Missing required param: cancel[identifier].").
			withCode("parameter_missing")
	}
	identifier := cancel.Str("identifier")
	event, err := r.Tx.load(meterEventID(identifier))
	if err != nil {
		return nil, err
	}
	if event == nil || event.Bool("deleted") || event.Str("event_name") != r.Params.Str("event_name") {
		return nil, missing(400, "meter event", identifier, "cancel[identifier]")
	}
	if event.Int("created") <= r.Tx.Now()-identifierHours {
		return nil, invalidf("cancel[identifier]", "Meter events can only be canceled within 24 hours of being received.")
	}
	if err := r.Tx.Delete("billing.meter_event", event.ID()); err != nil {
		return nil, err
	}
	adjustment := r.Tx.Skeleton("billing.meter_event_adjustment")
	adjustment["cancel"] = Object{"identifier": identifier}
	adjustment["event_name"], adjustment["status"], adjustment["type"] = event["event_name"], "pending", "cancel"
	return adjustment, nil
}

// meterUsage is what a meter counted for a customer in the span [from, to). It is never negative: corrections that
// exceed what there was to correct leave nothing to bill.
func meterUsage(tx *Tx, meter, customer string, from, to int64) (int64, error) {
	m, err := tx.load(meter)
	if err != nil || m == nil || to <= from {
		return 0, err
	}
	var count, sum int64
	err = tx.sql.QueryRow(`SELECT count(*), coalesce(sum(json_extract(data, '$._value')), 0)
		FROM objects WHERE customer = ? AND object = 'billing.meter_event' AND json_extract(data, '$._meter') = ?
			AND json_extract(data, '$.timestamp') >= ? AND json_extract(data, '$.timestamp') < ?`,
		customer, meter, from, to).Scan(&count, &sum)
	if err != nil {
		return 0, fmt.Errorf("add up the usage of %s: %w", customer, err)
	}
	if m.Str("default_aggregation.formula") == "count" {
		return count, nil
	}
	return max(sum, 0), nil
}
