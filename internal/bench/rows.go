package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/tollgate/models"
)

// The bars. A ratio is ours over the reference.
const (
	pricingRatio   = 0.6
	dashboardRatio = 0.35
	maxQueries     = 3
	maxAccess      = 150 * time.Microsecond
	maxDecision    = time.Microsecond
	plainRatio     = 3.0
	handRatio      = 0.7
	maxWebhookP99  = 40 * time.Millisecond
	maxStart       = 150 * time.Millisecond
	maxBinary      = 45e6
	maxResident    = 60e6
	maxWeight      = 60 << 10
)

// maxRequests bounds one side of one round.
const maxRequests = 500_000

// bench is one run.
type bench struct {
	options
	world *world
	dir   string
}

// measurement is one thing to measure, which gives one or more lines of the table.
type measurement struct {
	name    string
	measure func(b *bench, ctx context.Context) ([]row, error)
}

// measurements is everything, in the order of the table.
func measurements() []measurement {
	return []measurement{
		{"pricing", (*bench).pricing},
		{"dashboard", (*bench).dashboard},
		{"access", (*bench).access},
		{"webhooks", (*bench).webhooks},
		{"postgres", (*bench).postgres},
		{"calls", (*bench).callsPerSync},
		{"background", (*bench).background},
		{"flat", (*bench).flat},
		{"sandbox", (*bench).sandbox},
		{"binary", (*bench).binary},
		{"weight", (*bench).weight},
	}
}

func names() string {
	var all []string
	for _, m := range measurements() {
		all = append(all, m.name)
	}
	return strings.Join(all, ", ")
}

func (b *bench) measure(ctx context.Context) ([]row, error) {
	var all []row
	for _, m := range measurements() {
		if b.only != "" && b.only != m.name {
			continue
		}
		fmt.Printf("measuring %s\n", m.name)
		rows, err := m.measure(b, ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		all = append(all, rows...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is nothing named %q: %s", b.only, names())
	}
	return all, nil
}

func (b *bench) load(clients int) load {
	return load{clients: clients, duration: b.duration, most: maxRequests}
}

func (b *bench) pricing(ctx context.Context) ([]row, error) {
	c, err := b.world.pricing(ctx, b.load(16))
	if err != nil {
		return nil, err
	}
	v, err := c.run(ctx, b.rounds)
	return []row{{
		what:     "anonymous pricing page, 16 connections",
		measured: fmt.Sprintf("%.0f/s, %.2f ×", v.ours.perSecond, v.ratio), reference: rate(v.reference, "bare Echo, same bytes"),
		bar: fmt.Sprintf("≥ %.2g ×", pricingRatio), pass: v.ratio >= pricingRatio,
	}}, err
}

func (b *bench) dashboard(ctx context.Context) ([]row, error) {
	c, err := b.world.dashboard(ctx, b.load(16))
	if err != nil {
		return nil, err
	}
	v, err := c.run(ctx, b.rounds)
	if err != nil {
		return nil, err
	}
	asked, err := b.world.queries(ctx, "/app", b.world.cookie)
	return []row{{
		what:     "signed-in dashboard on SQLite, 16 connections",
		measured: fmt.Sprintf("%.0f/s, %.2f ×", v.ours.perSecond, v.ratio), reference: rate(v.reference, "bare Echo, same page, no query"),
		bar: fmt.Sprintf("≥ %.2g ×", dashboardRatio), pass: v.ratio >= dashboardRatio,
	}, {
		what:     "queries of the signed-in dashboard",
		measured: fmt.Sprint(asked), reference: "session, access, projects",
		bar: fmt.Sprintf("≤ %d", maxQueries), pass: asked > 0 && asked <= maxQueries,
	}}, err
}

func (b *bench) access(ctx context.Context) ([]row, error) {
	check, floor, err := b.world.accessCheck(ctx, b.rounds)
	if err != nil {
		return nil, err
	}
	pure, loop, err := b.world.decision(b.rounds)
	return []row{{
		what:     "access check, its rows read from SQLite",
		measured: micros(check.took), reference: micros(floor.took) + " SELECT 1",
		bar: "< " + micros(maxAccess), pass: check.took < maxAccess,
	}, {
		what:      "the pure access function",
		measured:  fmt.Sprintf("%d ns, %.0f allocations", pure.took.Nanoseconds(), pure.allocs),
		reference: fmt.Sprintf("%d ns an empty call", loop.took.Nanoseconds()),
		bar:       "< " + micros(maxDecision) + ", none", pass: pure.took < maxDecision && pure.allocs == 0,
	}}, err
}

func (b *bench) webhooks(ctx context.Context) (rows []row, err error) {
	reference, err := openDB(ctx, onSQLite(b.dir, "reference"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reference.Close()) }()
	plain, err := b.world.plainly(b.load(64), reference).run(ctx, b.rounds)
	if err != nil {
		return nil, err
	}
	rows = []row{{
		what:      "webhook received, verified, durable, answered, 64 connections",
		measured:  fmt.Sprintf("%.0f/s, %.1f ×", plain.ours.perSecond, plain.ratio),
		reference: rate(plain.reference, "one transaction per request"),
		bar:       fmt.Sprintf("≥ %.2g ×", plainRatio), pass: plain.ratio >= plainRatio,
	}}
	grouped, err := b.byHand(ctx, b.world, reference, "SQLite")
	return append(rows, grouped...), err
}

// postgres is the receipt again, on a server that waits for its disk.
func (b *bench) postgres(ctx context.Context) ([]row, error) {
	return withPostgres(ctx, []string{"site", "reference"}, func(p *postgres) (rows []row, err error) {
		w, err := newWorld(ctx, p.url("site"))
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, w.close()) }()
		reference, err := openDB(ctx, p.url("reference"))
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, reference.Close()) }()
		return b.byHand(ctx, w, reference, "Postgres")
	})
}

// byHand is the receipt beside one written for nothing but speed.
func (b *bench) byHand(ctx context.Context, w *world, reference *models.DB, dialect string) ([]row, error) {
	hand, err := newGrouped(ctx, reference)
	if err != nil {
		return nil, err
	}
	defer hand.close()
	v, err := contest{ours: w.site, reference: hand, load: delivering(b.load(64))}.run(ctx, b.rounds)
	return []row{{
		what:      "the same on " + dialect + ", beside a minimal handler",
		measured:  fmt.Sprintf("%.0f/s, %.2f ×", v.ours.perSecond, v.ratio),
		reference: rate(v.reference, "by hand, grouped, raw SQL"),
		bar:       fmt.Sprintf("≥ %.2g ×", handRatio), pass: v.ratio >= handRatio,
	}, {
		what:     "the same, 99th percentile",
		measured: millis(v.ours.p99), reference: millis(v.reference.p99) + " by hand, grouped, raw SQL",
		bar: "< " + millis(maxWebhookP99), pass: v.ours.p99 < maxWebhookP99,
	}}, err
}

func (b *bench) binary(ctx context.Context) (rows []row, err error) {
	made, err := newBinaries(ctx, b.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, made.close()) }()
	var seen []vitals
	for _, way := range builds() {
		v, err := made.examine(ctx, way, b.rounds)
		if err != nil {
			return nil, err
		}
		seen = append(seen, v)
	}
	release, development := seen[0], seen[1]
	return []row{{
		what:     "start to the first page, files warm",
		measured: millis(release.start), reference: millis(development.start) + " development build, its sandbox included",
		bar: "< " + millis(maxStart), pass: release.start < maxStart,
	}, {
		what:     "stripped release binary",
		measured: megabytes(release.size), reference: megabytes(development.size) + " development build, not stripped",
		bar: "< " + megabytes(maxBinary), pass: release.size < maxBinary,
	}, {
		what:     "resident memory at idle",
		measured: megabytes(release.resident), reference: megabytes(development.resident) + " development build, its sandbox included",
		bar: "< " + megabytes(maxResident), pass: release.resident < maxResident,
	}}, nil
}

func (b *bench) weight(ctx context.Context) ([]row, error) {
	w, err := b.world.weigh(ctx, "/pricing")
	return []row{{
		what:      "pricing page with all that it loads, compressed",
		measured:  fmt.Sprintf("%.1f KB in %d requests", float64(w.bytes)/1024, w.requests),
		reference: fmt.Sprintf("%.1f KB uncompressed", float64(w.plain)/1024),
		bar:       fmt.Sprintf("< %d KB", maxWeight>>10), pass: w.bytes < maxWeight,
	}, {
		what:     "requests of the pricing page to others",
		measured: fmt.Sprint(len(w.foreign)), reference: "none", bar: "0", pass: len(w.foreign) == 0,
	}}, err
}

func rate(o outcome, of string) string { return fmt.Sprintf("%.0f/s %s", o.perSecond, of) }

func micros(d time.Duration) string {
	return fmt.Sprintf("%.3g µs", float64(d.Nanoseconds())/1e3)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.3g ms", float64(d.Nanoseconds())/1e6)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
