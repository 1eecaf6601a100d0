// Package billing decides who may use what, and keeps that decision true to Stripe.
//
// How money flows here:
//
//	A user chooses a price by its lookup key. StartCheckout checks it against the catalog, makes sure
//	the account has its one Stripe customer, and opens (or finds again) its one Checkout Session.
//	Stripe takes the card. From then on two roads lead to the same place: the browser comes back and
//	the return page asks for a sync, and signed events arrive and mark the customer dirty.
//	SyncCustomer is that place, and the only writer of subscription state. It holds the customer's
//	lease, fetches everything from Stripe, and applies it in one transaction that a stale worker
//	cannot commit. What became true is written to the ledger of facts in that transaction, and mails
//	are owed by facts, not by events.
//	Access reads local rows and a time, and nothing else.
//
// Stripe is the source of truth: what it says is mirrored, never argued with. Events carry ids, not
// state: their payload decides nothing but which customer to fetch. So any order, number or fate of
// the deliveries leads to the same rows.
package billing

import (
	"log/slog"
	"sync/atomic"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

// The names of billing's background jobs, which internal/app lists.
const (
	JobSync     = "sync_customers" // one pass over the dirty customers
	JobOps      = "stripe_ops"     // one pass over the calls we owe Stripe
	JobCalendar = "calendar"       // one pass over what is to be told by the calendar
	JobList     = "list_events"    // one pass over Stripe's list of events
	JobSweep    = "sweep_stripe"   // one pass of the comparison of everything
)

// Options is what a Service needs.
type Options struct {
	DB      *models.DB
	Stripe  Gateway
	Catalog *plan.Catalog
	// Connection is the Stripe account and mode found at boot. Rows of any other are not read.
	Connection Connection
	// Now is the business clock, which decides access and trials; in the sandbox it moves with the
	// sandbox's. Wall decides leases, retries and limits.
	Now  func() time.Time
	Wall func() time.Time
	// Outbox takes the mails that facts owe.
	Outbox *mail.Outbox
	// Wake asks for a pass of a job.
	Wake    func(job string)
	AppName string
	AppURL  string
	// Grace is how long a failed payment leaves access untouched; Leeway is how long a late webhook does.
	Grace  time.Duration
	Leeway time.Duration
	// SyncParallel is how many customers one pass of the sync job fetches at once; zero means a few.
	SyncParallel int
	// AdminEmails are told of alerts, and of payments that need a person. MailsOff are kinds of mail that are not sent.
	AdminEmails, MailsOff []string
	// AutomaticTax turns Stripe Tax on in Checkout.
	AutomaticTax bool
	Logger       *slog.Logger
}

// Connection names a Stripe account and mode.
type Connection = models.Connection

// Service is billing for one program. Its methods are safe for concurrent use.
type Service struct {
	Options
	inbox inbox
	ears  ears
	tally tally

	began      time.Time   // by the wall clock
	lookedBack atomic.Bool // see LookBack
}

// New makes a Service.
func New(o Options) *Service {
	if o.SyncParallel == 0 {
		o.SyncParallel = syncParallel
	}
	s := &Service{Options: o}
	s.began = s.wall()
	return s
}

// wall is the wall clock as rows keep it.
func (s *Service) wall() time.Time { return s.Wall().UTC().Truncate(time.Microsecond) }

// now is the business clock as rows keep it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
