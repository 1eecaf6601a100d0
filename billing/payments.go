package billing

import (
	"context"
	"sync/atomic"

	"example.com/tollgate/models"
)

// The outcomes of a payment, as the log and the metric name them.
const (
	PaymentSucceeded = "succeeded"
	PaymentFailed    = "failed"
	PaymentRefunded  = "refunded"
	PaymentDisputed  = "disputed"
)

// outcome is what a fact says became of a payment, or nothing. An invoice over nothing moved no money.
func outcome(fact models.Fact) string {
	if fact.Amount <= 0 {
		return ""
	}
	switch fact.Type {
	case FactInvoicePaid:
		return PaymentSucceeded
	case FactPaymentFailed:
		return PaymentFailed
	case FactRefunded:
		return PaymentRefunded
	case FactDisputeOpened:
		return PaymentDisputed
	}
	return ""
}

// logFacts logs the facts of a sync that are new, each on one line, once they are committed: a transaction may
// be run twice, and what it would have recorded in vain has not happened.
func (s *Service) logFacts(ctx context.Context, customer string, facts []models.Fact) {
	for _, fact := range facts {
		status := outcome(fact)
		if status == "" {
			s.Logger.InfoContext(ctx, "billing fact", "type", fact.Type, "object", fact.ObjectID, "customer", customer,
				"amount", fact.Amount, "currency", fact.Currency, "plan", fact.Plan)
			continue
		}
		s.tally.payment(status)
		s.Logger.InfoContext(ctx, "payment", "payment", fact.PaymentID, "customer", customer, "amount", fact.Amount,
			"currency", fact.Currency, "status", status, "object", fact.ObjectID)
	}
}

// tally counts what this process has done since it began, for its metrics.
type tally struct {
	synced, failed                         atomic.Int64
	succeeded, declined, refunded, dispute atomic.Int64
}

func (t *tally) payment(status string) {
	switch status {
	case PaymentSucceeded:
		t.succeeded.Add(1)
	case PaymentFailed:
		t.declined.Add(1)
	case PaymentRefunded:
		t.refunded.Add(1)
	case PaymentDisputed:
		t.dispute.Add(1)
	}
}

// Counts is what a process has done since it began: the payments by status, and the syncs by result.
type Counts struct{ Payments, Syncs map[string]int64 }

// Counts gives what this process has done since it began.
func (s *Service) Counts() Counts {
	return Counts{
		Payments: map[string]int64{
			PaymentSucceeded: s.tally.succeeded.Load(), PaymentFailed: s.tally.declined.Load(),
			PaymentRefunded: s.tally.refunded.Load(), PaymentDisputed: s.tally.dispute.Load(),
		},
		Syncs: map[string]int64{"ok": s.tally.synced.Load(), "failed": s.tally.failed.Load()},
	}
}
