package views

import "example.com/tollgate/billing/plan"

// marked is the ticket with the accent: the plan that the reader has, or the one we would point at.
func (p PricingPage) marked(each plan.Plan) bool {
	if p.CurrentPlan != "" && p.Subscribed {
		return p.CurrentPlan == each.Key
	}
	return each.Highlight
}

// button is loud on the plan we point at and quiet on the others, so that there is one next step.
func (p PricingPage) button(each plan.Plan) string {
	if each.Highlight {
		return "btn-primary"
	}
	return "btn-quiet"
}

func (p PricingPage) offer(each plan.Plan, price plan.Price) Offer {
	o := Offer{Plan: each, Price: price, Subscribed: p.Subscribed}
	if !p.TrialUsed && !p.Subscribed {
		o.TrialDays = p.Catalog.TrialDays
	}
	return o
}

// switchWords names the plan, or the interval where the plan stays.
func (p PricingPage) switchWords(each plan.Plan, interval plan.Interval) string {
	if p.Subscribed && p.CurrentPlan == each.Key {
		if interval == plan.Year {
			return "Switch to yearly"
		}
		return "Switch to monthly"
	}
	price, _ := each.Price(interval, p.Catalog.Currency)
	return p.offer(each, price).verb()
}

// note stands under a price: the saving under the yearly one, the other way to pay under the monthly.
func (p PricingPage) note(each plan.Plan, interval plan.Interval) string {
	if interval == plan.Year {
		return saving(p.Catalog, each, p.Format())
	}
	if year, ok := each.Price(plan.Year, p.Catalog.Currency); ok {
		return "or " + p.Format().Price(year.Money) + " a year"
	}
	return ""
}

// place is the address of the page, without which interval it shows.
func (p PricingPage) place() string {
	if p.Path == PathChange {
		return PathChange
	}
	return "/pricing"
}
