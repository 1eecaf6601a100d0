package billing

import (
	"context"
	"time"
)

// Lister is what reconciliation reads of Stripe, a page at a time. A page after an object that Stripe no longer has
// is ErrNotFound.
type Lister interface {
	// ListEvents reads a page of events of every type, oldest first.
	ListEvents(ctx context.Context, q EventQuery) (EventPage, error)
	// ListSubscriptions reads a page of all subscriptions there ever were, newest first, after the one named.
	ListSubscriptions(ctx context.Context, after string) (SubscriptionPage, error)
	// FindSubscription reads one of them by its id, which is never behind as a list may be.
	FindSubscription(ctx context.Context, id string) (SweptSubscription, error)
	// ListCustomers reads a page of the customers that are not deleted, newest first, after the one named.
	ListCustomers(ctx context.Context, after string) (CustomerPage, error)
	// LookUpCustomer reads one customer by its id and nothing that belongs to it.
	LookUpCustomer(ctx context.Context, id string) (SweptCustomer, error)
}

// EventQuery asks for the events just after one (After), or for the newest: those since a time, and older than one
// already read (Before). Delivered leaves out those that an endpoint has not taken yet.
type EventQuery struct {
	After     string
	Since     time.Time
	Before    string
	Delivered bool
}

// EventPage is one page of events, oldest first. More says that there is another one in the direction asked for.
type EventPage struct {
	Events []ListedEvent
	More   bool
}

// ListedEvent is an event as the list has it. Body is as Stripe wrote it. Undelivered counts the endpoints that have not
// taken it, yet.
type ListedEvent struct {
	Event
	Body        []byte
	Undelivered int64
}

// SubscriptionPage is one page of subscriptions.
type SubscriptionPage struct {
	Rows []SweptSubscription
	More bool
}

// SweptSubscription is a subscription with whose it is. AccountID is our public id of the account in its metadata,
// or empty.
type SweptSubscription struct {
	SubscriptionState
	Customer  string
	AccountID string
}

// CustomerPage is one page of customers.
type CustomerPage struct {
	Rows []SweptCustomer
	More bool
}

// SweptCustomer is a customer without what belongs to it. Balance is minor units of Currency. AccountID is our
// public id of the account in its metadata, or empty.
type SweptCustomer struct {
	ID, Email, Currency, AccountID string
	Balance                        int64
	Deleted                        bool
}
