package billing

// Level is how much of a plan an account may use. A higher one is better.
type Level int

// The levels. Limited keeps what is there readable and exportable while a payment is overdue; it
// creates nothing.
const (
	LevelNone Level = iota
	LevelLimited
	LevelGrace
	LevelFull
)

// String is the level as the API spells it.
func (l Level) String() string {
	return [...]string{"none", "limited", "grace", "full"}[l]
}

// Reason says why an account has the access it has. views turns it into words.
type Reason string

// The reasons, in the order of the rule's table.
const (
	ReasonFree           Reason = "free"
	ReasonGrant          Reason = "grant"
	ReasonTrialing       Reason = "trialing"
	ReasonTrialUsed      Reason = "trial_used" // the card, person or mailbox has had a trial; nothing was charged
	ReasonActive         Reason = "active"
	ReasonLeeway         Reason = "leeway"             // the period is over and Stripe has not been heard since
	ReasonExpired        Reason = "expired"            // the period is over and Stripe did not renew it
	ReasonProcessing     Reason = "payment_processing" // the first invoice is not paid yet
	ReasonEnding         Reason = "ending"             // cancelled, and running to its end
	ReasonPausedBilling  Reason = "billing_paused"     // collection is paused at Stripe
	ReasonPastDue        Reason = "past_due"
	ReasonOverdue        Reason = "overdue" // past due, and grace is over
	ReasonUnpaid         Reason = "unpaid"
	ReasonIncomplete     Reason = "incomplete"
	ReasonIncompleteOver Reason = "incomplete_expired"
	ReasonPaused         Reason = "paused" // a trial ended without a card
	ReasonCanceled       Reason = "canceled"
	ReasonUnknownStatus  Reason = "unknown_status"
	ReasonUnknownPrice   Reason = "unknown_price"
	ReasonCustomerGone   Reason = "customer_deleted"
	ReasonDisputeLost    Reason = "dispute_lost"
	ReasonSuspended      Reason = "suspended"
)
