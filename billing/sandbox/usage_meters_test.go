package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"
)

// meter makes an active meter that sums values up, or counts events.
func (s *shop) meter(event, formula string) string {
	s.t.Helper()
	m, err := s.Client.BillingMeters.New(&stripe.BillingMeterParams{
		DisplayName: stripe.String("API calls"), EventName: &event,
		DefaultAggregation: &stripe.BillingMeterDefaultAggregationParams{Formula: &formula},
	})
	require.NoError(s.t, err)
	return m.ID
}

// meteredPrice costs the given cents, which may be a fraction, for each unit that a meter counted.
func (s *shop) meteredPrice(meter, cents string) string {
	s.t.Helper()
	product := s.product("API calls")
	p, err := s.Client.Prices.New(&stripe.PriceParams{
		Product: &product, Currency: stripe.String("usd"), Params: stripe.Params{Extra: &stripe.ExtraValues{
			Values: map[string][]string{"unit_amount_decimal": {cents}},
		}},
		Recurring: &stripe.PriceRecurringParams{
			Interval: stripe.String("month"), UsageType: stripe.String("metered"), Meter: &meter,
		},
	})
	require.NoError(s.t, err)
	return p.ID
}

// use reports usage; at is a date, or "" for now.
func (s *shop) use(event, customer, value, at string) {
	s.t.Helper()
	_, err := s.tryUse(event, customer, value, at)
	require.NoError(s.t, err)
}

func (s *shop) tryUse(event, customer, value, at string, changes ...func(*stripe.BillingMeterEventParams)) (
	*stripe.BillingMeterEvent, error,
) {
	params := &stripe.BillingMeterEventParams{
		EventName: &event, Payload: map[string]string{"stripe_customer_id": customer, "value": value},
	}
	if at != "" {
		params.Timestamp = stripe.Int64(s.at(at))
	}
	for _, change := range changes {
		change(params)
	}
	return s.Client.BillingMeterEvents.New(params)
}

func TestMetersLiveAndRest(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-01T00:00")
	id := s.meter("api_calls", "sum")
	m, err := s.Client.BillingMeters.Get(id, nil)
	require.NoError(t, err)
	require.Equal(t, "stripe_customer_id", m.CustomerMapping.EventPayloadKey)
	require.Equal(t, "value", m.ValueSettings.EventPayloadKey)
	require.Equal(t, stripe.BillingMeterStatusActive, m.Status)

	_, err = s.Client.BillingMeters.New(&stripe.BillingMeterParams{
		DisplayName: stripe.String("Again"), EventName: stripe.String("api_calls"),
		DefaultAggregation: &stripe.BillingMeterDefaultAggregationParams{Formula: stripe.String("sum")},
	})
	require.Equal(t, "An active meter already exists for event name 'api_calls'. To create a new meter with the same "+
		"event name, first deactivate the currently active meter.", stripeError(t, err).Msg)
	_, err = s.Client.BillingMeters.New(&stripe.BillingMeterParams{
		DisplayName: stripe.String("Last"), EventName: stripe.String("last"),
		DefaultAggregation: &stripe.BillingMeterDefaultAggregationParams{Formula: stripe.String("last")},
	})
	require.Equal(t, "default_aggregation[formula]", stripeError(t, err).Param, "only count and sum at this version")

	m, err = s.Client.BillingMeters.Update(id, &stripe.BillingMeterParams{DisplayName: stripe.String("Calls")})
	require.NoError(t, err)
	require.Equal(t, "Calls", m.DisplayName)

	customer := s.buyer("")
	m, err = s.Client.BillingMeters.Deactivate(id, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.BillingMeterStatusInactive, m.Status)
	require.NotZero(t, m.StatusTransitions.DeactivatedAt)
	_, err = s.tryUse("api_calls", customer, "1", "")
	require.Equal(t, `No active meter found for event name "api_calls".`, stripeError(t, err).Msg)
	second := s.meter("api_calls", "count")
	_, err = s.Client.BillingMeters.Reactivate(id, nil)
	require.Contains(t, stripeError(t, err).Msg, "An active meter already exists")
	_, err = s.Client.BillingMeters.Deactivate(second, nil)
	require.NoError(t, err)
	m, err = s.Client.BillingMeters.Reactivate(id, nil)
	require.NoError(t, err)
	require.Zero(t, m.StatusTransitions.DeactivatedAt)

	it := s.Client.BillingMeters.List(&stripe.BillingMeterListParams{Status: stripe.String("active")})
	require.True(t, it.Next())
	require.Equal(t, id, it.BillingMeter().ID)
	require.False(t, it.Next())
	require.Equal(t, []string{"customer.created"}, s.events(), "meters make no events")
}

func TestMeterEventsAreChecked(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-31T12:00")
	s.meter("api_calls", "sum")
	customer := s.buyer("")
	s.use("api_calls", customer, "3", "2026-02-24T12:00")
	s.use("api_calls", customer, "-1", "2026-03-31T12:05")
	for _, bad := range []struct{ event, customer, value, at, param, code string }{
		{"api_calls", customer, "1", "2026-02-24T11:59", "timestamp", "timestamp_too_far_in_past"},
		{"api_calls", customer, "1", "2026-03-31T12:06", "timestamp", "timestamp_in_future"},
		{"api_calls", "cus_nobody", "1", "", "payload[stripe_customer_id]", "resource_missing"},
		{"api_calls", customer, "1.5", "", "payload[value]", ""},
		{"api_calls", customer, "many", "", "payload[value]", ""},
		{"other", customer, "1", "", "event_name", ""},
	} {
		_, err := s.tryUse(bad.event, bad.customer, bad.value, bad.at)
		e := stripeError(t, err)
		require.Equal(t, 400, e.HTTPStatusCode)
		require.Equal(t, bad.param, e.Param, bad.value)
		require.Equal(t, bad.code, string(e.Code))
	}

	named := func(p *stripe.BillingMeterEventParams) { p.Identifier = stripe.String("request-1") }
	event, err := s.tryUse("api_calls", customer, "5", "", named)
	require.NoError(t, err)
	require.Equal(t, "request-1", event.Identifier)
	require.Equal(t, s.at("2026-03-31T12:00"), event.Timestamp)
	_, err = s.tryUse("api_calls", customer, "5", "", named)
	require.Equal(t, "An event already exists with identifier request-1.", stripeError(t, err).Msg)
	s.to("2026-04-01T12:00")
	_, err = s.tryUse("api_calls", customer, "7", "", named)
	require.NoError(t, err, "an identifier is taken for 24 hours")

	_, err = s.Client.BillingMeterEventAdjustments.New(&stripe.BillingMeterEventAdjustmentParams{
		EventName: stripe.String("api_calls"), Type: stripe.String("cancel"),
		Cancel: &stripe.BillingMeterEventAdjustmentCancelParams{Identifier: stripe.String("request-2")},
	})
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
	cancel := &stripe.BillingMeterEventAdjustmentParams{
		EventName: stripe.String("api_calls"), Type: stripe.String("cancel"),
		Cancel: &stripe.BillingMeterEventAdjustmentCancelParams{Identifier: stripe.String("request-1")},
	}
	adjustment, err := s.Client.BillingMeterEventAdjustments.New(cancel)
	require.NoError(t, err)
	require.Equal(t, "request-1", adjustment.Cancel.Identifier)
	require.EqualValues(t, 7, s.summaries(customer, "2026-02-01T00:00", "2026-04-02T00:00", "")[0].AggregatedValue,
		"3, -1 and the first 5 are left of 14")
	_, err = s.Client.BillingMeterEventAdjustments.New(cancel)
	require.Error(t, err, "an event is cancelled once")
}

// summaries of the only active meter.
func (s *shop) summaries(customer, from, to, window string) []*stripe.BillingMeterEventSummary {
	s.t.Helper()
	out, err := s.trySummaries(customer, s.at(from), s.at(to), window)
	require.NoError(s.t, err)
	return out
}

func (s *shop) trySummaries(customer string, from, to int64, window string) ([]*stripe.BillingMeterEventSummary, error) {
	meters := s.Client.BillingMeters.List(&stripe.BillingMeterListParams{Status: stripe.String("active")})
	require.True(s.t, meters.Next())
	params := &stripe.BillingMeterEventSummaryListParams{
		ID: stripe.String(meters.BillingMeter().ID), Customer: &customer, StartTime: &from, EndTime: &to,
	}
	if window != "" {
		params.ValueGroupingWindow = &window
	}
	params.Limit = stripe.Int64(2) // So that three windows need two pages.
	var out []*stripe.BillingMeterEventSummary
	it := s.Client.BillingMeterEventSummaries.List(params)
	for it.Next() {
		out = append(out, it.BillingMeterEventSummary())
	}
	return out, it.Err()
}

func TestMeterSummaries(t *testing.T) {
	t.Parallel()
	s := newShop(t, "2026-03-31T12:00")
	s.meter("api_calls", "sum")
	customer, other := s.buyer(""), s.buyer("")
	for at, value := range map[string]string{
		"2026-03-28T00:00": "1", "2026-03-29T23:59": "2", "2026-03-30T00:00": "4", "2026-03-30T01:30": "8",
	} {
		s.use("api_calls", customer, value, at)
	}
	s.use("api_calls", other, "100", "2026-03-29T10:00")

	whole := s.summaries(customer, "2026-03-28T00:00", "2026-03-30T01:30", "")
	require.Len(t, whole, 1)
	require.EqualValues(t, 7, whole[0].AggregatedValue, "the end is not included")
	days := s.summaries(customer, "2026-03-28T00:00", "2026-03-31T00:00", "day")
	require.Len(t, days, 3)
	for i, want := range []float64{12, 2, 1} {
		require.InDelta(t, want, days[i].AggregatedValue, 0, "newest first")
	}
	require.Equal(t, s.at("2026-03-30T00:00"), days[0].StartTime)
	hours := s.summaries(customer, "2026-03-30T00:00", "2026-03-31T00:00", "hour")
	require.Len(t, hours, 2)
	require.Equal(t, s.at("2026-03-30T02:00"), hours[0].EndTime)
	require.Zero(t, s.summaries(customer, "2026-01-01T00:00", "2026-01-02T00:00", "")[0].AggregatedValue)

	day := s.at("2026-03-28T00:00")
	for window, bad := range map[string]int64{"": 30, "hour": 60, "day": int64(time.Hour / time.Second)} {
		_, err := s.trySummaries(customer, day+bad, day+86400, window)
		require.Equal(t, "start_time", stripeError(t, err).Param)
		require.Contains(t, stripeError(t, err).Msg, "aligned with")
	}
}
