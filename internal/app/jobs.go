package app

import (
	"time"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/auth"
	"example.com/tollgate/internal/jobs"
	"example.com/tollgate/internal/mail"
)

// The names of the jobs that do not belong to billing.
const (
	jobMails = "mails"
	jobSweep = "sweep_auth"
)

// jobTable is all the work that goes on in the background. Each is one pass over a table of what is
// owed, woken when something is added and run every so often in case nobody was there to wake it.
func jobTable(b *billing.Service, outbox *mail.Outbox, accounts *auth.Service, reconcile time.Duration) []jobs.Job {
	return []jobs.Job{
		{Name: billing.JobSync, Every: 5 * time.Second, Timeout: 5 * time.Minute, Workers: 2, Run: b.SyncDue},
		{Name: billing.JobOps, Every: 5 * time.Second, Timeout: 5 * time.Minute, Workers: 2, Run: b.RunOps},
		{Name: billing.JobList, Every: reconcile, Timeout: 5 * time.Minute, Workers: 1, Run: b.ListMissed},
		{Name: billing.JobSweep, Every: reconcile, Timeout: 5 * time.Minute, Workers: 1, Run: b.SweepDue},
		{Name: billing.JobCalendar, Every: time.Minute, Timeout: 5 * time.Minute, Workers: 1, Run: b.RunCalendar},
		{Name: billing.JobSignals, Every: time.Minute, Timeout: time.Minute, Workers: 1, Run: b.Signals},
		{Name: billing.JobTrim, Every: time.Hour, Timeout: 5 * time.Minute, Workers: 1, Run: b.TrimPayloads},
		{Name: jobMails, Every: 5 * time.Second, Timeout: 5 * time.Minute, Workers: 2, Run: outbox.Drain},
		{Name: jobSweep, Every: time.Hour, Timeout: time.Minute, Workers: 1, Run: accounts.Sweep},
	}
}
