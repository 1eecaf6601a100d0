package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/tollgate/models"
)

// maxFlatRatio is how much more an event may cost beside a million others than beside a thousand.
const maxFlatRatio = 1.25

// The inboxes that are compared, and how they are filled and used.
const (
	fewEvents  = 1_000
	manyEvents = 1_000_000
	eventsEach = 50 // of every customer, in both
	flatTurn   = 5  // events of each buyer in one side of a round
)

// flat is what an event costs from its receipt to the end of its sync, beside few others that are stored and beside
// many.
func (b *bench) flat(ctx context.Context) (rows []row, err error) {
	s, err := newShop(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	buyers, err := s.sell(ctx, "starter_v1_month", fewEvents/eventsEach)
	if err != nil {
		return nil, err
	}
	sqlite, err := b.flatRow(ctx, s, buyers, "SQLite", onSQLite(b.dir, "few"), onSQLite(b.dir, "many"))
	if err != nil {
		return nil, err
	}
	rows, err = withPostgres(ctx, []string{"few", "many"}, func(p *postgres) ([]row, error) {
		r, err := b.flatRow(ctx, s, buyers, "Postgres", p.url("few"), p.url("many"))
		return []row{r}, err
	})
	return append([]row{sqlite}, rows...), err
}

func (b *bench) flatRow(ctx context.Context, s *shop, buyers []buyer, on, fewURL, manyURL string) (r row, err error) {
	few, err := openFilled(ctx, s, fewURL, fewEvents, buyers)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, few.close()) }()
	many, err := openFilled(ctx, s, manyURL, manyEvents, buyers)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, many.close()) }()
	var ours, floor []time.Duration
	var ratios []float64
	for round := -1; round < b.rounds; round++ { // the first round warms up and does not count
		quick, errFew := few.perEvent(ctx, buyers)
		slow, errMany := many.perEvent(ctx, buyers)
		if err := errors.Join(errFew, errMany); err != nil {
			return r, err
		}
		if round >= 0 {
			ours, floor = append(ours, slow), append(floor, quick)
			ratios = append(ratios, float64(slow)/float64(quick))
		}
	}
	ratio := median(ratios)
	return row{
		what:      fmt.Sprintf("an event received and worked off on %s, %d stored", on, manyEvents),
		measured:  fmt.Sprintf("%s, %.2f ×", millis(median(ours)), ratio),
		reference: fmt.Sprintf("%s with %d stored", millis(median(floor)), fewEvents),
		bar:       fmt.Sprintf("≤ %.3g ×", maxFlatRatio), pass: ratio <= maxFlatRatio,
	}, nil
}

// perEvent receives events of all buyers and works them off, one about each at a time, and gives the cost of one.
func (l *live) perEvent(ctx context.Context, buyers []buyer) (time.Duration, error) {
	begun := time.Now()
	for range flatTurn {
		if err := l.queue(ctx, buyers, len(buyers)); err != nil {
			return 0, err
		}
		if err := l.Billing.SyncDue(ctx); err != nil {
			return 0, err
		}
	}
	took := time.Since(begun) / time.Duration(flatTurn*len(buyers))
	return took, l.await(ctx, dueCustomers)
}

// openFilled is the program with an inbox in which so many events were worked off, those of the buyers among them.
func openFilled(ctx context.Context, s *shop, databaseURL string, many int, buyers []buyer) (*live, error) {
	l, err := openLive(ctx, s, databaseURL, raisedRPS)
	if err != nil {
		return nil, err
	}
	if _, err = l.know(ctx, buyers); err == nil {
		err = l.fill(ctx, many, buyers)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// fill writes events as they are after 30 days, worked off and trimmed, and what is kept about their customers.
func (l *live) fill(ctx context.Context, many int, buyers []buyer) error {
	pool, err := l.DB.SQL()
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("fill the inbox: %w", err)
	}
	defer conn.Close()
	long := time.Now().UTC().AddDate(0, 0, -40).Truncate(time.Second)
	on, each := l.Billing.Connection, many/eventsEach
	series, random := "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d) ", "lower(hex(randomblob(16)))"
	before, after := []string{"PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000"}, []string{
		"PRAGMA cache_size = -2000", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA synchronous = FULL",
	}
	if l.DB.Dialect == models.Postgres {
		series, random = "WITH n(i) AS (SELECT generate_series(0, %d - 1)) ", "md5(random()::text || n.i)"
		before, after = []string{"SET synchronous_commit = off"}, []string{"VACUUM ANALYZE webhook_events, customer_sync", "RESET synchronous_commit"}
	}
	statements := append(before,
		fmt.Sprintf(series, many)+`INSERT INTO webhook_events (public_id, stripe_account, livemode, event_id, type, api_version,
object_id, customer, payload, occurred_at, received_at, state, dirty_seq, attempts, deliveries, done_at, trimmed_at)
SELECT 'wh_' || `+random+`, '{account}', false, 'evt_' || `+random+`, 'customer.subscription.updated', '2024-12-18.acacia',
'sub_1', 'cus_' || (n.i % `+fmt.Sprint(each)+`), '', '{long}', '{long}', 'done', 1, 1, 1, '{long}', '{long}' FROM n`,
		fmt.Sprintf(series, each)+`INSERT INTO customer_sync (stripe_account, livemode, stripe_id, dirty_seq, synced_seq, next_at)
SELECT '{account}', false, 'cus_' || n.i, 50, 50, '{long}' FROM n`)
	for n, b := range buyers {
		for _, table := range []string{"customer_sync SET stripe_id = '%s' WHERE stripe_id", "webhook_events SET customer = '%s' WHERE customer"} {
			statements = append(statements, fmt.Sprintf("UPDATE "+table+" = 'cus_%d'", b.customer, n))
		}
	}
	values := strings.NewReplacer("{account}", on.StripeAccount, "{long}", long.Format("2006-01-02 15:04:05+00:00"))
	return execAll(ctx, conn, append(statements, after...), values)
}

func execAll(ctx context.Context, conn *sql.Conn, statements []string, values *strings.Replacer) error {
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, values.Replace(statement)); err != nil {
			return fmt.Errorf("fill the inbox: %.80s: %w", statement, err)
		}
	}
	return nil
}
