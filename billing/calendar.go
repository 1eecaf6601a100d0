package billing

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// renewalNotice is how long before it an annual renewal is announced.
const renewalNotice = 14 * 24 * time.Hour

// The limits of one pass over the calendar.
const (
	calendarBatch  = 200
	calendarRounds = 50
)

// calendar records what has become due by the calendar for a subscription, and returns when there is more, or nil. Both
// a sync and the calendar's own job ask it, about the same rows and by the business clock, so that it does not matter
// which of them comes first, or whether Stripe's own notice (customer.subscription.trial_will_end, invoice.upcoming)
// comes at all: an event of that kind makes for a sync like any other.
func (a *application) calendar(sub models.Subscription, invoices []models.Invoice) *time.Time {
	if owed, ok := debtOf(sub, invoices, a.Grace); ok {
		return a.dun(owed)
	}
	kind, at, end := announcement(sub)
	switch {
	case kind == "" || !a.fetched.Before(end):
		return nil
	case a.fetched.Before(at):
		return &at
	}
	a.fact(kind, sub.StripeID, unix(end), at, sub.NextAmount, sub)
	return nil
}

// announcement says what is to be announced of a subscription that pays by itself, from when on, and what day it is
// about: the end of a trial, or the renewal of an annual plan, which comes long after anybody thinks of it. The day is
// part of the fact's key, so that a trial that is made longer is announced again, with its new end.
func announcement(sub models.Subscription) (kind string, at, end time.Time) {
	ends := sub.EndedAt != nil || sub.CancelAt != nil || sub.CancelAtPeriodEnd || sub.TrialRefused
	if ends || sub.PauseBehavior != "" || sub.Plan == "" {
		return "", at, end
	}
	switch {
	case sub.Status == "trialing" && sub.TrialEnd != nil:
		return FactTrialEnding, sub.TrialEnd.Add(-trialNotice), *sub.TrialEnd
	case sub.Status == "active" && sub.BillingInterval == "year":
		return FactRenewalComing, sub.CurrentPeriodEnd.Add(-renewalNotice), sub.CurrentPeriodEnd
	}
	return "", at, end
}

// RunCalendar is one pass of the calendar's job: it records what has become due since, and owes the mails. A customer
// that fails does not hold up the others. Any number of processes may run it at once.
func (s *Service) RunCalendar(ctx context.Context) error {
	var last int64
	for range calendarRounds {
		due, err := s.noticesDue(ctx, last)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, customer := range due {
			last = customer
			if err := s.remind(ctx, customer); err != nil {
				s.Logger.WarnContext(ctx, "nothing told by the calendar; will try again", "customer", customer, "error", err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	s.Wake(JobCalendar)
	return nil
}

// noticesDue lists customers of whose subscriptions something is due, by their ids from after on.
func (s *Service) noticesDue(ctx context.Context, after int64) ([]int64, error) {
	var due []int64
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Model(&models.Subscription{}).Distinct("customer_id").Where(where, account, live).
		Where("notice_at IS NOT NULL AND notice_at <= ? AND customer_id > ?", s.now(), after).
		Order("customer_id").Limit(calendarBatch).Pluck("customer_id", &due).Error
	if err != nil {
		return nil, fmt.Errorf("find what is due by the calendar: %w", err)
	}
	return due, nil
}

// remind does for one customer what a sync does for its calendar, with the rows as they are. It locks the customer's
// row, which every sync writes first: what it reads is then what it writes about, and a payment that arrives meanwhile
// takes back a mail that it finds.
func (s *Service) remind(ctx context.Context, customer int64) error {
	var a *application
	owed := 0
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error {
		a = s.newApplication(tx, models.NewToken(), s.now())
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&a.customer, customer).Error; err != nil {
			return fmt.Errorf("read customer %d: %w", customer, err)
		}
		if err := tx.Take(&a.account, a.customer.AccountID).Error; err != nil {
			return fmt.Errorf("read account %d: %w", a.customer.AccountID, err)
		}
		var subs []models.Subscription
		if err := tx.Where("customer_id = ?", customer).Find(&subs).Error; err != nil {
			return fmt.Errorf("read subscriptions of customer %d: %w", customer, err)
		}
		if err := tx.Find(&a.invoices, "customer_id = ? AND status = 'open'", customer).Error; err != nil {
			return fmt.Errorf("read invoices of customer %d: %w", customer, err)
		}
		for _, sub := range subs {
			a.mrr += sub.MRR
			if sub.NoticeAt == nil || sub.NoticeAt.After(a.fetched) {
				continue
			}
			err := tx.Model(&models.Subscription{}).Where("id = ?", sub.ID).Update("notice_at", a.calendar(sub, a.invoices)).Error
			if err != nil {
				return fmt.Errorf("write when %s is next told: %w", sub.StripeID, err)
			}
		}
		a.mrrAfter = a.mrr
		var err error
		owed, err = a.record()
		return err
	})
	if err != nil {
		return err
	}
	s.logFacts(ctx, a.customer.StripeID, a.told)
	if owed > 0 {
		s.Outbox.Wake()
	}
	return nil
}
