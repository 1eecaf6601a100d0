package views

import (
	"fmt"

	"example.com/tollgate/billing/plan"
)

// canPortal is whether Stripe has pages for this account: it needs a customer there.
func (p BillingPage) canPortal() bool { return !p.Pending }

// owes is whether a new card is the next step.
func (p BillingPage) owes() bool {
	switch p.Subscription.Status {
	case "past_due", "unpaid", "paused":
		return true
	}
	return false
}

// name is the number that Stripe gives an invoice when it is final, and before that its id.
func (i Invoice) name() string {
	if i.Number != "" {
		return i.Number
	}
	return i.StripeID
}

func expiry(c Card) string {
	if c.ExpMonth == 0 {
		return ""
	}
	return fmt.Sprintf("Expires %02d/%d", c.ExpMonth, c.ExpYear)
}

func intervalWord(interval plan.Interval) string {
	if interval == plan.Year {
		return "yearly"
	}
	return "monthly"
}

// refresh is the address that the page goes to by itself, or empty once it has given up.
func (p ReturnPage) refresh() string {
	if p.GaveUp {
		return ""
	}
	return p.RefreshURL
}

func (p UpgradePage) question() string {
	if p.Offer == nil {
		return p.Feature + " is not part of your plan"
	}
	return p.Feature + " is part of " + p.Offer.Plan.Name
}
