package billing

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// The limits of a replay. Replaying makes customers due, and each is fetched once however many of its events
// are replayed; what is beyond the limit is replayed by asking again.
const (
	MaxReplay   = 10_000
	replayBatch = 200
)

// Replay says what a replay would do: how many events it would work off again, of how many customers.
type Replay struct{ Events, Customers int64 }

// ReplayEvent makes an event pending again and its customer due, whatever became of it before. id is ours or
// Stripe's. The fault is NotFound for an id that is not there, and Conflict for an event that names no
// customer or is of another Stripe account.
func (s *Service) ReplayEvent(ctx context.Context, id string) error {
	var rows []models.WebhookEvent
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Select("id", "customer").Where("public_id = ?", id).
		Or(s.DB.Read(ctx).Where("event_id = ?", id).Where(where, account, live)).Limit(1).Find(&rows).Error
	if err != nil {
		return fmt.Errorf("read event %s: %w", id, err)
	}
	if len(rows) == 0 {
		return fault.New(fault.NotFound, "not_found")
	}
	match := func(tx *gorm.DB) *gorm.DB { return tx.Where("id = ?", rows[0].ID) }
	replayed, _, err := s.replayBatch(ctx, match, 0)
	if err != nil {
		return err
	}
	if replayed == 0 {
		return fault.New(fault.Conflict, "event_not_replayable")
	}
	s.Wake(JobSync)
	return nil
}

// CountReplay says what ReplayEvents would do with the same filter.
func (s *Service) CountReplay(ctx context.Context, f models.EventFilter) (Replay, error) {
	match, err := s.DB.MatchEvents(ctx, f)
	if err != nil {
		return Replay{}, err
	}
	var found Replay
	err = s.replayable(match(s.DB.Read(ctx))).Select("COUNT(*) AS events, COUNT(DISTINCT customer) AS customers").
		Scan(&found).Error
	if err != nil {
		return Replay{}, fmt.Errorf("count what can be replayed: %w", err)
	}
	return found, nil
}

// ReplayEvents makes every event of a filter pending again that can be, the oldest first and at most MaxReplay,
// and says how many. Run twice it changes nothing more than run once.
func (s *Service) ReplayEvents(ctx context.Context, f models.EventFilter) (int64, error) {
	match, err := s.DB.MatchEvents(ctx, f)
	if err != nil {
		return 0, err
	}
	var total, after int64
	for total < MaxReplay {
		replayed, last, err := s.replayBatch(ctx, match, after)
		if err != nil {
			return total, err
		}
		if replayed == 0 {
			break
		}
		total, after = total+replayed, last
	}
	if total > 0 {
		s.Wake(JobSync)
	}
	return total, nil
}

// replayable leaves out what names no customer, and what is another Stripe account's.
func (s *Service) replayable(query *gorm.DB) *gorm.DB {
	where, account, live := inConnection(s.Connection)
	return query.Model(&models.WebhookEvent{}).Where(where, account, live).Where("customer <> ''")
}

// replayBatch replays the first events after an id, and gives how many and the last one's id. It marks the
// customers before it touches an event, as everything does that locks both.
func (s *Service) replayBatch(
	ctx context.Context, match func(*gorm.DB) *gorm.DB, after int64,
) (replayed, last int64, err error) {
	err = s.DB.Tx(ctx, func(tx *gorm.DB) error {
		var rows []*models.WebhookEvent
		err := s.replayable(match(tx)).Select("id", "customer").Where("id > ?", after).
			Order("id").Limit(replayBatch).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			replayed = 0
			return err
		}
		byCustomer := map[string][]int64{}
		for _, row := range rows {
			row.State = models.EventPending
			byCustomer[row.Customer] = append(byCustomer[row.Customer], row.ID)
		}
		seqs, err := s.markCustomers(tx, rows)
		if err != nil {
			return err
		}
		for _, customer := range slices.Sorted(maps.Keys(byCustomer)) {
			err := tx.Model(&models.WebhookEvent{}).Where("id IN ?", byCustomer[customer]).Updates(map[string]any{
				"state": models.EventPending, "done_at": nil, "last_error": "", "dirty_seq": seqs[customer],
			}).Error
			if err != nil {
				return err
			}
		}
		replayed, last = int64(len(rows)), rows[len(rows)-1].ID
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("replay events: %w", err)
	}
	return replayed, last, nil
}
