package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// maxJump bounds one fast-forward: further than any subscription's test needs, and near enough to end.
const maxJump = 5 * 366 * 24 * time.Hour

// Now returns the virtual time: the wall clock plus all that was fast-forwarded. It is the business clock of an
// application under the sandbox, and never runs backwards.
func (s *Sandbox) Now() time.Time {
	return s.opts.Now().Add(time.Duration(s.offset.Load())).UTC()
}

// Advance moves the virtual clock forward by d, and does on the way everything that falls due, in its order.
func (s *Sandbox) Advance(ctx context.Context, d time.Duration) error {
	return s.AdvanceTo(ctx, s.Now().Add(d))
}

// AdvanceTo moves the virtual clock to t, and does on the way everything that falls due, in its order. A time in the
// past is refused.
func (s *Sandbox) AdvanceTo(ctx context.Context, t time.Time) error {
	s.advance.Lock()
	defer s.advance.Unlock()
	now := s.Now()
	if t.Before(now) {
		return fmt.Errorf("sandbox: the clock stands at %s and cannot go back to %s",
			now.Format(time.RFC3339), t.UTC().Format(time.RFC3339))
	}
	if t.Sub(now) > maxJump {
		return fmt.Errorf("sandbox: the clock cannot jump further than %s at once", maxJump)
	}
	if err := s.runDue(ctx, func() int64 { return t.Unix() }); err != nil {
		return fmt.Errorf("sandbox: advance: %w", err)
	}
	return s.Do(ctx, func(tx *Tx) error { return tx.moveClock(t) })
}

// moveTo makes an agenda step happen at its own time, and takes the live clock along if it is not there yet.
func (tx *Tx) moveTo(at int64) error {
	if at > tx.now {
		if err := tx.moveClock(time.Unix(at, 0)); err != nil {
			return err
		}
	}
	tx.now = at
	return nil
}

// moveClock keeps the offset that makes the virtual clock stand at t. It only ever moves forward.
func (tx *Tx) moveClock(t time.Time) error {
	offset := int64(t.Sub(tx.s.opts.Now()))
	if offset <= tx.s.offset.Load() {
		return nil
	}
	if err := tx.setMeta("clock_offset", strconv.FormatInt(offset, 10)); err != nil {
		return err
	}
	tx.offset = &offset
	tx.emitted = true
	return nil
}

func (s *Sandbox) restoreClock(tx *Tx) error {
	value, ok, err := tx.meta("clock_offset")
	if err != nil || !ok {
		return err
	}
	offset, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return fmt.Errorf("read the clock's offset: %w", err)
	}
	s.offset.Store(offset)
	return nil
}

// tickEvery is how often the agenda is looked at when nothing wakes the ticker.
const tickEvery = 500 * time.Millisecond

// tick works off the agenda as time passes by itself.
func (s *Sandbox) tick(ctx context.Context) {
	timer := time.NewTicker(tickEvery)
	defer timer.Stop()
	for {
		changed := s.wakeups.next()
		s.runNow(ctx)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-timer.C:
		}
	}
}

// runNow does what is due at this moment. Failures are already logged, and put off, by the engine.
func (s *Sandbox) runNow(ctx context.Context) {
	s.advance.Lock()
	defer s.advance.Unlock()
	_ = s.runDue(ctx, func() int64 { return s.Now().Unix() })
}

// Idle returns when nothing is due: no step of the agenda, no first attempt of a webhook, and no retry whose time has
// come. It does not wait for retries that are still in the future.
func (s *Sandbox) Idle(ctx context.Context) error {
	for {
		changed := s.wakeups.next()
		s.runNow(ctx)
		if s.opts.RelaxedDelivery || s.stop == nil {
			if err := s.DeliverDue(ctx); err != nil {
				return err
			}
		}
		busy, err := s.busy(ctx)
		if err != nil || !busy {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sandbox: wait until idle: %w", ctx.Err())
		case <-changed:
		}
	}
}

func (s *Sandbox) busy(ctx context.Context) (bool, error) {
	busy := s.clocks.advancing.Load()
	if busy {
		return true, nil
	}
	err := s.View(ctx, func(tx *Tx) error {
		_, due, err := tx.earliest("", tx.now)
		if err != nil || due {
			busy = due
			return err
		}
		var one int
		err = tx.sql.QueryRow(`SELECT 1 FROM deliveries WHERE state = 'pending' AND (attempt = 0 OR next_at <= ?) LIMIT 1`,
			s.opts.Now().UnixMilli()).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		busy = err == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("sandbox: look for what is due: %w", err)
	}
	return busy, nil
}

// broadcast wakes everybody who waits. Take next before looking at the state, so that no change slips in between.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
