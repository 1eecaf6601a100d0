package views

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/layout"
)

// Problem is why a change of plan is not to be had. Code is a fault's.
type Problem struct{ Code, Text string }

// ChoosePlanPage lets a subscriber choose what to change to. Closed says that no change is to be had until the Problem
// is dealt with.
type ChoosePlanPage struct {
	PricingPage
	Problem Problem
	Closed  bool
}

// ChangeState is how far a change of plan has come.
type ChangeState string

// The states of a change.
const (
	ChangeOffered  ChangeState = "offered"
	ChangeBegun    ChangeState = "begun"           // confirmed, and Stripe has not answered yet
	ChangeAction   ChangeState = "requires_action" // the customer's bank wants a confirmation
	ChangeLapsed   ChangeState = "lapsed"          // which did not come in time
	ChangeDeclined ChangeState = "declined"
	ChangeRefused  ChangeState = "refused"
	ChangeExpired  ChangeState = "expired"
)

// Order is a plan at a price, for all of its seats.
type Order struct {
	Plan  plan.Plan
	Price plan.Price
	Total plan.Money
}

// BillLine is one line of a bill that is still to come. A negative amount is a credit.
type BillLine struct {
	Text   string
	Amount plan.Money
}

// ChangePage repeats a change of plan before it is confirmed, and says what became of it.
type ChangePage struct {
	layout.Page
	Catalog  *plan.Catalog
	State    ChangeState
	Code     string // of the decline or refusal
	URL      string // where the bank is answered
	PostURL  string // confirms
	From, To Order

	Now         bool // or else at At
	Trial       bool
	At          time.Time
	Lines       []BillLine
	Tax         plan.Money
	FromBalance plan.Money // paid by credit from earlier
	Due         plan.Money
	Credit      plan.Money // what is left over for later payments
	NextAt      time.Time
	Next        plan.Money // what it will be, after the discount that stands now
	Until       time.Time
	Usage       []Usage // with the limits of the plan to come
	Card        *Card
}

// CancelPage asks for the reason, and says what ends when. It posts feedback and comment to PathCancel.
type CancelPage struct {
	layout.Page
	Form
	Subscription Subscription
	Reasons      []Option
	Feedback     string
	Comment      string
	EndsAt       time.Time
	Free         plan.Plan
	Usage        []Usage // with the limits of the free plan
}

// AdminRefund is the payment that can be given back together with the end of the plan.
type AdminRefund struct {
	Charge, Invoice string
	Amount          plan.Money
	PaidAt          time.Time
}

// DisputeRow is one payment that a bank took back or asks about. DueBy is the last moment for an answer.
type DisputeRow struct {
	ID, Status, Reason string
	Amount             plan.Money
	OpenedAt           time.Time
	DueBy              *time.Time
}

// AdminActions are what an admin may do to a subscription. Refused names the form that came without its box ticked.
type AdminActions struct {
	Live, Paused                         bool
	PeriodEnd                            time.Time
	EndURL, PauseURL, GoOnURL, RefundURL string
	Refund                               *AdminRefund // nil where there is nothing to give back
	Refused, Comment                     string
}
