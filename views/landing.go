package views

import (
	"strconv"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

func itoa(n int) string { return strconv.Itoa(n) }

// featureIcon picks an icon for a feature; one that is new to this table gets a plain tick.
func featureIcon(key plan.Feature) string {
	switch key {
	case plan.Export:
		return "download"
	case plan.API:
		return "key-round"
	case plan.Prioritize:
		return "mail-check"
	}
	return "check"
}

// trialWords describes the trial that the catalog gives, or the way in without one.
func trialWords(c *plan.Catalog) string {
	if c.TrialDays <= 0 {
		return "The free plan stays free, so you know what you are buying."
	}
	days := strconv.FormatInt(c.TrialDays, 10)
	return "Paid plans begin with " + days + " days for nothing, once for each account. The date of the first payment is shown before you agree."
}

// fromPrice is a plan's monthly price as a sign would have it.
func fromPrice(c *plan.Catalog, p plan.Plan, f ui.Format) string {
	if price, ok := p.Price(plan.Month, c.Currency); ok {
		return f.Price(price.Money)
	}
	if price, ok := p.Price(plan.Year, c.Currency); ok {
		return f.Price(price.Money)
	}
	return f.Price(plan.Money{Currency: c.Currency})
}

// signLine is the first number that a plan includes, short enough for a sign.
func signLine(c *plan.Catalog, p plan.Plan, f ui.Format) string {
	for _, l := range c.Limits {
		switch n := p.Limit(l.Key); {
		case n == plan.Unlimited:
			return "Unlimited"
		case n > 0:
			return f.Count(n, l.One, l.Many)
		}
	}
	return ""
}
