package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// The bars of the background work.
const (
	minDrained     = 300 // customers a second
	maxPageRatio   = 2.0
	maxToAccessP95 = 250 * time.Millisecond
)

// The backlog: so many events about so many customers. A payment leaves about as many about each.
const (
	backlogEvents    = 10_000
	backlogCustomers = 2_500
)

// The limits of waiting for the program's background work.
const (
	drainTimeout = 2 * time.Minute
	drainLook    = 20 * time.Millisecond
)

// idleFor is how long pages are measured while nothing else goes on, before and again after the work.
const idleFor = 2 * time.Second

// limitFor is how long the calls at the default rate are counted.
const limitFor = 5 * time.Second

// background is what the program does when nobody waits for it, and what those who do notice of it.
func (b *bench) background(ctx context.Context) (rows []row, err error) {
	s, err := newShop(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	buyers, err := s.sell(ctx, "starter_v1_month", backlogCustomers)
	if err != nil {
		return nil, err
	}
	databaseURL := onSQLite(b.dir, "live")
	drained, err := b.drainRows(ctx, s, databaseURL, buyers)
	if err != nil {
		return nil, fmt.Errorf("drain: %w", err)
	}
	followed, err := b.accessRow(ctx, s, databaseURL, buyers)
	if err != nil {
		return nil, fmt.Errorf("events to access: %w", err)
	}
	limited, err := b.limitRow(ctx, s, databaseURL, buyers)
	return append(drained, followed, limited), err
}

// drainRows is how fast a backlog is worked off, and how long pages take meanwhile.
func (b *bench) drainRows(ctx context.Context, s *shop, databaseURL string, buyers []buyer) ([]row, error) {
	before, err := idlePages(ctx, s, databaseURL, buyers)
	if err != nil {
		return nil, err
	}
	l, err := openLive(ctx, s, databaseURL, raisedRPS)
	if err != nil {
		return nil, err
	}
	s.counted()
	took, during, err := l.drain(ctx, buyers)
	calls := len(s.counted())
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	if err := l.close(); err != nil {
		return nil, err
	}
	after, err := idlePages(ctx, s, databaseURL, nil)
	idle := (median(before) + median(after)) / 2
	perSecond, ratio := float64(len(buyers))/took.Seconds(), float64(median(during))/float64(idle)
	return []row{{
		what:      fmt.Sprintf("%d queued events of %d customers worked off", backlogEvents, len(buyers)),
		measured:  fmt.Sprintf("%.0f customers/s", perSecond),
		reference: fmt.Sprintf("%.2f s in all, %d calls of the sandbox", took.Seconds(), calls),
		bar:       fmt.Sprintf("> %d/s", minDrained), pass: perSecond > minDrained,
	}, {
		what:     "signed-in dashboard meanwhile, median",
		measured: fmt.Sprintf("%s, %.2f ×", millis(median(during)), ratio), reference: millis(idle) + " while idle",
		bar: fmt.Sprintf("≤ %.2g ×", maxPageRatio), pass: ratio <= maxPageRatio,
	}}, err
}

// idlePages is how long pages take while there is nothing to do. It makes buyers known who are not yet.
func idlePages(ctx context.Context, s *shop, databaseURL string, buyers []buyer) (took []time.Duration, err error) {
	l, err := openLive(ctx, s, databaseURL, raisedRPS)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if buyers != nil {
		if _, err := l.know(ctx, buyers); err != nil {
			return nil, err
		}
		if err := l.upToDate(ctx, s); err != nil {
			return nil, err
		}
	}
	cookie, err := l.signIn(ctx)
	if err != nil {
		return nil, err
	}
	addr, err := l.serve(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.await(ctx, owedMails); err != nil {
		return nil, err
	}
	reading, stop := context.WithTimeout(ctx, idleFor)
	defer stop()
	return readPages(reading, addr, cookie)
}

// drain queues the backlog while the program only receives, and then lets it work.
func (l *live) drain(ctx context.Context, buyers []buyer) (took time.Duration, pages []time.Duration, err error) {
	if err := l.queue(ctx, buyers, backlogEvents); err != nil {
		return 0, nil, err
	}
	cookie, err := l.signIn(ctx)
	if err != nil {
		return 0, nil, err
	}
	begun := time.Now()
	addr, err := l.serve(ctx)
	if err != nil {
		return 0, nil, err
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	group.Go(func() (err error) {
		pages, err = readPages(reading, addr, cookie)
		return err
	})
	err = l.await(ctx, dueCustomers)
	took = time.Since(begun)
	stop()
	return took, pages, errors.Join(err, group.Wait())
}

// What is awaited: the rows that are still to be worked at.
const (
	dueCustomers = "SELECT count(*) FROM customer_sync WHERE dirty_seq > synced_seq"
	owedMails    = "SELECT count(*) FROM mails WHERE state = 'pending'"
)

// await waits until a count has come down to nothing.
func (l *live) await(ctx context.Context, counted string) error {
	for deadline := time.Now().Add(drainTimeout); time.Now().Before(deadline); time.Sleep(drainLook) {
		var left int64
		if err := l.DB.Read(ctx).Raw(counted).Scan(&left).Error; err != nil || left == 0 {
			return err
		}
	}
	return fmt.Errorf("not done within %s: %s", drainTimeout, counted)
}

// queue receives events about the buyers in turn.
func (l *live) queue(ctx context.Context, buyers []buyer, many int) error {
	event := events(time.Now().Format("150405.000000"))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for n := range many {
		group.Go(func() error {
			body := event(int64(n), buyers[n%len(buyers)].customer)
			return l.Billing.Receive(ctx, body, sign(body))
		})
	}
	return group.Wait()
}

// limitRow is the most calls of any second while there is far more to do than the default rate allows.
func (b *bench) limitRow(ctx context.Context, s *shop, databaseURL string, buyers []buyer) (r row, err error) {
	l, err := openLive(ctx, s, databaseURL, 0)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.queue(ctx, buyers, len(buyers)); err != nil {
		return r, err
	}
	s.counted()
	if _, err := l.serve(ctx); err != nil {
		return r, err
	}
	time.Sleep(limitFor)
	calls := s.counted()
	busiest, allowed := most(calls), l.Config.StripeMaxRPS
	return row{
		what:      "calls of Stripe's API in any one second, STRIPE_MAX_RPS left at its default",
		measured:  fmt.Sprint(busiest),
		reference: fmt.Sprintf("%d calls in %s, a backlog behind them", len(calls), limitFor),
		bar:       fmt.Sprintf("≤ %d", allowed), pass: busiest <= allowed && len(calls) > allowed,
	}, nil
}
