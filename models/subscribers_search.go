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
// asked for lies beyond it.
type SubscriberPage struct {
	Rows  []Subscriber
	Total int64
	Page  int
}

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

const newestFirst = "-created"

// SearchSubscribers reads a page of the list and how many rows there are in all. The two are read
// side by side, because over a large population each takes about as long as the other.
func (db *DB) SearchSubscribers(ctx context.Context, s SubscriberSearch) (SubscriberPage, error) {
	s.Query = strings.TrimSpace(s.Query)
	if len(s.Query) > maxSearch {
		return SubscriberPage{Page: 1}, nil
	}
	page := SubscriberPage{Page: max(1, s.Page)}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return db.filtered(groupCtx, s, "").Count(&page.Total).Error })
	group.Go(func() error { return db.subscriberRows(groupCtx, s, page.Page).Find(&page.Rows).Error })
	if err := group.Wait(); err != nil {
		return SubscriberPage{}, fmt.Errorf("search subscribers: %w", err)
	}
	last := int((page.Total + SubscribersPerPage - 1) / SubscribersPerPage)
	if page.Page > last && last > 0 {
		page.Page = last
		if err := db.subscriberRows(ctx, s, last).Find(&page.Rows).Error; err != nil {
			return SubscriberPage{}, fmt.Errorf("search subscribers: %w", err)
		}
	}
	if last == 0 {
		page.Page = 1
	}
	return page, nil
}

// subscriberRows finds the ids of a page in an index alone, and only then reads its rows.
func (db *DB) subscriberRows(ctx context.Context, s SubscriberSearch, page int) *gorm.DB {
	name, down := strings.CutPrefix(s.Sort, "-")
	by, known := subscriberOrders[name]
	if !known {
		return db.subscriberRows(ctx, SubscriberSearch{s.Query, s.Plan, s.Status, newestFirst, page}, page)
	}
	direction := ""
	if down {
		direction = " DESC"
	}
	clause := strings.Join(by.columns, direction+", ") + direction
	index := by.index
	if s.Query != "" && name != "created" {
		index = "subscribers_search"
	}
	ids := db.filtered(ctx, s, index).Select("account_id").Order(clause).
		Limit(SubscribersPerPage).Offset((page - 1) * SubscribersPerPage)
	return db.Read(ctx).Table("subscribers").Where("account_id IN (?)", ids).Order(clause)
}

// filtered is the list without its order. SQLite is told which index to walk: it cannot know how
// many rows a search finds, and guesses wrong where it matters.
func (db *DB) filtered(ctx context.Context, s SubscriberSearch, index string) *gorm.DB {
	query := db.Read(ctx).Table("subscribers")
	if db.Dialect == SQLite && index != "" {
		query = db.Read(ctx).Table("subscribers INDEXED BY " + index)
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
