package billing

import (
	"context"
	"fmt"
)

// The sources that access is weighed from.
const (
	SourceAccount      = "account"
	SourceGrant        = "grant"
	SourceSubscription = "subscription"
	SourceFree         = "free"
)

// Weighed is one thing that the access rule looked at, judged as if it were alone. Name is a
// subscription's Stripe id, or empty.
type Weighed struct {
	Source, Name, Status string
	Decision             Decision
	Decides              bool
}

// Explain decides an account's access, and says what was weighed: first what decided, then the rest.
// It asks for no sync, so that looking changes nothing.
func (s *Service) Explain(ctx context.Context, accountID int64) (Access, []Weighed, error) {
	rows, err := s.accessRows(ctx, accountID)
	if err != nil {
		return Access{}, nil, fmt.Errorf("explain access of account %d: %w", accountID, err)
	}
	facts := factsOf(rows)
	access := s.decide(facts)
	return access, s.weigh(facts, access.Decision), nil
}

func (s *Service) weigh(facts AccountFacts, made Decision) []Weighed {
	var all []Weighed
	alone := func(source, name, status string, part AccountFacts) {
		all = append(all, Weighed{Source: source, Name: name, Status: status, Decision: s.decide(part).Decision})
	}
	for _, g := range facts.Grants {
		alone(SourceGrant, "", "", AccountFacts{Grants: []GrantFacts{g}})
	}
	for _, sub := range facts.Subscriptions {
		alone(SourceSubscription, sub.ID, sub.Status, AccountFacts{
			CustomerDeleted: facts.CustomerDeleted, Dispute: facts.Dispute, Subscriptions: []SubscriptionFacts{sub},
		})
	}
	last := Weighed{Source: SourceFree, Decision: made}
	if facts.Suspended {
		last.Source = SourceAccount
	}
	if facts.Suspended || made.Level == LevelNone {
		last.Decides = true
		return append([]Weighed{last}, all...)
	}
	for i := range all {
		if all[i].Decision == made {
			all[i].Decides = true
			all[0], all[i] = all[i], all[0]
			break
		}
	}
	return all
}
