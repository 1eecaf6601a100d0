package models

import "time"

// The kinds of comparison with Stripe.
const (
	ReconcileEvents = "events" // Stripe's list of events against the inbox
	ReconcileSweep  = "sweep"  // every customer and subscription against the mirror, both ways
	ReconcileMails  = "mails"  // no comparison: until when a database lived that was lost, and sent its mails
)

// The states of a run.
const (
	RunRunning = "running"
	RunDone    = "done"
	RunStopped = "stopped" // the mass-change guard stopped it, and nothing of it was applied
	RunFailed  = "failed"
)

// ReconcileCursor says where one kind of comparison stands. EventID is an event of Stripe's after which the
// listing goes on; everything before EventAt, by Stripe's clock, has been listed. NextAt is when the next sweep
// is due, by the wall clock. LeaseToken fences the one program that is at it.
type ReconcileCursor struct {
	StripeAccount string `gorm:"primaryKey"`
	Livemode      bool   `gorm:"primaryKey"`
	Kind          string `gorm:"primaryKey"`
	EventID       string
	EventAt       time.Time
	NextAt        time.Time
	LeaseToken    string
	LeaseUntil    *time.Time
	LastOKAt      *time.Time `gorm:"column:last_ok_at"`
	LastError     string
}

// ReconcileRun is one comparison with Stripe and what it found. Seen counts what was looked at, Missed the events
// that no webhook had brought, Drift the objects that differed, Unknown the subscriptions of nobody we know, and
// Losing the customers of Paying who would lose access. Position is where an interrupted sweep goes on.
type ReconcileRun struct {
	ID            int64
	PublicID      string
	StripeAccount string
	Livemode      bool
	Kind          string
	Origin        string
	State         string
	Phase         string
	Position      string
	Seen          int64
	Missed        int64
	Drift         int64
	Unknown       int64
	Losing        int64
	Paying        int64
	Forced        bool
	Reason        string
	Error         string
	ApprovedBy    string
	ApprovedAt    *time.Time
	StartedAt     time.Time
	FinishedAt    *time.Time
}

// ReconcileDrift is one object that was not here what it is at Stripe. Customer is Stripe's id, or empty. Loses
// says that healing it takes access away. It is healed once a sync has covered DirtySeq of its customer.
type ReconcileDrift struct {
	ID       int64
	RunID    int64
	Customer string
	Object   string
	Kind     string
	Detail   string
	Loses    bool
	DirtySeq int64
	FoundAt  time.Time
	HealedAt *time.Time
}
