package views

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/layout"
)

// Count is one bar of a comparison.
type Count struct {
	Key, Name string
	N         int64
}

// Day is one bar of a chart over time.
type Day struct {
	Date time.Time
	N    int64
}

// AdminPage is the overview.
type AdminPage struct {
	layout.Page
	Accounts, Paying, Trialing, PastDue int64
	MRR                                 plan.Money
	ByPlan                              []Count
	ByStatus                            []Count
	Signups                             []Day // 30 days, oldest first
	EventsPending, EventsDead           int64
	MailsPending, MailsDead             int64
	AlertsOpen                          int64
	LastEventAt                         *time.Time
	Recent                              []EventRow
	Newest                              []SubscriberRow
}

// SubscriberQuery is the list's filter as it stands in the address.
type SubscriberQuery struct{ Q, Plan, Status, Sort string }

// The orders of the subscriber list. A leading minus sorts downwards.
const (
	SortName    = "name"
	SortPlan    = "plan"
	SortStatus  = "status"
	SortMRR     = "mrr"
	SortCreated = "created"
)

// SubscriberRow is one account in the list.
type SubscriberRow struct {
	ID, Name, Email, Customer string
	PlanName, Status          string
	MRR                       plan.Money
	CreatedAt                 time.Time
}

// AdminSubscribersPage searches, filters, sorts and pages.
type AdminSubscribersPage struct {
	layout.Page
	Query    SubscriberQuery
	Plans    []Option
	Statuses []Option
	Rows     []SubscriberRow
	Pager    Pager
}

// Member is a user of the account.
type Member struct {
	Name, Email, Role string
	Verified          bool
	CreatedAt         time.Time
}

// AccessStep is one reason in the chain that ends in the access an account has.
type AccessStep struct {
	Text    string
	Decides bool
}

// MailRow is one mail.
type MailRow struct {
	ID, To, Kind, Subject, State string
	CreatedAt                    time.Time
	URL                          string // where it can be read, if anywhere
}

// FactRow is one line of the account's ledger.
type FactRow struct {
	Type       string
	Amount     plan.Money
	OccurredAt time.Time
}

// SyncState says how far the mirror of the customer has come.
type SyncState struct {
	LastOKAt  *time.Time
	Due       bool
	LastError string
}

// AdminSubscriberPage is all that is known of one account. SyncURL posts.
type AdminSubscriberPage struct {
	layout.Page
	ID, Name      string
	CreatedAt     time.Time
	Suspended     bool
	Members       []Member
	Customer      string
	CustomerURL   string // at Stripe or in the sandbox's console
	Subscription  Subscription
	StripeSub     string
	Access        []AccessStep
	Invoices      []Invoice
	Disputes      []DisputeRow
	Mails         []MailRow
	Events        []EventRow
	Facts         []FactRow
	Sync          SyncState
	SyncURL       string
	SubscriberURL string
	Actions       AdminActions
}

// EventRow is one webhook event in a list.
type EventRow struct {
	ID, EventID, Type, State, Customer string
	Attempts, Deliveries               int64
	ReceivedAt                         time.Time
	LastError                          string
}

// EventQuery is the inbox's filter as it stands in the address. Since and Until are days, as the browser's
// field for a date gives them, in UTC; both count.
type EventQuery struct{ State, Type, Q, Since, Until string }

// AdminEventsPage is the webhook inbox. States carries a count for each tab.
type AdminEventsPage struct {
	layout.Page
	Query  EventQuery
	States []Count
	Types  []Option
	Rows   []EventRow
	Pager  Pager
}

// AdminEventPage is one event. Payload is indented JSON.
type AdminEventPage struct {
	layout.Page
	Event         EventRow
	APIVersion    string
	OccurredAt    time.Time
	DoneAt        *time.Time
	TrimmedAt     *time.Time // since when the payload is gone
	SubscriberURL string
	Payload       string
	ReplayURL     string
}

// MailboxPage lists the mails of a development machine, newest first.
type MailboxPage struct {
	layout.Page
	Query string
	Mails []MailRow
	Pager Pager
}

// MailPage shows one mail. HTMLURL is framed; ShowText prefers the text part.
type MailPage struct {
	layout.Page
	Mail     MailRow
	HTMLURL  string
	TextURL  string // this page with the text part
	Text     string
	ShowText bool
	Preview  bool // it was made up, and sent to nobody
}

// MailPreviewsPage lists every mail with made-up values.
type MailPreviewsPage struct {
	layout.Page
	Mails []MailRow
}
