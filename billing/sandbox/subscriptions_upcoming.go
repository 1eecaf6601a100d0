package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// The account's setting for how long ahead of a renewal invoice.upcoming comes.
const (
	upcomingSetting = "upcoming_days"
	upcomingDays    = 7
	maxUpcomingDays = 60
)

// SetUpcomingDays changes how many days ahead of a renewal invoice.upcoming comes; 0 turns it off. It applies from
// each subscription's next period on.
func (s *Sandbox) SetUpcomingDays(ctx context.Context, days int) error {
	if days < 0 || days > maxUpcomingDays {
		return fmt.Errorf("upcoming days: %d is not between 0 and %d", days, maxUpcomingDays)
	}
	return s.Do(ctx, func(tx *Tx) error { return tx.setMeta(upcomingSetting, strconv.Itoa(days)) })
}

func (tx *Tx) upcomingDays() (int64, error) {
	raw, ok, err := tx.meta(upcomingSetting)
	if err != nil || !ok {
		return upcomingDays, err
	}
	days, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read upcoming days: %w", err)
	}
	return days, nil
}

// scheduleUpcoming puts the notice of the next renewal on the agenda. A period that is shorter than the notice has
// none.
func scheduleUpcoming(tx *Tx, sub Object) error {
	days, err := tx.upcomingDays()
	if err != nil {
		return err
	}
	at := sub.Int("current_period_end") - days*daySeconds
	if days == 0 || at <= tx.Now() || at < sub.Int("current_period_start") {
		return nil
	}
	return tx.Schedule(at, "subscription.upcoming", sub.ID())
}

// noticeUpcoming is the agenda's step a few days ahead of a renewal. Its event carries the preview of the invoice,
// which has no id yet. A subscription that is about to end has no next invoice, and no notice.
func noticeUpcoming(tx *Tx, id string) error {
	sub, err := tx.load(id)
	if err != nil {
		return err
	}
	switch sub.Str("status") {
	case "active", "trialing", "past_due":
	default:
		return nil
	}
	inv, err := previewChange(tx, sub, Params{})
	var none *Error
	if errors.As(err, &none) && none.Code == "invoice_upcoming_none" {
		return nil
	}
	if err != nil {
		return err
	}
	delete(inv, "id")
	return tx.Emit("invoice.upcoming", inv, nil)
}
