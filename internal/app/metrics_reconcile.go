package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/tollgate/models"
)

// scrapeTimeout is how long a scrape waits for the database.
const scrapeTimeout = 2 * time.Second

// reconcileMetrics tells a monitor how far we are from Stripe. It reads the tables when it is asked, so that every
// program on a database says the same, and a restart forgets nothing.
type reconcileMetrics struct {
	db   *models.DB
	conn models.Connection
	wall func() time.Time
	log  *slog.Logger

	drift, unknown, losing, stopped, unhealed, missed, lastOK *prometheus.Desc
}

func newReconcileMetrics(db *models.DB, conn models.Connection, wall func() time.Time, log *slog.Logger) *reconcileMetrics {
	gauge := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tollgate_reconcile_"+name, help, labels, nil)
	}
	return &reconcileMetrics{
		db: db, conn: conn, wall: wall, log: log,
		drift:    gauge("drift", "Objects that differed from Stripe in the last sweep."),
		unknown:  gauge("unknown_subscriptions", "Running subscriptions of customers that no account has, in the last sweep."),
		losing:   gauge("losing_customers", "Customers who would have lost access by the last sweep."),
		stopped:  gauge("stopped", "1 while the last sweep was stopped by the mass-change guard."),
		unhealed: gauge("unhealed", "Differences found and not yet mended."),
		missed:   gauge("missed_events", "Events of the last 24 hours that no webhook had brought."),
		lastOK:   gauge("last_success_timestamp_seconds", "When a comparison last ended well.", "kind"),
	}
}

// Describe implements prometheus.Collector.
func (m *reconcileMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{m.drift, m.unknown, m.losing, m.stopped, m.unhealed, m.missed, m.lastOK} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *reconcileMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	stats, err := m.db.ReconcileStats(ctx, m.conn, m.wall().UTC())
	if err != nil {
		m.log.WarnContext(ctx, "reconciliation not measured", "error", err)
		return
	}
	set := func(desc *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels...)
	}
	stopped := int64(0)
	if stats.Stopped {
		stopped = 1
	}
	set(m.drift, stats.Drift)
	set(m.unknown, stats.Unknown)
	set(m.losing, stats.Losing)
	set(m.stopped, stopped)
	set(m.unhealed, stats.Unhealed)
	set(m.missed, stats.Missed)
	for kind, at := range stats.LastOK {
		set(m.lastOK, at.Unix(), kind)
	}
}
