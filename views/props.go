// Package views is every page that a browser gets, and every word on it. A page is one exported
// component that takes one struct of values to print: it queries nothing, decides nothing about
// access and knows no handler.
//
// The structs are in props_*.go, grouped as the pages are; the words for faults and states are in
// messages.go. Every form prints the token that layout.Page carries, keeps what was typed and shows
// what was wrong beside the field it was wrong in. No page needs JavaScript.
package views

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

// The addresses that forms on these pages post to and links lead to, besides those of the pages
// themselves. IDs are public ids.
const (
	PathResendVerification = "/verify-email"         // POST: a new link for the session's user
	PathLogout             = "/logout"               // POST
	PathCheckout           = "/app/billing/checkout" // GET ?price= confirms; POST price goes to pay
	PathPortal             = "/app/billing/portal"   // POST flow
	PathBilling            = "/app/billing"
	PathChange             = "/app/billing/change" // GET chooses, POST price offers; /:id shows, and POST confirms
	PathKeep               = "/app/billing/keep"   // POST: take back a planned change
	PathCancel             = "/app/billing/cancel" // GET asks, POST feedback, comment
	PathResume             = "/app/billing/resume" // POST: take back a cancellation, or start again after a trial without a card
	PathProjects           = "/app/projects"       // POST name creates
	PathExport             = "/app/projects/export.csv"
	PathProfile            = "/app/settings/profile"     // POST name
	PathPreferences        = "/app/settings/preferences" // POST locale, zone
	PathPassword           = "/app/settings/password"    // POST current, password
	PathTwoStep            = "/app/settings/two-step"    // GET; POST starts, /confirm (code), /codes, /end
	PathSessions           = "/app/settings/sessions"    // POST revokes all others; /:id/revoke one
	PathAPIKeys            = "/app/settings/api-keys"    // POST name creates; /:id/revoke
	PathAdminSubscribers   = "/admin/subscribers"        // /:id, POST /:id/sync
	PathAdminEvents        = "/admin/events"             // /:id, POST /:id/replay
)

// FlowPaymentMethod is the page of the billing portal where a card is changed; empty opens its front page.
const FlowPaymentMethod = "payment_method_update"

// Form is what a form shows again after it was refused. Errors maps field names to words.
type Form struct {
	Errors    map[string]string
	FormError string // about the whole form
}

// Usage is one limit and how much of it is used. Max is plan.Unlimited where there is none.
type Usage struct {
	Limit plan.LimitInfo
	Used  int64
	Max   int64
}

// Offer is the way to what the account lacks. Subscribed accounts switch, others buy.
type Offer struct {
	Plan       plan.Plan
	Price      plan.Price
	Subscribed bool
	TrialDays  int64 // 0 where the trial is used up
}

// Subscription is what a page tells the account about its own subscription.
type Subscription struct {
	Status     string // Stripe's word, empty without a subscription
	Level      string // full, grace, limited or none
	Plan       plan.Plan
	Interval   plan.Interval
	Amount     plan.Money // the price, which the page names
	NextAmount plan.Money // what the next payment will be, after a discount
	TrialEnd   *time.Time
	DaysLeft   int        // of the trial
	RenewsAt   *time.Time // nil when it will not renew
	EndsAt     *time.Time // set when it was cancelled and still runs, or has ended
	GraceUntil *time.Time // set while a payment is overdue and access continues
	Granted    string     // why, when access comes from a grant and not from Stripe
	Next       *Planned   // the change that is planned
	Pending    *Pending   // the change that waits for the customer's bank
	Paused     bool       // no invoices are made
	// TrialRefused names the price that may be paid for where a trial was ended at once, because it had been had before.
	TrialRefused string
}

// Planned is a change of plan that is still to come.
type Planned struct {
	Plan      plan.Plan
	Interval  plan.Interval
	LookupKey string
	Amount    plan.Money
	At        time.Time
}

// Pending is a change of plan that takes effect when its payment is confirmed at URL. Past Until it is off.
type Pending struct {
	Plan  plan.Plan
	URL   string
	Until time.Time
}

// live reports whether there is a subscription that a switch would change.
func (s Subscription) live() bool {
	switch s.Status {
	case "", "canceled", "incomplete", "incomplete_expired":
		return false
	}
	return true
}

// Invoice is one row of the list of invoices.
type Invoice struct {
	Number    string
	StripeID  string
	Status    string // draft, open, paid, uncollectible or void
	Total     plan.Money
	IssuedAt  time.Time
	HostedURL string
	PDFURL    string
}

// Card is the payment method on file.
type Card struct {
	Brand, Last4      string
	ExpMonth, ExpYear int
}

// Pager is re-exported for handlers, which need only this package.
type Pager = ui.Pager
