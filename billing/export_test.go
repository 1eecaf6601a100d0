package billing

import (
	"time"

	"example.com/tollgate/models"
)

// Queued is how many receipts wait for the commit that is under way.
func (s *Service) Queued() int {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return len(s.inbox.queue)
}

// Committing says whether a commit of receipts is under way.
func (s *Service) Committing() bool {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return s.inbox.committing
}

// Mailbox is the address that a trial is given to once.
func Mailbox(email string) string { return mailbox(email) }

// DunningStep is a step of the table, with when it is due after a failure at the zero time.
type DunningStep struct {
	Fact  string
	At    time.Duration
	Level Level
}

// DunningSteps is the table for a subscription that stays past due and whose payment is never tried again.
func DunningSteps(grace time.Duration) []DunningStep {
	var zero time.Time
	owed := debt{invoice: models.Invoice{FirstFailedAt: &zero}, sub: models.Subscription{PastDueSince: &zero}, grace: grace}
	var steps []DunningStep
	for _, row := range dunning() {
		if at := row.at(owed); at != nil {
			steps = append(steps, DunningStep{row.fact, at.Sub(zero), row.level})
		}
	}
	return steps
}

// DecidePastDue is how much a subscription that is past due since the zero time grants some time later.
func DecidePastDue(after, grace time.Duration) Level {
	since := time.Unix(0, 0)
	return subscriptionLevel(Decision{}, "past_due", &SubscriptionFacts{PastDueSince: since}, since.Add(after),
		Policy{Grace: grace}).Level
}
