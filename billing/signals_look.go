package billing

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// The windows and thresholds of the rates. Fewer than the least many are chance.
const (
	rateWindow = 24 * time.Hour
	// recentEvents bounds what a look at the inbox reads, whatever its size.
	recentEvents = 1000
	// maxTypes bounds the alerts about types that nothing acts on: whoever sends more has chosen "all events".
	maxTypes = 20
	// A payment failure rate above 5 % is worth an alert, and a success rate under 90 % is critical:
	// the methodology, phase 11.
	leastPayments   = 20
	failedPercent   = 5
	mailsDeadWithin = 24 * time.Hour
	unhandledNote   = "and nothing acted on them"
)

func (s *Service) lookDeadLetters(ctx context.Context, _ []models.Alert) ([]Alert, error) {
	where, account, live := inConnection(s.Connection)
	var events int64
	err := s.DB.Read(ctx).Model(&models.WebhookEvent{}).Where("state = ?", models.EventDead).
		Where(where, account, live).Count(&events).Error
	if err != nil {
		return nil, fmt.Errorf("count dead events: %w", err)
	}
	var dead []models.CustomerSync
	err = s.DB.Read(ctx).Where("dead_at IS NOT NULL").Where(where, account, live).
		Order("dead_at DESC").Limit(recentEvents).Find(&dead).Error
	if err != nil {
		return nil, fmt.Errorf("read customers given up on: %w", err)
	}
	if events == 0 && len(dead) == 0 {
		return nil, nil
	}
	alert := Alert{Subject: fmt.Sprintf("%d events, %d customers", events, len(dead))}
	if len(dead) > 0 {
		alert.Detail = dead[0].StripeID + ": " + dead[0].LastError
	}
	return []Alert{alert}, nil
}

// lookUnhandled finds the types that arrived in the last day and are not in the table of events.
func (s *Service) lookUnhandled(ctx context.Context, _ []models.Alert) ([]Alert, error) {
	var rows []struct {
		Type  string
		N     int64
		Event string
	}
	err := s.DB.Read(ctx).Raw(`
SELECT type, COUNT(*) AS n, MAX(event_id) AS event FROM (
    SELECT type, event_id, stripe_account, livemode, received_at FROM webhook_events
    WHERE state = ? ORDER BY id DESC LIMIT ?) recent
WHERE stripe_account = ? AND livemode = ? AND received_at > ?
GROUP BY type ORDER BY COUNT(*) DESC, type LIMIT ?`,
		models.EventIgnored, recentEvents, s.Connection.StripeAccount, s.Connection.Livemode,
		s.wall().Add(-rateWindow), maxTypes).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count ignored events: %w", err)
	}
	var found []Alert
	for _, row := range rows {
		if _, known := eventFor(row.Type); known {
			continue // its row is newer than the event
		}
		found = append(found, Alert{
			Key: row.Type, Subject: row.Type,
			Detail: fmt.Sprintf("%d in the last day, %s; one of them is %s", row.N, unhandledNote, row.Event),
		})
	}
	return found, nil
}

// lookPayments compares the payments that failed in the last day, by the business clock, with all of them.
func (s *Service) lookPayments(ctx context.Context, _ []models.Alert) ([]Alert, error) {
	var sums struct{ Paid, Failed int64 }
	now := s.now()
	err := s.DB.Read(ctx).Raw(`
SELECT COALESCE(SUM(CASE WHEN type = ? THEN 1 ELSE 0 END), 0) AS paid,
       COALESCE(SUM(CASE WHEN type = ? THEN 1 ELSE 0 END), 0) AS failed
FROM facts WHERE occurred_at > ? AND occurred_at <= ? AND stripe_account = ? AND livemode = ? AND amount > 0`,
		FactInvoicePaid, FactPaymentFailed, now.Add(-rateWindow), now,
		s.Connection.StripeAccount, s.Connection.Livemode).Scan(&sums).Error
	if err != nil {
		return nil, fmt.Errorf("count payments: %w", err)
	}
	all := sums.Paid + sums.Failed
	if all < leastPayments || sums.Failed*100 <= all*failedPercent {
		return nil, nil
	}
	return []Alert{{Subject: fmt.Sprintf("%d of %d payments of the last day failed (%d %%)", sums.Failed, all, sums.Failed*100/all)}}, nil
}

func (s *Service) lookSignatures(context.Context, []models.Alert) ([]Alert, error) {
	inARow, wrong := s.ears.signatures(s.wall())
	if !wrong {
		return nil, nil
	}
	return []Alert{{Subject: fmt.Sprintf("%d deliveries in a row were refused", inARow)}}, nil
}

// lookClock takes the deliveries' word, and that of Stripe's answers to our own calls.
func (s *Service) lookClock(context.Context, []models.Alert) ([]Alert, error) {
	if heard := s.ears.clock(s.wall()); heard != "" {
		return []Alert{{Subject: heard}}, nil
	}
	if skew, ok := s.Stripe.ClockSkew(); ok && skew.Abs() > maxSkew {
		return []Alert{{Subject: "Stripe's answers are " + aheadOrBehind(skew)}}, nil
	}
	return nil, nil
}

// lookKey tries a key that was refused again. Nothing is asked while none was.
func (s *Service) lookKey(ctx context.Context, open []models.Alert) ([]Alert, error) {
	if len(open) == 0 {
		return nil, nil
	}
	if _, err := s.CheckKey(ctx); err != nil {
		return []Alert{{}}, nil // refused still, which was raised again, or not known
	}
	return nil, nil
}

// lookMails leaves out the mails about alerts: who does not get those cannot be told so by another.
func (s *Service) lookMails(ctx context.Context, _ []models.Alert) ([]Alert, error) {
	var dead []models.Mail
	err := s.DB.Read(ctx).Select("kind", "last_error").
		Where("state = ? AND next_at > ? AND kind <> ?", models.MailDead, s.wall().Add(-mailsDeadWithin), mailKindAlert).
		Order("next_at DESC").Limit(recentEvents).Find(&dead).Error
	if err != nil {
		return nil, fmt.Errorf("read dead mails: %w", err)
	}
	if len(dead) == 0 {
		return nil, nil
	}
	return []Alert{{Subject: fmt.Sprintf("%d mails in the last day", len(dead)), Detail: dead[0].Kind + ": " + dead[0].LastError}}, nil
}

func (s *Service) lookDisputes(ctx context.Context, open []models.Alert) ([]Alert, error) {
	return s.stillTrue(ctx, open, &models.Dispute{}, "stripe_id", func(tx *gorm.DB) *gorm.DB {
		return tx.Where("status NOT IN ?", disputeOver())
	})
}

func (s *Service) lookFinalizations(ctx context.Context, open []models.Alert) ([]Alert, error) {
	return s.stillTrue(ctx, open, &models.Invoice{}, "stripe_id", func(tx *gorm.DB) *gorm.DB {
		return tx.Where("status = 'draft'")
	})
}

func (s *Service) lookPrices(ctx context.Context, open []models.Alert) ([]Alert, error) {
	return s.stillTrue(ctx, open, &models.Subscription{}, "stripe_id", func(tx *gorm.DB) *gorm.DB {
		return tx.Where("unknown_since IS NOT NULL AND ended_at IS NULL")
	})
}

func (s *Service) lookSeconds(ctx context.Context, open []models.Alert) ([]Alert, error) {
	return s.stillTrue(ctx, open, &models.Subscription{}, "stripe_id", func(tx *gorm.DB) *gorm.DB {
		return tx.Where(`ended_at IS NULL AND EXISTS (SELECT 1 FROM subscriptions o WHERE o.plan <> '' AND o.ended_at IS NULL
AND o.customer_id = subscriptions.customer_id AND o.id <> subscriptions.id)`)
	})
}

func (s *Service) lookOperations(ctx context.Context, open []models.Alert) ([]Alert, error) {
	return s.stillTrue(ctx, open, &models.StripeOp{}, "idem_key", func(tx *gorm.DB) *gorm.DB {
		return tx.Where("state = ?", models.OpDead)
	})
}

// stillTrue gives those of the open alerts whose objects still are as they were.
func (s *Service) stillTrue(
	ctx context.Context, open []models.Alert, row any, column string, narrow func(*gorm.DB) *gorm.DB,
) ([]Alert, error) {
	if len(open) == 0 {
		return nil, nil
	}
	keys := make([]string, len(open))
	for i, alert := range open {
		keys[i] = alert.Key
	}
	var left []string
	where, account, live := inConnection(s.Connection)
	err := narrow(s.DB.Read(ctx).Model(row).Where(where, account, live).Where(column+" IN ?", keys)).
		Pluck(column, &left).Error
	if err != nil {
		return nil, fmt.Errorf("read what the alerts are about: %w", err)
	}
	found := make([]Alert, len(left))
	for i, key := range left {
		found[i].Key = key
	}
	return found, nil
}
