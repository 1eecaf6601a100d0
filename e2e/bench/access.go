package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models"
)

// measureAccess times the access check in this process, with its rows and without.
func (b *bench) measureAccess(ctx context.Context) error {
	a, listener, err := openApp(ctx, filepath.Join(b.dir, "access"))
	if err != nil {
		return err
	}
	_ = listener.Close()
	_, err = seed.Run(ctx, seed.Options{
		DB: a.DB, Catalog: a.Catalog, Connection: a.Billing.Connection, Accounts: 1000, Seed: 1, Now: time.Now(),
	})
	if err != nil {
		return errors.Join(err, a.Close())
	}
	var account models.Subscriber
	if err := a.DB.Read(ctx).Where("status = 'active'").Take(&account).Error; err != nil {
		return errors.Join(err, a.Close())
	}
	rows := testing.Benchmark(func(bb *testing.B) {
		for bb.Loop() {
			if _, err := a.Billing.Access(ctx, account.AccountID); err != nil {
				bb.Fatal(err)
			}
		}
	})
	loaded := time.Duration(rows.NsPerOp())
	pure := measurePure()
	b.add(figure{
		what: "access check, rows loaded from SQLite", measured: loaded.String(),
		reference: fmt.Sprintf("the pure function: %d ns, %d allocations", pure.NsPerOp(), pure.AllocsPerOp()),
		promise:   "under 150 µs; under 1 µs without allocation",
		ok:        loaded < 150*time.Microsecond && pure.NsPerOp() < 1000 && pure.AllocsPerOp() == 0,
	})
	return a.Close()
}

func measurePure() testing.BenchmarkResult {
	now := time.Now()
	facts := billing.AccountFacts{Subscriptions: []billing.SubscriptionFacts{{
		ID: "sub_1", Status: "active", Plan: "pro", LookupKey: "pro_v1_month", KnownStatus: "active", KnownPlan: "pro",
		PeriodEnd: now.Add(time.Hour), SyncedAt: now,
	}}}
	policy := billing.Policy{Catalog: plan.Default(), Grace: 168 * time.Hour, Leeway: 48 * time.Hour}
	return testing.Benchmark(func(bb *testing.B) {
		bb.ReportAllocs()
		for bb.Loop() {
			billing.Decide(facts, now, policy)
		}
	})
}

// measureQueries counts what the dashboard asks the database. Jobs run beside it and ask as well, so
// the least of many requests counts.
func (b *bench) measureQueries(ctx context.Context) error {
	a, listener, err := openApp(ctx, filepath.Join(b.dir, "queries"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	listening, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- a.Serve(ctx, listener, func() { close(listening) }) }()
	<-listening
	origin := "http://" + listener.Addr().String()
	page, err := b.visit(ctx, origin)
	if err == nil {
		var fewest int64
		if fewest, err = countQueries(ctx, a.DB, origin+"/app", page.cookie); err == nil {
			b.add(figure{
				what: "queries of the signed-in dashboard", measured: fmt.Sprint(fewest), reference: "none",
				promise: "at most 3", ok: fewest <= 3,
			})
		}
	}
	cancel()
	return errors.Join(err, <-done, a.Close())
}

// countQueries gives the fewest statements that a request gave rise to.
func countQueries(ctx context.Context, db *models.DB, address, cookie string) (int64, error) {
	var count atomic.Int64
	counted := func(*gorm.DB) { count.Add(1) }
	for _, pool := range []*gorm.DB{db.Read(ctx), db.Write(ctx)} {
		callbacks := pool.Callback()
		err := errors.Join(
			callbacks.Query().Before("gorm:query").Register("bench:query", counted),
			callbacks.Row().Before("gorm:row").Register("bench:row", counted),
			callbacks.Raw().Before("gorm:raw").Register("bench:raw", counted),
			callbacks.Create().Before("gorm:create").Register("bench:create", counted),
			callbacks.Update().Before("gorm:update").Register("bench:update", counted),
		)
		if err != nil {
			return 0, err
		}
	}
	fewest := int64(1 << 20)
	for range 20 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return 0, err
		}
		r.Header.Set("Cookie", cookie)
		before := count.Load()
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("%s answered %s", address, response.Status)
		}
		fewest = min(fewest, count.Load()-before)
	}
	return fewest, nil
}
