package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// The terms of the listing of events.
const (
	// eventsKept is how long Stripe lists an event: https://docs.stripe.com/api/events
	eventsKept = 30 * 24 * time.Hour
	// eventOverlap is listed again every time, because an event may appear a little after one that is younger.
	eventOverlap = 15 * time.Minute
	// eventSettled is how long a webhook may be on its way before it counts as missing.
	eventSettled = 2 * time.Minute
	// eventPages bounds one pass; the next one goes on where it ended.
	eventPages = 100
)

// CatchUpOptions is how to list events. Since lists everything from a time on, whatever the cursor says, and leaves
// the cursor alone. Unsettled takes the youngest events too, and may call one missed that is on its way.
type CatchUpOptions struct {
	Origin    string
	Since     time.Time
	Unsettled bool
}

// ListMissed is one pass of the job that lists events. Another program's pass is as good.
func (s *Service) ListMissed(ctx context.Context) error {
	run, err := s.CatchUp(ctx, CatchUpOptions{Origin: OriginSchedule})
	if errors.Is(err, ErrReconciling) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(s.tellMissed(ctx, run.Missed), s.markHealed(ctx), s.pruneRuns(ctx))
}

// tellMissed has the admins know that webhooks do not arrive, until none was missed for a day.
func (s *Service) tellMissed(ctx context.Context, missed int64) error {
	alert := Alert{
		Kind: AlertDrift, Key: models.ReconcileEvents, Subject: fmt.Sprintf("%d events did not arrive", missed),
		Detail: fmt.Sprintf("%d events were in Stripe's list and had come by no webhook; they are being worked off", missed),
	}
	if missed > 0 {
		return s.Raise(ctx, alert)
	}
	var lately int64
	where, account, live := inConnection(s.Connection)
	err := s.DB.Read(ctx).Model(&models.ReconcileRun{}).Where(where, account, live).
		Where("kind = ? AND missed > 0 AND started_at > ?", models.ReconcileEvents, s.wall().Add(-24*time.Hour)).
		Count(&lately).Error
	if err != nil {
		return fmt.Errorf("count missed events: %w", err)
	}
	if lately > 0 {
		return nil
	}
	return s.Resolve(ctx, alert.Kind, alert.Key)
}

// CatchUp puts every event into the inbox that Stripe's list has and the inbox lacks, and makes their customers
// due. It goes on from a cursor, and a page that was read is never lost: the cursor moves in the transaction that
// stores it. Where the cursor is older than Stripe's list, it asks for a sweep instead.
//
// It returns ErrReconciling while another program is at it.
func (s *Service) CatchUp(ctx context.Context, o CatchUpOptions) (models.ReconcileRun, error) {
	held, err := s.takeCursor(ctx, models.ReconcileEvents)
	if err != nil {
		return models.ReconcileRun{}, err
	}
	run, err := s.beginRun(ctx, models.ReconcileEvents, o.Origin)
	if err != nil {
		return models.ReconcileRun{}, err
	}
	c := &catchUp{Service: s, cursor: held, run: run, began: s.now(), aside: !o.Since.IsZero()}
	c.settled = c.began.Add(-eventSettled)
	if o.Unsettled {
		c.settled = c.began.Add(time.Hour)
	}
	err = s.LookBack(ctx) // before anything is owed
	switch {
	case err != nil:
	case c.aside:
		err = c.down(ctx, o.Since)
	default:
		err = c.list(ctx)
	}
	if run.Missed > 0 {
		s.Wake(JobSync)
	}
	err = s.heardOfKey(ctx, err)
	return *run, s.endPass(ctx, held, run, err)
}

// catchUp is one pass over the list of events.
type catchUp struct {
	*Service
	cursor  *models.ReconcileCursor
	run     *models.ReconcileRun
	began   time.Time // by Stripe's clock
	settled time.Time // younger events are left to their webhooks
	aside   bool      // the cursor stays where it is
}

func (c *catchUp) list(ctx context.Context) error {
	if c.began.Sub(c.cursor.EventAt) > eventsKept {
		c.run.Reason = ReasonTooOld
		if err := c.requestSweep(ctx); err != nil {
			return err
		}
		c.cursor.EventID, c.cursor.EventAt = "", c.began.Add(-eventOverlap)
	}
	if c.cursor.EventID != "" {
		err := c.up(ctx)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		// Stripe has forgotten the event, as it does when nothing has happened for long. The time remains.
		c.cursor.EventID = ""
	}
	return c.down(ctx, c.cursor.EventAt)
}

// up reads from the cursor to the newest event, keeping the cursor with every page.
func (c *catchUp) up(ctx context.Context) error {
	at := c.cursor.EventID
	for range eventPages {
		page, err := c.page(ctx, EventQuery{After: at})
		if err != nil {
			return err
		}
		if anchor := c.anchor(page); anchor != nil {
			c.cursor.EventID, c.cursor.EventAt = anchor.ID, anchor.Created
		}
		if !page.More || len(page.Events) == 0 {
			return c.finish(ctx, page)
		}
		if err := c.store(ctx, page); err != nil {
			return err
		}
		at = page.Events[len(page.Events)-1].ID
	}
	c.run.State = models.RunDone
	c.Wake(JobList)
	return nil
}

// down reads from the newest event back to a time, where there is no event to begin at. The cursor moves only at the
// end, because what lies between is not read before.
func (c *catchUp) down(ctx context.Context, since time.Time) error {
	var anchor *ListedEvent
	query := EventQuery{Since: since}
	for range eventPages {
		page, err := c.page(ctx, query)
		if err != nil {
			return err
		}
		if anchor == nil {
			anchor = c.anchor(page)
		}
		if !page.More || len(page.Events) == 0 {
			if anchor != nil && !c.aside {
				c.cursor.EventID = anchor.ID
			}
			return c.finish(ctx, page)
		}
		if err := c.store(ctx, page); err != nil {
			return err
		}
		query.Before = page.Events[0].ID
	}
	// There is more than one pass can read this way, and the sweep sees all that it came to.
	c.run.Reason = ReasonTooOld
	if anchor != nil && !c.aside {
		c.cursor.EventID, c.cursor.EventAt = anchor.ID, anchor.Created
	}
	c.run.State = models.RunDone
	return c.requestSweep(ctx)
}

func (c *catchUp) page(ctx context.Context, q EventQuery) (EventPage, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	page, err := c.Stripe.ListEvents(ctx, q)
	c.run.Seen += int64(len(page.Events))
	return page, err
}

// anchor is the newest event of a page that is old enough for nothing to appear before it any more.
func (c *catchUp) anchor(page EventPage) *ListedEvent {
	for i := len(page.Events) - 1; i >= 0; i-- {
		if !page.Events[i].Created.After(c.began.Add(-eventOverlap)) {
			return &page.Events[i]
		}
	}
	return nil
}

// finish stores the last page. Everything up to the beginning of this pass, less the overlap, has been seen.
func (c *catchUp) finish(ctx context.Context, page EventPage) error {
	if !c.aside {
		c.cursor.EventAt = c.began.Add(-eventOverlap)
	}
	if err := c.store(ctx, page); err != nil {
		return err
	}
	c.run.State = models.RunDone
	return nil
}

// store puts the events of a page that the inbox lacks into it, the way a webhook does, and keeps the cursor.
func (c *catchUp) store(ctx context.Context, page EventPage) error {
	var batch []*receipt
	for _, e := range page.Events {
		if _, ours := eventFor(e.Type); !ours || e.Created.After(c.settled) {
			continue
		}
		r := &receipt{event: e.Event, row: c.eventRow(e.Event, e.Body)}
		r.row.Deliveries = 0
		batch = append(batch, r)
	}
	missed := 0
	err := c.DB.Tx(ctx, func(tx *gorm.DB) error {
		fresh, _, err := c.splitReceipts(tx, batch)
		if err != nil {
			return err
		}
		if err := c.insertEvents(tx, fresh); err != nil {
			return err
		}
		missed = len(fresh)
		return c.keepCursor(tx, c.cursor)
	})
	if err != nil {
		return fmt.Errorf("store missed events: %w", err)
	}
	c.run.Missed += int64(missed)
	return nil
}

// requestSweep makes the sweep due now.
func (s *Service) requestSweep(ctx context.Context) error {
	where, account, live := inConnection(s.Connection)
	err := s.DB.Write(ctx).Model(&models.ReconcileCursor{}).Where(where, account, live).
		Where("kind = ?", models.ReconcileSweep).Update("next_at", s.wall()).Error
	if err != nil {
		return fmt.Errorf("ask for a sweep: %w", err)
	}
	s.Wake(JobSweep)
	return nil
}
