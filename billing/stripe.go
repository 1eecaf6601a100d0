package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/fault"
)

// Gateway is what billing asks of Stripe. billing/gateway is the one implementation, and the only
// package that spells Stripe's API. Every method that changes something takes the idempotency key to
// do it under. Errors are wrapped so that errors.Is finds ErrNotFound, ErrUnavailable and
// ErrRefused.
type Gateway interface {
	Lister
	// Connection finds out which Stripe account and mode the key belongs to.
	Connection(ctx context.Context) (Connection, error)

	CreateCustomer(ctx context.Context, p CustomerParams, key string) (id string, err error)
	// FindCustomer looks for the customer that was made for an account: its address narrows the list
	// (which, unlike search, is never behind) and the account id in its metadata decides.
	FindCustomer(ctx context.Context, email, accountPublicID string) (id string, ok bool, err error)
	// FetchCustomer reads the customer, every subscription it ever had, and its recent invoices with what was
	// refunded or disputed of them.
	FetchCustomer(ctx context.Context, id string) (Snapshot, error)
	// ChargedCustomer finds out whose charge it is; empty for a charge of nobody's.
	ChargedCustomer(ctx context.Context, charge string) (id string, err error)

	CreateCheckout(ctx context.Context, p CheckoutParams, key string) (CheckoutSession, error)
	FetchCheckout(ctx context.Context, id string) (CheckoutSession, error)
	// ExpireCheckout closes an open session; a session no longer open is ErrRefused.
	ExpireCheckout(ctx context.Context, id, key string) (CheckoutSession, error)

	FetchSubscription(ctx context.Context, id string) (SubscriptionState, error)
	// PreviewChange is what ChangeSubscription with the same params would invoice.
	PreviewChange(ctx context.Context, p ChangeParams) (Quote, error)
	// ChangeSubscription changes price and quantity now. With a proration the change waits for its payment: until
	// that succeeds, the answer has a Pending, and the subscription stays what it was.
	ChangeSubscription(ctx context.Context, p ChangeParams, key string) (SubscriptionState, error)
	// CreateSchedule puts a subscription under a schedule that changes nothing, and gives the schedule's id.
	CreateSchedule(ctx context.Context, subscription, key string) (id string, err error)
	// ScheduleChange makes a schedule change price and quantity at p.At, without proration.
	ScheduleChange(ctx context.Context, p ChangeParams, schedule, key string) error
	// ReleaseSchedule takes back what a schedule had in mind, and leaves the subscription as it is.
	ReleaseSchedule(ctx context.Context, id, key string) error
	CancelAtPeriodEnd(ctx context.Context, id string, why CancelReason, key string) error
	// ResumeSubscription takes back a cancellation that is still to come: at the period's end, or else at a date.
	ResumeSubscription(ctx context.Context, id string, atPeriodEnd bool, key string) error
	// ResumePaused starts a subscription again that was paused when its trial ended: a period begins and is charged.
	ResumePaused(ctx context.Context, id, key string) error
	// CancelNow ends a subscription at once, without invoice or credit.
	CancelNow(ctx context.Context, id, comment, key string) error
	// PauseBilling stops or restarts the invoices of a subscription; while paused they are voided.
	PauseBilling(ctx context.Context, id string, pause bool, key string) error
	// UseCard has a subscription charged to another of its customer's cards from now on.
	UseCard(ctx context.Context, subscription, card, key string) error
	// PayInvoice tries to pay an open invoice with a card, its holder not being there. A refusal is a Decline.
	PayInvoice(ctx context.Context, id, card, key string) error
	VoidInvoice(ctx context.Context, id, key string) error
	// Payments lists what was paid for a subscription and not refunded.
	Payments(ctx context.Context, subscription string) ([]Payment, error)
	// Refund gives money back. A charge that is refunded already is no error.
	Refund(ctx context.Context, p RefundParams, key string) error
	// FindRefund reports whether an operation has given back something of a charge.
	FindRefund(ctx context.Context, charge, operation string) (bool, error)
	CreatePortal(ctx context.Context, p PortalParams, key string) (url string, err error)

	// SyncCatalog makes Stripe's products, prices and portal configuration those of the catalog.
	SyncCatalog(ctx context.Context, c *plan.Catalog, site Site) ([]CatalogChange, error)
	// CheckPrice compares a price on sale with Stripe's: ErrRefused when it is missing or differs.
	CheckPrice(ctx context.Context, want plan.Price) error
	// CreateWebhook makes the endpoint with these events, pinned to the API version in use.
	CreateWebhook(ctx context.Context, url string, events []string) (secret string, err error)
	// FetchWebhooks lists the endpoints.
	FetchWebhooks(ctx context.Context) ([]Webhook, error)

	// VerifyEvent checks the signature on the raw body and reads the envelope, nothing more.
	// The error is ErrStale where only the time of the signature is wrong.
	VerifyEvent(body []byte, signature string, now time.Time) (Event, error)
	// ClockSkew is how far our clock was ahead of Stripe's at the latest answer. ok is false before the first.
	ClockSkew() (skew time.Duration, ok bool)
}

// What a Gateway's errors mean.
var (
	ErrNotFound    = errors.New("stripe: no such object")
	ErrUnavailable = errors.New("stripe: cannot be reached or is overloaded; try again later")
	// ErrKey says that Stripe does not take the key: it was revoked or rolled. It is
	// ErrUnavailable too, because it says nothing about what was asked for.
	ErrKey = fmt.Errorf("the key is refused: %w", ErrUnavailable)
	// ErrUncertain says that Stripe failed in the middle: the work may or may not have been done.
	ErrUncertain = errors.New("stripe: the outcome is not known")
	ErrRefused   = errors.New("stripe: the request was refused")
	// ErrCurrency says that the customer pays in another currency. It is ErrRefused too.
	ErrCurrency  = fmt.Errorf("%w: the customer has another currency", ErrRefused)
	ErrSignature = errors.New("stripe: the webhook signature does not verify")
	// ErrStale says that a signature verifies, and that its time is too far from ours.
	ErrStale = fmt.Errorf("stripe: the time of the signature is not now: %w", ErrSignature)
	// ErrNoSecret says that no signing secret is configured, so that nothing can be verified.
	ErrNoSecret = errors.New("stripe: no webhook signing secret is configured")
)

// stripeFault turns a failure to reach Stripe into words for the person waiting. Any other error
// passes as it is, and so does one that has its words.
func stripeFault(err error) error {
	var worded *fault.Error
	switch {
	case err == nil || errors.As(err, &worded):
		return err
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrUncertain), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, errLeased):
		return fault.Wrap(err, fault.Unavailable, "stripe_unavailable")
	case errors.Is(err, ErrCurrency):
		return fault.Wrap(err, fault.Conflict, "currency_mismatch")
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNotFound):
		return fault.Wrap(err, fault.Unavailable, "stripe_refused")
	}
	return err
}

// Site is where Stripe's pages send people back to.
type Site struct{ Name, URL string }

// CustomerParams makes a customer.
type CustomerParams struct {
	Email    string            `json:"email"`
	Name     string            `json:"name"`
	Locale   string            `json:"locale"`
	Metadata map[string]string `json:"metadata"`
}

// CheckoutParams opens a Checkout Session for one subscription.
type CheckoutParams struct {
	Customer     string
	LookupKey    string
	Quantity     int64
	TrialDays    int64
	TrialEnd     plan.TrialEnd
	ExpiresAt    time.Time
	SuccessURL   string
	CancelURL    string
	Reference    string
	AutomaticTax bool
	Metadata     map[string]string
}

// CheckoutSession is a session as Stripe has it. Status is open, complete or expired.
type CheckoutSession struct{ ID, URL, Status string }

// PortalParams opens a portal session. Flow is empty for the front page, or FlowPaymentMethod.
type PortalParams struct {
	Customer  string
	ReturnURL string
	Flow      string
}

// FlowPaymentMethod is the portal's page where a card is changed. Plans are changed and cancelled on our own pages.
const FlowPaymentMethod = "payment_method_update"

// Proration says whether time already paid for is settled when a subscription changes.
type Proration string

// The prorations that we use.
const (
	ProrateNone Proration = "none"
	ProrateNow  Proration = "always_invoice"
)

// ChangeParams changes the price and quantity of one item of a subscription. At is the moment that the
// proration is reckoned at, or at which a scheduled change takes effect.
type ChangeParams struct {
	Subscription string    `json:"subscription"`
	Item         string    `json:"item"`
	LookupKey    string    `json:"lookup_key"`
	Quantity     int64     `json:"quantity"`
	Proration    Proration `json:"proration"`
	At           time.Time `json:"at"`
}

// Quote is what a change would be invoiced at. Amounts are minor units of Currency; AmountDue is what is
// left to pay after the customer's balance.
type Quote struct {
	Currency                        string
	Subtotal, Tax, Total, AmountDue int64
	Lines                           []QuoteLine
}

// QuoteLine is one line of a Quote, in Stripe's words.
type QuoteLine struct {
	Text   string
	Amount int64
}

// CancelReason is what a leaving customer says. Feedback is one of Stripe's words or empty.
type CancelReason struct {
	Feedback string `json:"feedback"`
	Comment  string `json:"comment"`
}

// Payment is what was charged, less what was refunded, in minor units of Currency.
type Payment struct {
	Charge, Currency string
	Amount           int64
}

// RefundParams refunds a charge: all that is left of it when Amount is zero. Reason is one of Stripe's words or
// empty. Operation, where it is given, is kept with the refund for FindRefund.
type RefundParams struct {
	Charge    string `json:"charge"`
	Amount    int64  `json:"amount"`
	Reason    string `json:"reason"`
	Operation string `json:"operation"`
}

// Decline is a card's refusal. It is ErrRefused too. Code is Stripe's decline_code, or its code where there is none:
// https://docs.stripe.com/declines/codes
type Decline struct {
	Code string
	err  error
}

// NewDecline wraps the gateway's error.
func NewDecline(code string, err error) *Decline { return &Decline{Code: code, err: err} }

// Error tells the cause.
func (d *Decline) Error() string { return d.err.Error() }

// Unwrap gives the cause.
func (d *Decline) Unwrap() error { return d.err }

// CatalogChange is one thing that SyncCatalog did.
type CatalogChange struct{ Action, Kind, Name string }

// Webhook is an endpoint as Stripe has it.
type Webhook struct {
	ID, URL, Status, APIVersion string
	Created                     time.Time
	Events                      []string
}

// Event is the envelope of a webhook event. Object is the id of the object it is about.
type Event struct {
	ID, Type, Account, APIVersion string
	Livemode                      bool
	Created                       time.Time
	SignedAt                      time.Time // when Stripe sent this delivery, zero for one that was no delivery
	ObjectID, ObjectType          string
	Customer, Charge              string
}

// Snapshot is everything about a customer at one moment. FetchedAt is when the fetch began, by the
// business clock.
type Snapshot struct {
	ID            string
	Deleted       bool
	Email         string
	Currency      string
	Balance       int64
	Metadata      map[string]string
	Card          Card
	Subscriptions []SubscriptionState
	Invoices      []InvoiceState
}

// Card is the customer's default card as people know it. Fingerprint is Stripe's word for its number, the same wherever
// the card is used with this Stripe account.
type Card struct {
	ID, Brand, Last4  string
	Fingerprint       string
	ExpMonth, ExpYear int64
}

// SubscriptionState is a subscription as Stripe has it.
type SubscriptionState struct {
	ID, Status, Currency          string
	Source                        string // where it was begun, by our metadata; empty for one made elsewhere
	Started                       time.Time
	PeriodStart, PeriodEnd        time.Time
	TrialStart, TrialEnd          *time.Time
	CancelAtPeriodEnd             bool
	CancelAt, CanceledAt, EndedAt *time.Time
	CancelReason, PauseBehavior   string
	LatestInvoice                 string
	Card                          *Card
	Schedule                      *ScheduleState // what is planned, where its owner reads it
	Pending                       *PendingState  // a change that waits for its payment
	Items                         []ItemState
	Discounts                     []DiscountState // in the order in which they are taken off
}

// DiscountState takes Percent hundredths of a per cent, or Fixed minor units, off every payment until End. End is nil
// while it lasts for good. Once says that the next payment uses it up.
type DiscountState struct {
	Percent, Fixed int64
	Once           bool
	End            *time.Time
}

// ScheduleState is a schedule that a subscription is under. LookupKey is empty where nothing is planned.
type ScheduleState struct {
	ID, LookupKey string
	Quantity      int64
	At            time.Time
}

// PendingState is a change that takes effect when its invoice is paid, and lapses at Expires. Action says that the
// customer's bank wants a confirmation, which the invoice's page asks for; otherwise the card was declined.
type PendingState struct {
	LookupKey, Invoice, InvoiceURL, DeclineCode string
	Expires                                     time.Time
	Action                                      bool
}

// ItemState is one item of a subscription. UnitAmount is minor units of Currency.
type ItemState struct {
	ID, Price, Product, LookupKey string
	Currency, Interval, UsageType string
	UnitAmount, Quantity, Count   int64
}

// InvoiceState is an invoice as Stripe has it. Amounts are minor units of Currency.
type InvoiceState struct {
	ID, Subscription, Number, Status, BillingReason, Currency string
	Total, AmountDue, AmountPaid, AmountRemaining, Discount   int64
	AttemptCount                                              int64
	Attempted                                                 bool
	NextAttempt, PaidAt, FinalizedAt                          *time.Time
	TriedAt                                                   *time.Time // when its newest charge was made
	PeriodStart, PeriodEnd, Created                           time.Time
	HostedURL, PDFURL                                         string
	Charge, PaymentIntent                                     string
	TriedCard                                                 string // of the last attempt to pay it
	ActionRequired                                            bool   // the payment waits for the customer's bank
	FinalizeError                                             string // Stripe's code for why it cannot be finalised
	AmountRefunded                                            int64
	Refunds                                                   []RefundState
	Dispute                                                   *DisputeState
}

// RefundState is a refund of an invoice's charge. Amount is minor units of Currency.
type RefundState struct {
	ID, Status, Reason, Currency string
	Amount                       int64
	Created                      time.Time
}

// DisputeState is a dispute of an invoice's charge. Amount is minor units of Currency.
type DisputeState struct {
	ID, Status, Reason, Currency string
	Amount                       int64
	DueBy                        *time.Time
	Created                      time.Time
}
