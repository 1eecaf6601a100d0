package sandbox

import (
	"context"
	"fmt"
)

// Reset forgets everything but the account, its keys and the webhook that Options asks for: objects, events, what is
// due, the request log, and how far the clock was moved.
func (s *Sandbox) Reset(ctx context.Context) error {
	s.advance.Lock()
	defer s.advance.Unlock()
	s.requests.written(s.requests.waiting())
	err := s.Do(ctx, func(tx *Tx) error {
		for _, table := range []string{"objects", "events", "deliveries", "idempotency", "agenda", "requests"} {
			if _, err := tx.sql.Exec(`DELETE FROM ` + table); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
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
	s.resets.Add(1)
	s.mode.Store(Causal)
	s.ClearFaults()
	return nil
}
