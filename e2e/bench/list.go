package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// listAccounts is the population on which the admin's list is measured, unless ACCOUNTS says another.
const listAccounts = 100_000

// measureList times the admin's list on both databases. Postgres waits for the disk here, as it
// would in production.
func (b *bench) measureList(ctx context.Context) error {
	if err := b.measureListOn(ctx, "SQLite", "sqlite:"+filepath.Join(b.dir, "list.db")); err != nil {
		return err
	}
	url, stop, err := modelstest.StartPostgres("", "fsync=on")
	if errors.Is(err, modelstest.ErrNoPostgres) {
		fmt.Println("skipped: the admin's list on Postgres:", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	return b.measureListOn(ctx, "Postgres", url)
}

func (b *bench) measureListOn(ctx context.Context, name, databaseURL string) error {
	accounts, err := strconv.Atoi(os.Getenv("ACCOUNTS"))
	if err != nil {
		accounts = listAccounts
	}
	db, err := models.Open(ctx, databaseURL, time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	began := time.Now()
	_, err = seed.Run(ctx, seed.Options{
		DB: db, Catalog: plan.Default(), Connection: models.Connection{StripeAccount: "acct_bench"},
		Accounts: accounts, Seed: 1, Now: time.Now(),
	})
	if err != nil {
		return err
	}
	seeded := time.Since(began)
	for _, kind := range searches(accounts) {
		p50, p95, err := timeSearches(ctx, db, kind.next)
		if err != nil {
			return err
		}
		b.add(figure{
			what:      fmt.Sprintf("admin's list on %s, %d accounts: %s", name, accounts, kind.name),
			measured:  fmt.Sprintf("p95 %s, p50 %s", p95.Round(100*time.Microsecond), p50.Round(100*time.Microsecond)),
			reference: fmt.Sprintf("seeded in %s", seeded.Round(time.Second)), promise: "p95 under 50 ms", ok: p95 < 50*time.Millisecond,
		})
	}
	return nil
}

func timeSearches(
	ctx context.Context, db *models.DB, next func(*rand.Rand) models.SubscriberSearch,
) (p50, p95 time.Duration, err error) {
	const warm, measured = 20, 200
	r := rand.New(rand.NewPCG(7, 7))
	var took []time.Duration
	for n := range warm + measured {
		search, began := next(r), time.Now()
		if _, err := db.SearchSubscribers(ctx, search); err != nil {
			return 0, 0, err
		}
		if n >= warm {
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	return took[measured/2], took[measured*95/100], nil
}

type searchKind struct {
	name string
	next func(*rand.Rand) models.SubscriberSearch
}

// searches are what an admin asks for, and what would be slow if something were.
func searches(accounts int) []searchKind {
	pick := func(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }
	return []searchKind{
		{"part of a name, an address or a Stripe id", func(r *rand.Rand) models.SubscriberSearch {
			address := strconv.FormatInt(r.Int64N(int64(accounts)), 36) + "0@example"
			customer := "cus_seed" + strconv.FormatInt(r.Int64N(1<<12)+1<<12, 16)
			return models.SubscriberSearch{Query: pick(r, "okafor", "mara s", "labs", "lindqv", address, customer)}
		}},
		{"what everybody has, and what hardly says anything", func(r *rand.Rand) models.SubscriberSearch {
			return models.SubscriberSearch{Query: pick(r, "example", "ka", "q7", "@", "zo")}
		}},
		{"any page in any order", func(r *rand.Rand) models.SubscriberSearch {
			sort := pick(r, "created", "name", "mrr", "plan", "status")
			return models.SubscriberSearch{Sort: pick(r, "", "-") + sort, Page: 1 + r.IntN(accounts/25)}
		}},
		{"any page of a plan or a status", func(r *rand.Rand) models.SubscriberSearch {
			search := models.SubscriberSearch{Plan: pick(r, "free", "starter", "pro"), Page: 1 + r.IntN(200)}
			if r.IntN(2) == 0 {
				search.Plan, search.Status = "", pick(r, "active", "past_due", "canceled", "none")
			}
			return search
		}},
	}
}
