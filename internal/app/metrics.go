package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// The limits of reading the queues for /metrics: however often it is asked for, the database counts at most
// every so often, and an answer waits no longer than that for it.
const (
	metricsFresh   = 15 * time.Second
	metricsTimeout = 3 * time.Second
)

// queues measures what stands in the tables, for every process alike, and what this one has done. Its labels
// are states, outcomes and kinds of alert, which the program itself names: no value comes from outside.
type queues struct {
	billing *billing.Service
	db      *models.DB
	now     func() time.Time
	log     *slog.Logger

	mu     sync.Mutex
	read   time.Time
	depths models.QueueDepths
	alerts map[string]int64
}

// metric is one name of /metrics with what it says. A counter is of this process; the rest are read from the tables.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	// values are by label; a metric without a label has one value, under "".
	values func(q *queues) map[string]int64
}

// metrics is the table of what the queues and the money are measured by.
func metrics() []metric {
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tollgate_"+name, help, labels, nil)
	}
	return []metric{
		{describe("alerts_open", "Open alerts, by kind.", "kind"), gauge, (*queues).openAlerts},
		{describe("webhook_events", "Stored webhook events, by state.", "state"), gauge, func(q *queues) map[string]int64 {
			return every(q.depths.Events, models.EventPending, models.EventDone, models.EventIgnored, models.EventDead)
		}},
		{describe("webhook_oldest_pending_seconds", "Age of the oldest pending event, or 0."), gauge, (*queues).oldest},
		{describe("customers_due", "Customers that are to be read from Stripe."), gauge, func(q *queues) map[string]int64 {
			return map[string]int64{"": q.depths.DueCustomers}
		}},
		{describe("customers_given_up", "Customers that could not be read from Stripe for days."), gauge, func(q *queues) map[string]int64 {
			return map[string]int64{"": q.depths.Dead}
		}},
		{describe("mails", "Mails, by state.", "state"), gauge, func(q *queues) map[string]int64 {
			return every(q.depths.Mails, models.MailPending, models.MailSent, models.MailDead, models.MailDropped)
		}},
		{describe("stripe_operations", "Calls that we owe Stripe, by state.", "state"), gauge, func(q *queues) map[string]int64 {
			return every(q.depths.Ops, models.OpOffered, models.OpPending, models.OpDone, models.OpDead)
		}},
		{
			describe("payments_total", "Payments seen by this process, by what became of them.", "status"), counter,
			func(q *queues) map[string]int64 { return q.billing.Counts().Payments },
		},
		{
			describe("syncs_total", "Customers read from Stripe by this process, by result.", "result"), counter,
			func(q *queues) map[string]int64 { return q.billing.Counts().Syncs },
		},
	}
}

// every keeps the states that are known, each with a value: a series that comes and goes cannot be alerted on.
func every(counts map[string]int64, states ...string) map[string]int64 {
	out := make(map[string]int64, len(states))
	for _, state := range states {
		out[state] = counts[state]
	}
	return out
}

func (q *queues) openAlerts() map[string]int64 {
	out := map[string]int64{}
	for _, kind := range billing.AlertKinds() {
		out[kind.Kind] = q.alerts[kind.Kind]
	}
	return out
}

func (q *queues) oldest() map[string]int64 {
	if q.depths.OldestPending == nil {
		return map[string]int64{"": 0}
	}
	return map[string]int64{"": int64(q.now().Sub(*q.depths.OldestPending).Seconds())}
}

// Describe implements prometheus.Collector.
func (q *queues) Describe(into chan<- *prometheus.Desc) {
	for _, m := range metrics() {
		into <- m.desc
	}
}

// Collect implements prometheus.Collector. A database that does not answer leaves out what it would have said,
// so that nobody takes yesterday's figures for today's.
func (q *queues) Collect(into chan<- prometheus.Metric) {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := q.refresh()
	for _, m := range metrics() {
		if !known && m.kind == prometheus.GaugeValue {
			continue
		}
		for label, value := range m.values(q) {
			labels := []string{label}
			if label == "" {
				labels = nil
			}
			into <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(value), labels...)
		}
	}
}

// refresh reads the tables anew where what was read is no longer fresh, and reports whether it is now.
func (q *queues) refresh() bool {
	now := q.now()
	if !q.read.IsZero() && now.Sub(q.read).Abs() < metricsFresh {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout)
	defer cancel()
	depths, err := q.db.CountQueues(ctx, q.billing.Connection)
	if err == nil {
		q.alerts, err = q.db.CountAlerts(ctx, q.billing.Connection)
	}
	if err != nil {
		q.log.WarnContext(ctx, "the queues could not be measured", "error", err)
		return false
	}
	q.depths, q.read = depths, now
	return true
}
