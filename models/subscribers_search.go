package models

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"
)

// SubscribersPerPage is how many rows the admin's list shows.
const SubscribersPerPage = 25

// maxSearch bounds what is looked for: no name, address or id is longer.
const maxSearch = 200

// SubscriberSearch is what the admin's list is asked for. Query is looked for anywhere in names,
// addresses and Stripe ids; Plan and Status are exact; empty ones ask for nothing. Sort is a name of
// SubscriberSorts, with a minus in front to turn it around; anything else is the newest first. Page
// counts from 1.
type SubscriberSearch struct {
	Query, Plan, Status, Sort string
	Page                      int
}

// SubscriberPage is one page of the list. Page is the one shown, which is the last where the one
// asked for lies beyond it. More says that a search found more than MostMatches, which is then the
// Total: what so many rows have in common finds nobody, and counting them all takes longer than
// showing them.
type SubscriberPage struct {
	Rows  []Subscriber
	Total int64
	More  bool
	Page  int
}

// MostMatches is how many matches of a search are counted and can be paged through. A list without a
// search is counted to its end.
const MostMatches = 1000

// order is one way to sort: the columns, and the index of SQLite that is in that order. Those of
// created and name also hold the text that is searched.
type order struct {
	columns []string
	index   string
}

// subscriberOrders is the allow-list of sorts. Each ends in something unique, so that pages neither
// repeat nor miss a row. Names are sorted without regard to case, as search holds them.
var subscriberOrders = map[string]order{
	"created": {[]string{"created_at", "account_id"}, "subscribers_created"},
	"name":    {[]string{"search", "account_id"}, "subscribers_search"},
	"mrr":     {[]string{"mrr", "account_id"}, "subscribers_mrr"},
	"plan":    {[]string{"plan", "status", "created_at", "account_id"}, "subscribers_plan"},
	"status":  {[]string{"status", "plan", "created_at", "account_id"}, "subscribers_status"},
}

// fewMatches is up to how many matches of a search are looked at one by one.
const fewMatches = 500

// SearchSubscribers reads a page of the list and how many rows there are in all.
func (db *DB) SearchSubscribers(ctx context.Context, s SubscriberSearch) (SubscriberPage, error) {
	s.Query = strings.TrimSpace(s.Query)
	if len(s.Query) > maxSearch {
		return SubscriberPage{Page: 1}, nil
	}
	s.Page = max(1, s.Page)
	page, err := db.searchFew(ctx, s)
	if err == nil && page == nil {
		page, err = db.searchMany(ctx, s)
	}
	if err != nil {
		return SubscriberPage{}, fmt.Errorf("search subscribers: %w", err)
	}
	return *page, nil
}

// searchFew answers a search that matches little, which is what a search is for, by reading the
// index once. It gives nothing where there is no search or where there are more matches than a few,
// which it finds out early.
func (db *DB) searchFew(ctx context.Context, s SubscriberSearch) (*SubscriberPage, error) {
	if s.Query == "" {
		return nil, nil
	}
	var ids []int64
	err := db.planned(ctx, func(tx *gorm.DB) error {
		return filtered(tx, s, "subscribers_search").Limit(fewMatches+1).Pluck("account_id", &ids).Error
	})
	if err != nil || len(ids) > fewMatches {
		return nil, err
	}
	page := &SubscriberPage{Total: int64(len(ids))}
	page.Page = min(s.Page, lastPage(page.Total))
	clause, _ := orderBy(s)
	return page, db.Read(ctx).Table("subscribers").Where("account_id IN ?", ids).Order(clause).
		Limit(SubscribersPerPage).Offset((page.Page - 1) * SubscribersPerPage).Find(&page.Rows).Error
}

// searchMany counts and reads side by side, because over a large population each takes about as long
// as the other.
func (db *DB) searchMany(ctx context.Context, s SubscriberSearch) (*SubscriberPage, error) {
	if s.Query != "" {
		s.Page = min(s.Page, lastPage(MostMatches))
	}
	page := &SubscriberPage{Page: s.Page}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return db.planned(groupCtx, func(tx *gorm.DB) error { return count(tx, s, page) })
	})
	group.Go(func() error { return db.readRows(groupCtx, s, page) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if last := lastPage(page.Total); page.Page > last {
		s.Page, page.Page = last, last
		return page, db.readRows(ctx, s, page)
	}
	return page, nil
}

func count(tx *gorm.DB, s SubscriberSearch, page *SubscriberPage) error {
	if s.Query == "" {
		return filtered(tx, s, "").Count(&page.Total).Error
	}
	some := filtered(tx, s, "").Select("account_id").Limit(MostMatches + 1)
	if err := tx.Table("(?) AS found", some).Count(&page.Total).Error; err != nil {
		return err
	}
	page.More = page.Total > MostMatches
	page.Total = min(page.Total, MostMatches)
	return nil
}

// lastPage counts from 1, and is 1 for an empty list.
func lastPage(total int64) int {
	return max(1, int((total+SubscribersPerPage-1)/SubscribersPerPage))
}

// orderBy is the ORDER BY of a search, and the index of SQLite to walk for it.
func orderBy(s SubscriberSearch) (clause, index string) {
	name, down := strings.CutPrefix(s.Sort, "-")
	by, known := subscriberOrders[name]
	if !known {
		name, down, by = "created", true, subscriberOrders["created"]
	}
	direction := ""
	if down {
		direction = " DESC"
	}
	index = by.index
	if s.Query != "" && name != "created" {
		index = "subscribers_search"
	}
	return strings.Join(by.columns, direction+", ") + direction, index
}

// readRows finds the ids of a page in an index alone, and only then reads its rows.
func (db *DB) readRows(ctx context.Context, s SubscriberSearch, page *SubscriberPage) error {
	clause, index := orderBy(s)
	offset := (s.Page - 1) * SubscribersPerPage
	return db.planned(ctx, func(tx *gorm.DB) error {
		ids := filtered(tx, s, index).Select("account_id").Order(clause).Limit(SubscribersPerPage).Offset(offset)
		return tx.Table("subscribers").Where("account_id IN (?)", ids).Order(clause).Find(&page.Rows).Error
	})
}

// planned runs a query that Postgres plans for the values it has. A plan made once for any value is
// wrong here: a search matches anything from one row to all.
func (db *DB) planned(ctx context.Context, query func(tx *gorm.DB) error) error {
	if db.Dialect != Postgres {
		return query(db.Read(ctx))
	}
	return db.Read(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec("SET LOCAL plan_cache_mode = force_custom_plan").Error; err != nil {
			return err
		}
		return query(tx)
	})
}

// filtered is the list without its order. SQLite is told which index to walk: it cannot know how
// many rows a search finds, and guesses wrong where it matters.
func filtered(tx *gorm.DB, s SubscriberSearch, index string) *gorm.DB {
	query := tx.Table("subscribers")
	if tx.Name() == "sqlite" && index != "" {
		query = tx.Table("subscribers INDEXED BY " + index)
	}
	if s.Plan != "" {
		query = query.Where("plan = ?", s.Plan)
	}
	if s.Status != "" {
		query = query.Where("status = ?", s.Status)
	}
	if s.Query != "" {
		query = query.Where(`search LIKE LOWER(?) ESCAPE '\'`, "%"+likeEscaper().Replace(s.Query)+"%")
	}
	return query
}
