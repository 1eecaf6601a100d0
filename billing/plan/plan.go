// Package plan says what is for sale: plans, their prices, the features they grant and the limits
// they set. It knows nothing of Stripe, of HTTP or of the database; everything that shows, sells,
// checks or provisions a plan reads the one literal table in catalog.go.
//
// Prices are named by lookup keys with a version in them (pro_v1_year). A price that customers have
// bought never changes: a new amount is a new version, and the old one stays in the table, retired,
// so that what it grants is still known.
package plan

import (
	"errors"
	"fmt"
)

// Interval is how often a price is charged, in Stripe's words.
type Interval string

// The intervals on sale.
const (
	Month Interval = "month"
	Year  Interval = "year"
)

// Feature names something a plan either includes or does not.
type Feature string

// Limit names something a plan includes a number of.
type Limit string

// Unlimited is the value of a limit that is not one.
const Unlimited int64 = -1

// FeatureInfo is the words for a feature, as the pricing page lists it. KeptWhenLimited features
// stay while a payment is overdue: people may always read and take out what is theirs.
type FeatureInfo struct {
	Key             Feature
	Name            string
	Description     string
	KeptWhenLimited bool
}

// LimitInfo is the words for a limit: Name for a heading, One and Many for a count.
type LimitInfo struct {
	Key       Limit
	Name      string
	One, Many string
}

// Price is one way to pay for a plan. Retired prices are no longer sold but keep granting.
type Price struct {
	LookupKey string
	Interval  Interval
	Money     Money
	Retired   bool
}

// Plan is one row of the pricing page. Level orders plans: of two subscriptions the higher level
// wins. A plan without prices is free.
type Plan struct {
	Key       string
	Name      string
	Tagline   string
	Level     int
	Highlight bool
	Features  []Feature
	Limits    map[Limit]int64
	Prices    []Price
}

// Can reports whether the plan includes the feature.
func (p Plan) Can(f Feature) bool {
	for _, have := range p.Features {
		if have == f {
			return true
		}
	}
	return false
}

// Limit gives the plan's number for l, or zero where the plan does not mention it.
func (p Plan) Limit(l Limit) int64 { return p.Limits[l] }

// Free reports whether the plan costs nothing.
func (p Plan) Free() bool { return len(p.Prices) == 0 }

// Price finds the price on sale for an interval and currency.
func (p Plan) Price(interval Interval, currency string) (Price, bool) {
	for _, price := range p.Prices {
		if price.Interval == interval && price.Money.Currency == currency && !price.Retired {
			return price, true
		}
	}
	return Price{}, false
}

// Saving is what paying by the year saves over twelve months: the amount, and the share in whole
// per cent, rounded down so that the page never promises more than it gives.
func Saving(month, year Price) (Money, int64) {
	full := month.Money.Amount * 12
	saved := full - year.Money.Amount
	if full <= 0 || saved <= 0 || month.Money.Currency != year.Money.Currency {
		return Money{Currency: month.Money.Currency}, 0
	}
	return Money{Amount: saved, Currency: month.Money.Currency}, saved * 100 / full
}

// TrialEnd says what becomes of a trial that ends without a card to charge, in Stripe's words:
// https://docs.stripe.com/billing/subscriptions/trials#create-free-trials-without-payment
type TrialEnd string

// The ends of a trial without a card.
const (
	TrialCancels  TrialEnd = "cancel"         // it is over, and nothing is owed
	TrialPauses   TrialEnd = "pause"          // it waits, read-only, until its owner adds a card and resumes
	TrialInvoices TrialEnd = "create_invoice" // it goes on, with an invoice that is due: the grace of a failed payment begins
)

// Catalog is everything for sale. Currency is the default one. TrialDays is the length of the free
// trial that an account gets once, and TrialEnd what follows where there is no card; empty means that it cancels.
type Catalog struct {
	Currency  string
	TrialDays int64
	TrialEnd  TrialEnd
	Plans     []Plan
	Features  []FeatureInfo
	Limits    []LimitInfo
}

// FreePlan is what an account has that pays nothing. Validate guarantees there is one.
func (c *Catalog) FreePlan() Plan {
	for _, p := range c.Plans {
		if p.Free() {
			return p
		}
	}
	return Plan{}
}

// ByKey finds a plan.
func (c *Catalog) ByKey(key string) (Plan, bool) {
	for _, p := range c.Plans {
		if p.Key == key {
			return p, true
		}
	}
	return Plan{}, false
}

// ByLookupKey finds the plan and price that a lookup key names, retired ones included. The empty
// key names nothing, so that a price without one never matches a plan.
func (c *Catalog) ByLookupKey(key string) (Plan, Price, bool) {
	if key == "" {
		return Plan{}, Price{}, false
	}
	for _, p := range c.Plans {
		for _, price := range p.Prices {
			if price.LookupKey == key {
				return p, price, true
			}
		}
	}
	return Plan{}, Price{}, false
}

// OnSale finds the plan and price that may be bought under a lookup key: the allow-list of checkout.
func (c *Catalog) OnSale(key string) (Plan, Price, bool) {
	p, price, ok := c.ByLookupKey(key)
	if !ok || price.Retired {
		return Plan{}, Price{}, false
	}
	return p, price, true
}

// Cheapest finds the lowest plan that passes want, for telling a user which plan has what they
// asked for.
func (c *Catalog) Cheapest(want func(Plan) bool) (Plan, bool) {
	best, found := Plan{}, false
	for _, p := range c.Plans {
		if want(p) && (!found || p.Level < best.Level) {
			best, found = p, true
		}
	}
	return best, found
}

// MaxSavingPercent is the greatest saving that any plan's yearly price gives.
func (c *Catalog) MaxSavingPercent() int64 {
	var best int64
	for _, p := range c.Plans {
		month, okMonth := p.Price(Month, c.Currency)
		year, okYear := p.Price(Year, c.Currency)
		if !okMonth || !okYear {
			continue
		}
		if _, percent := Saving(month, year); percent > best {
			best = percent
		}
	}
	return best
}

// Validate reports every mistake in the catalog at once: it runs at boot and in the tests.
func (c *Catalog) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	free := 0
	plans, prices, levels := map[string]bool{}, map[string]bool{}, map[int]string{}
	for _, p := range c.Plans {
		if p.Key == "" || p.Name == "" {
			bad("plan %q needs a key and a name", p.Key)
		}
		if plans[p.Key] {
			bad("plan %q appears twice", p.Key)
		}
		plans[p.Key] = true
		if other, taken := levels[p.Level]; taken {
			bad("plans %q and %q share level %d", other, p.Key, p.Level)
		}
		levels[p.Level] = p.Key
		if p.Free() {
			free++
		}
		for _, price := range p.Prices {
			if price.LookupKey == "" || prices[price.LookupKey] {
				bad("plan %q: lookup key %q is empty or used twice", p.Key, price.LookupKey)
			}
			prices[price.LookupKey] = true
			if price.Money.Amount <= 0 || price.Money.Currency == "" {
				bad("price %q needs an amount above zero and a currency", price.LookupKey)
			}
			if price.Interval != Month && price.Interval != Year {
				bad("price %q has an unknown interval %q", price.LookupKey, price.Interval)
			}
		}
		errs = append(errs, c.validateGrants(p)...)
	}
	if c.TrialDays < 0 {
		bad("a trial cannot last %d days", c.TrialDays)
	}
	switch c.TrialEnd {
	case "", TrialCancels, TrialPauses, TrialInvoices:
	default:
		bad("a trial without a card cannot end by %q", c.TrialEnd)
	}
	if free != 1 {
		bad("the catalog needs exactly one plan without prices, and has %d", free)
	}
	for _, f := range c.Features {
		if _, ok := c.Cheapest(func(p Plan) bool { return p.Can(f.Key) }); !ok {
			bad("no plan grants feature %q", f.Key)
		}
	}
	return errors.Join(errs...)
}

func (c *Catalog) validateGrants(p Plan) []error {
	var errs []error
	for _, f := range p.Features {
		if _, ok := c.FeatureInfo(f); !ok {
			errs = append(errs, fmt.Errorf("plan %q grants feature %q, which has no words", p.Key, f))
		}
	}
	for _, l := range c.Limits {
		if n, ok := p.Limits[l.Key]; !ok || n < Unlimited {
			errs = append(errs, fmt.Errorf("plan %q needs a number for limit %q", p.Key, l.Key))
		}
	}
	for l := range p.Limits {
		if _, ok := c.LimitInfo(l); !ok {
			errs = append(errs, fmt.Errorf("plan %q sets limit %q, which has no words", p.Key, l))
		}
	}
	return errs
}

// FeatureInfo finds the words for a feature.
func (c *Catalog) FeatureInfo(key Feature) (FeatureInfo, bool) {
	for _, f := range c.Features {
		if f.Key == key {
			return f, true
		}
	}
	return FeatureInfo{}, false
}

// LimitInfo finds the words for a limit.
func (c *Catalog) LimitInfo(key Limit) (LimitInfo, bool) {
	for _, l := range c.Limits {
		if l.Key == key {
			return l, true
		}
	}
	return LimitInfo{}, false
}
