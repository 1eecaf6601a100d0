package models

import "time"

// Connection names the Stripe account and mode that the program is talking to. Mirrors of any
// other are left alone and grant nothing.
type Connection struct {
	StripeAccount string
	Livemode      bool
}

// Customer mirrors a Stripe customer of an account. An account has one current customer per
// connection; a customer deleted at Stripe is replaced, and keeps its row.
type Customer struct {
	ID            int64
	AccountID     int64
	StripeAccount string
	Livemode      bool
	StripeID      string
	Email         string
	Currency      string
	Balance       int64
	CardBrand     string
	CardLast4     string
	CardExpMonth  int64
	CardExpYear   int64
	PaymentMethod string // Stripe's ids of the cards charged by default: its plan's own, a comma, and its own
	DisputeStatus string
	DeletedAt     *time.Time
	ReplacedAt    *time.Time
	SyncedAt      *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Subscription mirrors a Stripe subscription. Kind is plan, usage or addon. LookupKey and Plan name
// the catalog's price and plan of the plan item, or are empty where the price is not in the catalog.
// MRR is the net monthly amount in minor units of Currency, and NextAmount what the next period costs
// after the discount that stands now, taxes aside. KnownStatus and KnownPlan are the last
// ones this program understood; UnknownSince is when it stopped understanding, if it has.
type Subscription struct {
	ID                 int64
	CustomerID         int64
	StripeAccount      string
	Livemode           bool
	StripeID           string
	Kind               string
	Status             string
	LookupKey          string
	Plan               string
	Currency           string
	Amount             int64
	Quantity           int64
	BillingInterval    string
	MRR                int64 `gorm:"column:mrr"`
	NextAmount         int64
	StartedAt          time.Time
	CurrentPeriodStart time.Time
	CurrentPeriodEnd   time.Time
	TrialStart         *time.Time
	TrialEnd           *time.Time
	CancelAtPeriodEnd  bool
	CancelAt           *time.Time
	CanceledAt         *time.Time
	CancelReason       string
	EndedAt            *time.Time
	PauseBehavior      string
	ScheduleID         string
	NextLookupKey      string // the price that is planned, from NextAt on
	NextAt             *time.Time
	PendingLookupKey   string // the price that waits for its payment, until PendingUntil
	PendingUntil       *time.Time
	PendingURL         string `gorm:"column:pending_url"`
	LatestInvoiceID    string
	FirstInvoiceStatus string
	PastDueSince       *time.Time
	NoticeAt           *time.Time // when there is next something to tell its owner by the calendar
	Attention          string     // what an invoice of it needs its owner for, or empty
	KnownStatus        string
	KnownPlan          string
	UnknownSince       *time.Time
	TrialRefused       bool // the trial was had before; it is being ended, or has ended, uncharged
	SyncedAt           time.Time
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// SubscriptionItem mirrors one item of a subscription.
type SubscriptionItem struct {
	ID              int64
	SubscriptionID  int64
	StripeID        string
	PriceID         string
	ProductID       string
	LookupKey       string
	UnitAmount      int64
	Currency        string
	Quantity        int64
	BillingInterval string
	UsageType       string
}

// Invoice mirrors a Stripe invoice. SubscriptionID is Stripe's id, empty for a one-off invoice.
// FirstFailedAt is when its first payment attempt failed, by Stripe's clock.
type Invoice struct {
	ID                 int64
	CustomerID         int64
	StripeAccount      string
	Livemode           bool
	StripeID           string
	SubscriptionID     string
	Number             string
	Status             string
	BillingReason      string
	Currency           string
	Total              int64
	AmountDue          int64
	AmountPaid         int64
	AmountRemaining    int64
	AmountRefunded     int64
	ChargeID           string
	PaymentIntentID    string
	AttemptCount       int64
	NextPaymentAttempt *time.Time
	FirstFailedAt      *time.Time
	TriedAt            *time.Time // when a charge was last made for it, by Stripe's clock
	ActionRequired     bool       // its payment waits for the customer's bank
	PeriodStart        *time.Time
	PeriodEnd          *time.Time
	HostedURL          string
	PDFURL             string `gorm:"column:pdf_url"`
	PaidAt             *time.Time
	IssuedAt           time.Time
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// Refund mirrors a Stripe refund. Amount is minor units of Currency; InvoiceID is Stripe's id.
type Refund struct {
	ID            int64
	CustomerID    int64
	StripeAccount string
	Livemode      bool
	StripeID      string
	ChargeID      string
	InvoiceID     string
	Amount        int64
	Currency      string
	Status        string
	Reason        string
	IssuedAt      time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Dispute mirrors a Stripe dispute. Amount is minor units of Currency; DueBy is when Stripe stops taking
// evidence.
type Dispute struct {
	ID            int64
	CustomerID    int64
	StripeAccount string
	Livemode      bool
	StripeID      string
	ChargeID      string
	InvoiceID     string
	Amount        int64
	Currency      string
	Status        string
	Reason        string
	DueBy         *time.Time
	OpenedAt      time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// CustomerSync says how far a customer's mirror has come. It is due while DirtySeq is ahead of
// SyncedSeq; LeaseToken fences whoever works on it.
type CustomerSync struct {
	StripeAccount string `gorm:"primaryKey"`
	Livemode      bool   `gorm:"primaryKey"`
	StripeID      string `gorm:"primaryKey"`
	DirtySeq      int64
	SyncedSeq     int64
	NextAt        time.Time
	LeaseToken    string
	LeaseUntil    *time.Time
	Attempts      int64
	DeadAt        *time.Time
	LastError     string
	LastOKAt      *time.Time `gorm:"column:last_ok_at"`
}

// TableName is singular because a row is the state of one customer's sync.
func (CustomerSync) TableName() string { return "customer_sync" }

// The states of a webhook event.
const (
	EventPending = "pending" // stored, its customer not yet synced
	EventDone    = "done"    // covered by a finished sync
	EventIgnored = "ignored" // of a type or connection that nothing here acts on
	EventDead    = "dead"    // given up on until somebody replays it
)

// WebhookEvent is one received event, stored once per event id. DirtySeq is the customer's sequence
// that covers it. Deliveries counts how often Stripe sent it. Payload is empty from TrimmedAt on.
type WebhookEvent struct {
	ID            int64
	PublicID      string
	StripeAccount string
	Livemode      bool
	EventID       string
	Type          string
	APIVersion    string `gorm:"column:api_version"`
	ObjectID      string
	Customer      string
	Payload       []byte
	OccurredAt    time.Time
	ReceivedAt    time.Time
	State         string
	DirtySeq      int64
	Attempts      int64
	Deliveries    int64
	LastError     string
	DoneAt        *time.Time
	TrimmedAt     *time.Time
}

// Fact is one line of the ledger: something that became true of a customer, once. Amount, Discount
// and the MRR columns are minor units of Currency. FactKey names the object and the transition.
type Fact struct {
	ID            int64
	FactKey       string
	StripeAccount string
	Livemode      bool
	AccountID     int64
	CustomerID    int64
	Type          string
	ObjectID      string
	Amount        int64
	Currency      string
	Discount      int64
	MRRBefore     int64 `gorm:"column:mrr_before"`
	MRRAfter      int64 `gorm:"column:mrr_after"`
	Plan          string
	PaymentID     string // Stripe's id of the payment that it is about, or empty
	OccurredAt    time.Time
	RecordedAt    time.Time
}

// The states of a mail.
const (
	MailPending = "pending"
	MailSent    = "sent"
	MailDead    = "dead"
	MailDropped = "dropped" // taken back before it was sent, because it was no longer true
)

// Mail is a message owed to somebody, rendered when it was owed. DedupeKey makes it go out once.
// Secret mails carry a link that signs in or resets; their bodies are erased once SMTP took them.
type Mail struct {
	ID         int64
	PublicID   string
	DedupeKey  string
	Kind       string
	UserID     *int64
	AccountID  *int64
	ToAddress  string
	Subject    string
	HTML       string `gorm:"column:html"`
	Text       string
	Secret     bool
	State      string
	Attempts   int64
	NextAt     time.Time
	LeaseToken string
	LeaseUntil *time.Time
	LastError  string
	SentAt     *time.Time
	CreatedAt  time.Time
}

// The states of a Stripe operation.
const (
	OpOffered = "offered" // worked out and shown, and not asked for yet
	OpPending = "pending"
	OpDone    = "done"
	OpDead    = "dead"
)

// StripeOp is a mutating call that we owe Stripe, with the idempotency key it will be made under.
type StripeOp struct {
	ID            int64
	AccountID     int64
	StripeAccount string
	Livemode      bool
	Kind          string
	IdemKey       string
	Subject       string // Stripe's id of what it changes, or empty
	Params        string
	State         string
	RecoveryPoint string // how far an operation of several calls has come
	Result        string
	Attempts      int64
	NextAt        time.Time
	LeaseToken    string
	LeaseUntil    *time.Time
	LastError     string
	CreatedAt     time.Time
	DoneAt        *time.Time
}

// The states of a checkout.
const (
	CheckoutCreating = "creating" // our row exists, Stripe's session may
	CheckoutOpen     = "open"
	CheckoutComplete = "complete"
	CheckoutExpired  = "expired"
)

// Checkout is a Checkout Session that we opened. At most one per account is creating or open.
type Checkout struct {
	ID            int64
	PublicID      string
	AccountID     int64
	UserID        int64
	StripeAccount string
	Livemode      bool
	StripeID      string
	LookupKey     string
	Quantity      int64
	TrialDays     int64
	URL           string `gorm:"column:url"`
	State         string
	ExpiresAt     time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Grant gives an account a plan without a subscription: a purchase, a gift or a lifetime deal.
// EndsAt nil means for good.
type Grant struct {
	ID        int64
	AccountID int64
	Plan      string
	Source    string
	Reason    string
	GrantedBy string
	StartsAt  time.Time
	EndsAt    *time.Time
	CreatedAt time.Time
}

// UsageEvent is one metered use, counted once per UsageKey.
type UsageEvent struct {
	ID         int64
	AccountID  int64
	Meter      string
	UsageKey   string
	Quantity   int64
	OccurredAt time.Time
	RecordedAt time.Time
}

// Subscriber is what the admin's list shows of an account: a projection made for searching, written
// in the same transaction as what it repeats. Search is in lower case.
type Subscriber struct {
	AccountID int64 `gorm:"primaryKey;autoIncrement:false"`
	PublicID  string
	Name      string
	Email     string
	Customer  string
	Plan      string
	Status    string
	MRR       int64 `gorm:"column:mrr"`
	Search    string
	CreatedAt time.Time
}
