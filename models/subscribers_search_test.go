package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// subscriber adds an account that the list shows.
func subscriber(t *testing.T, db *models.DB, row models.Subscriber) models.Subscriber {
	t.Helper()
	user := newUser(models.NewToken() + "@example.com")
	require.NoError(t, db.Write(t.Context()).Create(user).Error)
	account := models.Account{PublicID: models.NewPublicID("acc"), Name: row.Name, CreatedBy: user.ID}
	require.NoError(t, db.Write(t.Context()).Create(&account).Error)
	row.AccountID, row.PublicID = account.ID, account.PublicID
	row.Search = strings.ToLower(row.Name + " " + row.Email + " " + row.Customer)
	require.NoError(t, db.Write(t.Context()).Create(&row).Error)
	return row
}

func names(page models.SubscriberPage) []string {
	var all []string
	for _, row := range page.Rows {
		all = append(all, row.Name)
	}
	return all
}

func TestSearchFindsAnyPartOfNameAddressAndID(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		subscriber(t, db, models.Subscriber{Name: "Ada Lovelace", Email: "ada@example.com", Customer: "cus_Abc123"})
		subscriber(t, db, models.Subscriber{Name: "Grace_Hopper", Email: "grace@example.org", Customer: "cus_Xyz789"})
		subscriber(t, db, models.Subscriber{Name: "100% Sure", Email: `back\slash@example.net`, Customer: ""})
		for query, want := range map[string][]string{
			"ovela":                  {"Ada Lovelace"},
			"  LOVELACE  ":           {"Ada Lovelace"},
			"@example.org":           {"Grace_Hopper"},
			"cus_xyz":                {"Grace_Hopper"},
			"e_h":                    {"Grace_Hopper"}, // not any character
			"0%":                     {"100% Sure"},    // not anything
			"%":                      {"100% Sure"},
			`k\s`:                    {"100% Sure"},
			"' OR 1=1 --":            nil,
			"nobody":                 nil,
			"example":                {"100% Sure", "Ada Lovelace", "Grace_Hopper"},
			"":                       {"100% Sure", "Ada Lovelace", "Grace_Hopper"},
			strings.Repeat("a", 300): nil,
		} {
			page, err := db.SearchSubscribers(t.Context(), models.SubscriberSearch{Query: query, Sort: "name"})
			require.NoError(t, err, query)
			require.Equal(t, want, names(page), query)
			require.EqualValues(t, len(want), page.Total, query)
		}
	})
}

func TestFiltersSortsAndPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		plans, statuses := []string{"free", "starter", "pro"}, []string{"none", "active", "past_due"}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 60 {
			subscriber(t, db, models.Subscriber{
				Name: fmt.Sprintf("Name %02d", (i*37)%60), Email: fmt.Sprintf("e%d@example.com", i),
				Plan: plans[i%3], Status: statuses[i%3], MRR: int64((i * 13) % 7), CreatedAt: at.Add(time.Duration(i) * time.Hour),
			})
		}
		search := func(s models.SubscriberSearch) models.SubscriberPage {
			page, err := db.SearchSubscribers(t.Context(), s)
			require.NoError(t, err)
			return page
		}
		for _, query := range []string{"", "name"} {
			for sort, less := range map[string]func(a, b models.Subscriber) int{
				"created": func(a, b models.Subscriber) int { return a.CreatedAt.Compare(b.CreatedAt) },
				"name":    func(a, b models.Subscriber) int { return strings.Compare(a.Name, b.Name) },
				"mrr":     func(a, b models.Subscriber) int { return int(a.MRR - b.MRR) },
				"plan":    func(a, b models.Subscriber) int { return strings.Compare(a.Plan, b.Plan) },
				"status":  func(a, b models.Subscriber) int { return strings.Compare(a.Status, b.Status) },
			} {
				var up []models.Subscriber
				seen := map[int64]bool{}
				for number := 1; number <= 3; number++ {
					page := search(models.SubscriberSearch{Query: query, Sort: sort, Page: number})
					require.EqualValues(t, 60, page.Total)
					up = append(up, page.Rows...)
				}
				for _, row := range up {
					require.False(t, seen[row.AccountID], "a row on two pages")
					seen[row.AccountID] = true
				}
				require.Len(t, up, 60)
				require.True(t, slices.IsSortedFunc(up, less), sort)
				first := search(models.SubscriberSearch{Query: query, Sort: "-" + sort}).Rows[0]
				require.Zero(t, less(first, up[59]), "-%s begins with the last of %s", sort, sort)
			}
		}
		require.EqualValues(t, 20, search(models.SubscriberSearch{Plan: "pro"}).Total)
		require.EqualValues(t, 20, search(models.SubscriberSearch{Plan: "pro", Status: "past_due"}).Total)
		require.Zero(t, search(models.SubscriberSearch{Plan: "pro", Status: "active"}).Total)
		require.EqualValues(t, 20, search(models.SubscriberSearch{Query: "name", Status: "active"}).Total)

		newest := search(models.SubscriberSearch{Sort: "1; DROP TABLE subscribers"})
		require.Equal(t, at.Add(59*time.Hour), newest.Rows[0].CreatedAt.UTC(), "an unknown sort is the default")
		beyond := search(models.SubscriberSearch{Page: 99})
		require.Equal(t, 3, beyond.Page)
		require.Len(t, beyond.Rows, 10)
	})
}
