package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"example.com/tollgate/billing"
)

// calls is how often a function is called for one sample of its cost.
const (
	accessCalls = 2000
	decideCalls = 200_000
)

// cost is what one call takes and allocates.
type cost struct {
	took   time.Duration
	allocs float64
}

// costOf calls a function in turns with another and gives the median cost of each, as contest does.
func costOf(rounds, calls int, ours, reference func() error) (mine, theirs cost, err error) {
	var took, floor []time.Duration
	var allocs, floorAllocs []float64
	for range rounds {
		a, err := sample(calls, ours)
		if err != nil {
			return mine, theirs, err
		}
		b, err := sample(calls, reference)
		if err != nil {
			return mine, theirs, err
		}
		took, allocs = append(took, a.took), append(allocs, a.allocs)
		floor, floorAllocs = append(floor, b.took), append(floorAllocs, b.allocs)
	}
	return cost{median(took), median(allocs)}, cost{median(floor), median(floorAllocs)}, nil
}

func sample(calls int, do func() error) (cost, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range calls {
		if err := do(); err != nil {
			return cost{}, err
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return cost{
		took:   took / time.Duration(calls),
		allocs: float64((after.Mallocs - before.Mallocs) / uint64(calls)),
	}, nil
}

// accessCheck is the whole answer to "may this account do that", its rows read from SQLite, beside
// the cheapest question that the same pool can be asked.
func (w *world) accessCheck(ctx context.Context, rounds int) (ours, floor cost, err error) {
	return costOf(rounds, accessCalls, func() error {
		access, err := w.billing.Access(ctx, w.account.ID)
		if err == nil && access.Level != billing.LevelFull {
			return fmt.Errorf("the account has no access: %s", access.Reason)
		}
		return err
	}, func() error {
		var one int
		return w.db.Read(ctx).Raw("SELECT 1").Row().Scan(&one)
	})
}

// decision is the pure function alone, on an account with two subscriptions and a grant, beside
// nothing but the loop that calls it.
func (w *world) decision(rounds int) (ours, floor cost, err error) {
	now := time.Now()
	facts := billing.AccountFacts{
		Subscriptions: []billing.SubscriptionFacts{
			{ID: "sub_2", Status: "active", Plan: paidPlan, PeriodEnd: now.Add(time.Hour), SyncedAt: now},
			{ID: "sub_1", Status: "canceled", Plan: "pro", PeriodEnd: now.Add(-time.Hour), SyncedAt: now},
		},
		Grants: []billing.GrantFacts{{Plan: paidPlan, Start: now.Add(-time.Hour)}},
	}
	policy := billing.Policy{Catalog: w.catalog, Grace: 7 * 24 * time.Hour, Leeway: 48 * time.Hour}
	var kept billing.Decision
	ours, floor, err = costOf(rounds, decideCalls, func() error {
		kept = billing.Decide(facts, now, policy)
		return nil
	}, func() error { return nil })
	if err == nil && kept.Level != billing.LevelFull {
		err = fmt.Errorf("the account has no access: %s", kept.Reason)
	}
	return ours, floor, err
}
