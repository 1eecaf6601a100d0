// Package seed fills the tables with a population that is believable: people and workspaces that
// signed up over two years, on the plans, in the states and with the invoices that such a business
// has. It is for trying the admin's pages and for measuring them; nobody in it exists, and every
// address ends in a domain that is reserved for examples.
//
// The rows are written straight to the tables, in the shape that a sync would leave, because asking
// Stripe for a hundred thousand customers would take days. Stripe, and the sandbox, know nothing of
// them. The same seed gives the same population, and writing it twice adds nothing.
package seed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// batchAccounts is how many accounts share a transaction: enough to make the commit cheap, few
// enough to leave the database to others in between.
const batchAccounts = 1000

// MaxAccounts bounds a population, so that a slip of the finger does not fill a disk.
const MaxAccounts = 2_000_000

// batchDeadline bounds one batch, whose usual time is a fraction of a second.
const batchDeadline = 2 * time.Minute

// Options is what a population needs.
type Options struct {
	DB         *models.DB
	Catalog    *plan.Catalog
	Connection models.Connection
	Accounts   int
	// Seed tells populations apart; the same one gives the same rows.
	Seed uint64
	// Now is when the population is looked at: nothing in it lies in the future.
	Now time.Time
	// PasswordHash is what every user gets, so that a developer can sign in as any of them.
	PasswordHash string
	// Progress is told how far it has come; nil tells nobody.
	Progress io.Writer
}

// Result is what was written.
type Result struct{ Added, Existing int }

// Run writes the population. Accounts that are there already, from an earlier run with the same
// seed, are left as they are.
func Run(ctx context.Context, o Options) (Result, error) {
	var result Result
	if o.Accounts < 0 || o.Accounts > MaxAccounts {
		return result, fmt.Errorf("seed: accounts must be between 0 and %d", MaxAccounts)
	}
	if len(buyable(o.Catalog)) == 0 {
		return result, errors.New("seed: the catalog has nothing for sale")
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	restore, err := o.widenCache(ctx)
	if err != nil {
		return result, err
	}
	defer restore()
	for from := 0; from < o.Accounts; from += batchAccounts {
		to := min(from+batchAccounts, o.Accounts)
		added, err := o.batch(ctx, from, to)
		if err != nil {
			return result, fmt.Errorf("seed accounts %d to %d: %w", from, to, err)
		}
		result.Added += added
		result.Existing += to - from - added
		if err := o.analyze(ctx, from/batchAccounts+1, added); err != nil {
			return result, err
		}
		if to%(10*batchAccounts) == 0 || to == o.Accounts {
			fmt.Fprintf(o.Progress, "%d of %d accounts\n", to, o.Accounts)
		}
	}
	return result, o.vacuum(ctx, result.Added)
}

// vacuum leaves the admin's list as Postgres would have it after a quiet minute of its own upkeep.
// Until its pages are marked as settled, a search in an index has to look every row up as well.
func (o Options) vacuum(ctx context.Context, added int) error {
	if o.DB.Dialect != models.Postgres || added == 0 {
		return nil
	}
	if err := o.DB.Write(ctx).Exec("VACUUM (ANALYZE) subscribers").Error; err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

// widenCache lets SQLite keep its indexes in memory while it writes: ids are random, so each row
// touches a page of its own in several of them.
func (o Options) widenCache(ctx context.Context) (restore func(), err error) {
	if o.DB.Dialect != models.SQLite {
		return func() {}, nil
	}
	var before int
	if err := o.DB.Write(ctx).Raw("PRAGMA cache_size").Scan(&before).Error; err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	if err := o.DB.Write(ctx).Exec("PRAGMA cache_size = -262144").Error; err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	return func() { // a failure costs memory and nothing else
		_ = o.DB.Write(ctx).Exec(fmt.Sprintf("PRAGMA cache_size = %d", before)).Error
	}, nil
}

// analyze lets Postgres look at what was written, as often as the tables have doubled. Without, it
// plans for empty tables, and each batch takes longer than the one before.
func (o Options) analyze(ctx context.Context, batches, added int) error {
	if o.DB.Dialect != models.Postgres || added == 0 || batches&(batches-1) != 0 {
		return nil
	}
	if err := o.DB.Write(ctx).Exec("ANALYZE").Error; err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

func (o Options) batch(ctx context.Context, from, to int) (added int, err error) {
	ctx, cancel := context.WithTimeout(ctx, batchDeadline)
	defer cancel()
	err = o.DB.Tx(ctx, func(tx *gorm.DB) error {
		missing, err := o.missing(tx, from, to)
		if err != nil || len(missing) == 0 {
			return err
		}
		ids, err := firstIDs(tx)
		if err != nil {
			return err
		}
		rows := rows{options: o, next: ids}
		for _, i := range missing {
			rows.account(i)
		}
		added = len(missing)
		return rows.write(tx)
	})
	return added, err
}

// missing lists the accounts of a range that are not there yet.
func (o Options) missing(tx *gorm.DB, from, to int) ([]int, error) {
	publicIDs := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		publicIDs = append(publicIDs, o.source(i).publicID("acc"))
	}
	var found []string
	err := tx.Model(&models.Account{}).Where("public_id IN ?", publicIDs).Pluck("public_id", &found).Error
	if err != nil {
		return nil, err
	}
	exists := make(map[string]bool, len(found))
	for _, id := range found {
		exists[id] = true
	}
	var missing []int
	for i, id := range publicIDs {
		if !exists[id] {
			missing = append(missing, from+i)
		}
	}
	return missing, nil
}
