package seed

import (
	"math/rand/v2"
	"time"

	"example.com/tollgate/billing/plan"
)

const day = 24 * time.Hour

// persona is a kind of account and its share of the population, in thousandths. days bounds how
// long ago the present period of its subscription began.
type persona struct {
	share    int
	status   string // Stripe's word, empty for an account that never subscribed
	days     [2]int
	paid     bool // whether earlier periods were paid for
	canceled bool // whether it will end with the period
}

// personas is what such a business looks like: half only look around, most of the others pay, and
// every state that Stripe has is there somewhere.
var personas = []persona{
	{share: 520},
	{share: 50, status: "trialing", days: [2]int{0, 13}},
	{share: 6, status: "trialing", days: [2]int{0, 13}, canceled: true},
	{share: 300, status: "active", days: [2]int{0, 27}, paid: true},
	{share: 20, status: "active", days: [2]int{0, 27}, paid: true, canceled: true},
	{share: 12, status: "past_due", days: [2]int{0, 6}, paid: true},
	{share: 5, status: "past_due", days: [2]int{8, 14}, paid: true},
	{share: 4, status: "unpaid", days: [2]int{20, 27}, paid: true},
	{share: 70, status: "canceled", days: [2]int{30, 400}, paid: true},
	{share: 2, status: "incomplete", days: [2]int{0, 0}},
	{share: 4, status: "incomplete_expired", days: [2]int{2, 300}},
	{share: 7, status: "paused", days: [2]int{15, 120}},
}

// choosePersona gives each kind its share.
func choosePersona(r *rand.Rand) persona {
	n := r.IntN(1000)
	for _, p := range personas {
		if n -= p.share; n < 0 {
			return p
		}
	}
	return personas[0]
}

// offer is a price that may have been bought, with its plan.
type offer struct {
	plan  plan.Plan
	price plan.Price
}

// buyable lists every price in the catalog's currency, cheapest plan first and the month before
// the year.
func buyable(c *plan.Catalog) []offer {
	var all []offer
	for _, p := range c.Plans {
		for _, price := range p.Prices {
			if price.Money.Currency == c.Currency {
				all = append(all, offer{p, price})
			}
		}
	}
	return all
}

// chooseOffer prefers what most people choose: each offer is taken by half of those who get to it.
func chooseOffer(r *rand.Rand, offers []offer) offer {
	for _, o := range offers {
		if r.IntN(2) == 0 {
			return o
		}
	}
	return offers[0]
}

// history is when things happened to a subscription.
type history struct {
	started     time.Time // the subscription was made
	trialEnd    time.Time // zero without a trial
	paidFrom    time.Time // the first paid period began
	periodStart time.Time
	periodEnd   time.Time
	periods     int // how many paid periods there were before the present one
}

// tell makes up a history for a persona in which nothing lies after now, as far as it is over.
func tell(r *rand.Rand, p persona, interval plan.Interval, trialDays int64, now time.Time) history {
	if interval == plan.Year && p.status == "active" {
		p.days[1] = 360
	}
	h := history{periodStart: ago(r, p, now)}
	trial := time.Duration(trialDays) * day
	switch {
	case p.status == "trialing":
		h.started, h.trialEnd = h.periodStart, h.periodStart.Add(trial)
		h.paidFrom, h.periodEnd = h.trialEnd, h.trialEnd
		return h
	case p.status == "paused":
		h.started = h.periodStart.Add(-trial)
		h.trialEnd, h.paidFrom = h.periodStart, h.periodStart
	case p.paid:
		h.periods = 1 + r.IntN(12)
		if interval == plan.Year {
			h.periods = 1 + r.IntN(2)
		}
		h.paidFrom = addPeriods(h.periodStart, interval, -h.periods)
		h.started = h.paidFrom
		if r.IntN(100) < 80 {
			h.trialEnd, h.started = h.paidFrom, h.paidFrom.Add(-trial)
		}
	default:
		h.started, h.paidFrom = h.periodStart, h.periodStart
	}
	h.periodEnd = addPeriods(h.periodStart, interval, 1)
	return h
}

// ago is a moment so many days back as the persona says, before the 29th of a month: then whole
// months can be added without falling into the next.
func ago(r *rand.Rand, p persona, now time.Time) time.Time {
	days := p.days[0] + r.IntN(p.days[1]-p.days[0]+1)
	at := now.Add(-time.Duration(days)*day - time.Duration(1+r.IntN(22))*time.Hour).Truncate(time.Second)
	for at.Day() > 28 {
		at = at.Add(-day)
	}
	return at
}

func addPeriods(t time.Time, interval plan.Interval, n int) time.Time {
	if interval == plan.Year {
		return t.AddDate(n, 0, 0)
	}
	return t.AddDate(0, n, 0)
}
