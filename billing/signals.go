package billing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// JobSignals is one look at everything that an alert could be about.
const JobSignals = "signals"

// maxOpen is how many open alerts of a kind one look considers.
const maxOpen = 500

// signal is a kind of alert whose truth can be looked up. look finds what is true now: with a Subject it is
// raised, and without one it only stays open as it is. What is open and not found is over, once it has not
// been seen for as long as quiet, so that what comes and goes does not send a mail each time.
type signal struct {
	kind  string
	look  func(s *Service, ctx context.Context, open []models.Alert) (found []Alert, err error)
	quiet time.Duration
}

// signals is the table of what is looked at every minute. Kinds that are not in it are closed by whoever
// raises them, or by an admin.
func signals() []signal {
	return []signal{
		{AlertDeadLetters, (*Service).lookDeadLetters, 0},
		{AlertUnhandled, (*Service).lookUnhandled, 0},
		{AlertPayments, (*Service).lookPayments, time.Hour},
		{AlertSignatures, (*Service).lookSignatures, 15 * time.Minute},
		{AlertClock, (*Service).lookClock, 15 * time.Minute},
		{AlertKey, (*Service).lookKey, 0},
		{AlertMails, (*Service).lookMails, 0},
		{AlertDispute, (*Service).lookDisputes, 0},
		{AlertFinalization, (*Service).lookFinalizations, 0},
		{AlertPrice, (*Service).lookPrices, 0},
		{AlertSecond, (*Service).lookSeconds, 0},
		{AlertOperation, (*Service).lookOperations, 0},
	}
}

// Signals is one pass of the signals job. A look that fails keeps no other from being taken.
func (s *Service) Signals(ctx context.Context) error {
	var errs []error
	for _, row := range signals() {
		if err := s.takeLook(ctx, row); err != nil {
			errs = append(errs, fmt.Errorf("look for %s: %w", row.kind, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Service) takeLook(ctx context.Context, row signal) error {
	var open []models.Alert
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Where(where, account, live).Where("kind = ? AND resolved_at IS NULL", row.kind).
		Order("id").Limit(maxOpen).Find(&open).Error
	if err != nil {
		return fmt.Errorf("read open alerts: %w", err)
	}
	found, err := row.look(s, ctx, open)
	if err != nil {
		return err
	}
	still := map[string]bool{}
	for _, alert := range found {
		alert.Kind = row.kind
		still[clip(alert.Key)] = true
		if alert.Subject == "" {
			continue
		}
		if err := s.DB.Tx(ctx, func(tx *gorm.DB) error { return s.raise(tx, alert, 0) }); err != nil {
			return err
		}
	}
	for _, alert := range open {
		if still[alert.Key] || s.wall().Sub(alert.LastAt) < row.quiet {
			continue
		}
		if err := s.Resolve(ctx, row.kind, alert.Key); err != nil {
			return err
		}
	}
	return nil
}

// The thresholds of what is heard at the webhook's door. One odd delivery is chance; these are not.
const (
	refusedInARow = 20
	staleInARow   = 5
	skewedInARow  = 5
	// maxSkew is how far our clock may be from Stripe's. Deliveries are signed as they are sent, so beyond
	// a minute it is no delay. Past five every delivery is refused.
	maxSkew = time.Minute
	// heardFor is how long ago something may have been heard to count as true now.
	heardFor = time.Hour
)

// ears is what this process heard at the webhook's door since the last delivery that was as it should be.
type ears struct {
	mu        sync.Mutex
	refused   int // signatures that do not verify, in a row
	refusedAt time.Time
	stale     int // signatures that verify and are of another time, in a row
	skewed    int // deliveries that were accepted, of a time more than maxSkew from ours, in a row
	skew      time.Duration
	clockAt   time.Time
}

// hear notes how a delivery was judged.
func (e *ears) hear(now time.Time, event Event, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case errors.Is(err, ErrStale):
		e.stale++
		e.clockAt = now
	case err != nil:
		e.refused++
		e.refusedAt = now
	default:
		e.refused, e.stale = 0, 0
		e.skew = now.Sub(event.SignedAt).Truncate(time.Second)
		if e.skew.Abs() <= maxSkew {
			e.skewed = 0
			return
		}
		e.skewed++
		e.clockAt = now
	}
}

// signatures tells of deliveries whose signatures do not verify, if there are too many.
func (e *ears) signatures(now time.Time) (inARow int, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused, e.refused >= refusedInARow && now.Sub(e.refusedAt) < heardFor
}

// clock says in words what the deliveries tell of our clock, or nothing.
func (e *ears) clock(now time.Time) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case now.Sub(e.clockAt).Abs() >= heardFor:
	case e.stale >= staleInARow:
		return fmt.Sprintf("%d deliveries in a row were refused, because their time is more than five minutes from ours", e.stale)
	case e.skewed >= skewedInARow:
		return fmt.Sprintf("%d deliveries in a row were %s", e.skewed, aheadOrBehind(e.skew))
	}
	return ""
}

// aheadOrBehind says how our clock stands. A positive skew means that ours is ahead.
func aheadOrBehind(skew time.Duration) string {
	if skew < 0 {
		return "of a time that is " + skew.Abs().String() + " ahead of our clock"
	}
	return "of a time that is " + skew.String() + " behind our clock"
}
