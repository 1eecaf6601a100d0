package views

import (
	"net/url"
	"strconv"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

// intervals are in the order in which the pricing page offers them.
func intervals() []plan.Interval { return []plan.Interval{plan.Month, plan.Year} }

// per is the word after a price.
func per(interval plan.Interval) string {
	if interval == plan.Year {
		return "a year"
	}
	return "a month"
}

// shown gives the interval that the page starts with: an address with anything else means months.
func (p PricingPage) shown() plan.Interval {
	if p.Interval == plan.Year {
		return plan.Year
	}
	return plan.Month
}

// saving puts what a year saves over twelve months into words, or is empty where it saves nothing.
func saving(c *plan.Catalog, p plan.Plan, f ui.Format) string {
	month, okMonth := p.Price(plan.Month, c.Currency)
	year, okYear := p.Price(plan.Year, c.Currency)
	if !okMonth || !okYear {
		return ""
	}
	amount, percent := plan.Saving(month, year)
	if percent == 0 {
		return ""
	}
	return "Saves " + f.Price(amount) + " over twelve months"
}

// signupFor leads a visitor through sign-up to the order they had in mind.
func signupFor(lookupKey string) string {
	next := PathCheckout + "?price=" + url.QueryEscape(lookupKey)
	return "/signup?next=" + url.QueryEscape(next)
}

// verb is what the button of an offer says.
func (o Offer) verb() string {
	switch {
	case o.Subscribed:
		return "Switch to " + o.Plan.Name
	case o.TrialDays > 0:
		return "Try " + o.Plan.Name + " free for " + strconv.FormatInt(o.TrialDays, 10) + " days"
	}
	return "Buy " + o.Plan.Name
}

// allows puts a plan's number for a limit into words: "Unlimited projects", "25 projects". It is
// empty where the plan includes none.
func allows(p plan.Plan, l plan.LimitInfo, f ui.Format) string {
	switch n := p.Limit(l.Key); n {
	case plan.Unlimited:
		return "Unlimited " + l.Many
	case 0:
		return ""
	default:
		return f.Count(n, l.One, l.Many)
	}
}

// freeTier is the free plan in a sentence, for the foot of the landing page's opening.
func freeTier(c *plan.Catalog, f ui.Format) string {
	free := c.FreePlan()
	for _, l := range c.Limits {
		if words := allows(free, l, f); words != "" {
			return "The " + free.Name + " plan holds " + words + ". No card needed."
		}
	}
	return "No card needed."
}

// admits lists what a plan includes, the numbers first.
func admits(c *plan.Catalog, p plan.Plan, f ui.Format) []string {
	var out []string
	for _, l := range c.Limits {
		if words := allows(p, l, f); words != "" {
			out = append(out, words)
		}
	}
	for _, info := range c.Features {
		if p.Can(info.Key) {
			out = append(out, info.Name)
		}
	}
	return out
}

// lacks lists the features that a plan leaves to others.
func lacks(c *plan.Catalog, p plan.Plan) []string {
	var out []string
	for _, info := range c.Features {
		if !p.Can(info.Key) {
			out = append(out, info.Name)
		}
	}
	return out
}

// having lists the plans that include a feature, by name.
func having(c *plan.Catalog, feature plan.Feature) []string {
	var out []string
	for _, p := range c.Plans {
		if p.Can(feature) {
			out = append(out, p.Name)
		}
	}
	return out
}
