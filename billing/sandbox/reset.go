package sandbox

import (
	"context"
	"fmt"
)

// OnReset sets what is called after a reset or an import: an application that keeps something in its Stripe account,
// such as its prices, puts it there again. It is called without locks, so it may use the API; what it returns is
// returned by Reset and Import.
func (s *Sandbox) OnReset(fn func(ctx context.Context) error) { s.onReset.Store(&fn) }

// announceReset tells the application.
func (s *Sandbox) announceReset(ctx context.Context) error {
	if fn := s.onReset.Load(); fn != nil && *fn != nil {
		if err := (*fn)(ctx); err != nil {
			return fmt.Errorf("sandbox: it is done, but the application could not follow: %w", err)
		}
	}
	return nil
}

// Reset forgets everything but the account, its keys, its settings and the webhook that Options asks for: objects,
// events, what is due, the request log, and how far the clock was moved.
func (s *Sandbox) Reset(ctx context.Context) error {
	if err := s.reset(ctx); err != nil {
		return err
	}
	return s.announceReset(ctx)
}

// standStill keeps the agenda and the delivery of webhooks from running while everything is replaced: what they are
// doing would be written down about something else. A round of deliveries that is under way ends early.
func (s *Sandbox) standStill() {
	s.advance.Lock()
	s.resets.Add(1)
	s.deliver.Lock()
}

func (s *Sandbox) moveOn() {
	s.deliver.Unlock()
	s.advance.Unlock()
}

func (s *Sandbox) reset(ctx context.Context) error {
	s.standStill()
	defer s.moveOn()
	err := s.Do(ctx, func(tx *Tx) error {
		if err := tx.empty(); err != nil {
			return err
		}
		for _, key := range []string{"clock_offset", "delivery_mode"} {
			if _, err := tx.sql.Exec(`DELETE FROM meta WHERE key = ?`, key); err != nil {
				return fmt.Errorf("forget %s: %w", key, err)
			}
		}
		var wall int64
		tx.offset, tx.emitted = &wall, true
		return tx.forwardTo(s.opts.WebhookURL)
	})
	if err != nil {
		return fmt.Errorf("sandbox: reset: %w", err)
	}
	s.mode.Store(Causal)
	s.ClearFaults()
	return nil
}

// empty deletes every row but the settings.
func (tx *Tx) empty() error {
	tx.s.requests.written(tx.s.requests.waiting())
	stored, err := tx.stateTables()
	if err != nil {
		return err
	}
	for _, table := range stored {
		if _, err := tx.sql.Exec(`DELETE FROM ` + table.name); err != nil {
			return fmt.Errorf("empty %s: %w", table.name, err)
		}
	}
	tx.bypass()
	return nil
}
