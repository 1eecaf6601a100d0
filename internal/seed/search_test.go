package seed_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/internal/seed"
	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// SEED_ACCOUNTS=100000 go test -run Quick -v ./internal/seed measures the admin's list on a
// population as large as a Tollgate is likely to have.
func TestTheListIsQuick(t *testing.T) {
	t.Parallel()
	accounts, err := strconv.Atoi(os.Getenv("SEED_ACCOUNTS"))
	if err != nil {
		accounts = 2000
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		_, err := seed.Run(t.Context(), options(db, accounts))
		require.NoError(t, err)
		all, err := db.SearchSubscribers(t.Context(), models.SubscriberSearch{Query: "example", Sort: "mrr", Page: 3})
		require.NoError(t, err)
		require.EqualValues(t, min(accounts, models.MostMatches), all.Total, "more than a few matches are counted as well")
		require.Equal(t, accounts > models.MostMatches, all.More)
		require.Len(t, all.Rows, models.SubscribersPerPage)
		beyond, err := db.SearchSubscribers(t.Context(), models.SubscriberSearch{Query: "example", Page: accounts})
		require.NoError(t, err)
		last := (min(accounts, models.MostMatches) + models.SubscribersPerPage - 1) / models.SubscribersPerPage
		require.Equal(t, last, beyond.Page)
		require.NotEmpty(t, beyond.Rows)
		for _, kind := range []struct {
			name  string
			query func(r *rand.Rand) models.SubscriberSearch
		}{
			{"a name", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Query: pick(r, "okafor", "lindqv", "mara s", "nia kowal", "labs")}
			}},
			{"an address", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Query: strconv.FormatInt(r.Int64N(int64(accounts)), 36) + "0@example"}
			}},
			{"a Stripe id", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Query: "cus_seed" + strconv.FormatInt(r.Int64N(1<<20), 16)}
			}},
			{"two letters", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Query: pick(r, "ka", "zo", "xu", "q7")}
			}},
			{"what all have", func(*rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Query: "example"}
			}},
			{"what all have, any page", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Query: "example", Page: 1 + r.IntN(accounts/25)}
			}},
			{"any page", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{Page: 1 + r.IntN(accounts/25)}
			}},
			{"any page of a filter", func(r *rand.Rand) models.SubscriberSearch {
				return models.SubscriberSearch{
					Plan:   pick(r, "free", "starter", "pro", ""),
					Status: pick(r, "active", "none", "past_due", "paused", ""), Page: 1 + r.IntN(accounts/50),
				}
			}},
		} {
			r := rand.New(rand.NewPCG(7, 7))
			var took []time.Duration
			for range 100 {
				search := kind.query(r)
				search.Sort = pick(r, "", "-created", "created", "name", "-name", "mrr", "-mrr", "plan", "-status")
				began := time.Now()
				_, err := db.SearchSubscribers(t.Context(), search)
				require.NoError(t, err)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			t.Logf("%-24s p50 %8s  p95 %8s  worst %8s", kind.name, short(took[50]), short(took[95]), short(took[99]))
			require.Less(t, took[50], time.Second)
		}
	})
}

func short(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }
