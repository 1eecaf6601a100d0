package views

import (
	"time"

	"example.com/tollgate/views/layout"
)

// AdminReconciliationPage is how far we are from Stripe. RunURL posts, and so does the stopped sweep's ApplyURL.
type AdminReconciliationPage struct {
	layout.Page
	RunURL   string
	Stopped  *StoppedSweep
	Events   ReconcileState
	Sweep    ReconcileState
	ListedTo *time.Time // up to when Stripe's events have been listed, by its clock
	Days     []Day      // what differed or was missed, 30 days, oldest first
	Drifts   []DriftRow
	Sweeps   []RunRow
	Listings []RunRow
}

// ReconcileState is where one kind of comparison stands. Count is what its last run came to.
type ReconcileState struct {
	LastOKAt, NextAt *time.Time
	LastError        string
	Count            int64
}

// StoppedSweep is a sweep that changed nothing, because too many would lose access or the key is another's.
type StoppedSweep struct {
	Reason         string
	Losing, Paying int64
	ApplyURL       string // empty where a person's word is not enough
	Refused        bool   // the box was not ticked
}

// DriftRow is one object that differed.
type DriftRow struct {
	Object, Kind, Detail string
	Customer             string
	SubscriberURL        string
	Loses                bool
	FoundAt              time.Time
	HealedAt             *time.Time
}

// RunRow is one comparison. Found is what differed or was missed.
type RunRow struct {
	ID, Origin, State, Reason, Error, ApprovedBy string
	Seen, Found, Unknown, Losing                 int64
	StartedAt                                    time.Time
	FinishedAt                                   *time.Time
}
