package sandbox

import (
	"context"
	"fmt"
	"time"
)

// Mode is the order in which webhooks arrive.
type Mode string

const (
	// Causal delivers events in the order in which they came about.
	Causal Mode = "causal"
	// Field delivers what one request brought about in the jumbled order that real Stripe was seen to use.
	Field Mode = "field"
	// Chaos delivers late, out of order, and some events twice. Stripe documents no order, so an application must
	// survive this.
	Chaos Mode = "chaos"
)

// Mode returns the current order of delivery.
func (s *Sandbox) Mode() Mode { return s.mode.Load().(Mode) }

// SetMode changes the order of delivery for events from now on, and keeps it across restarts.
func (s *Sandbox) SetMode(ctx context.Context, mode Mode) error {
	if mode != Causal && mode != Field && mode != Chaos {
		return fmt.Errorf("sandbox: no delivery mode %q", mode)
	}
	if err := s.Do(ctx, func(tx *Tx) error { return tx.setMeta("delivery_mode", string(mode)) }); err != nil {
		return err
	}
	s.mode.Store(mode)
	return nil
}

func (s *Sandbox) restoreMode(tx *Tx) error {
	value, ok, err := tx.meta("delivery_mode")
	if err == nil && ok {
		s.mode.Store(Mode(value))
	}
	return err
}

// slot is when, and in which place among its neighbours, an event is delivered.
type slot struct {
	rank  int
	delay time.Duration
}

// Chaos delays an event by up to chaosDelay, and delivers one in chaosTwice a second time.
const (
	chaosDelay = 1500 * time.Millisecond
	chaosTwice = 6
)

func (s *Sandbox) slots(typ string, rank int) []slot {
	switch s.Mode() {
	case Field:
		return []slot{{rank: fieldRank(typ)*1000 + rank}}
	case Chaos:
		s.chaosMu.Lock()
		defer s.chaosMu.Unlock()
		late := func() slot {
			return slot{rank: s.chaos.IntN(1000), delay: time.Duration(1 + s.chaos.Int64N(int64(chaosDelay)))}
		}
		if s.chaos.IntN(chaosTwice) == 0 {
			return []slot{late(), late()}
		}
		return []slot{late()}
	default:
		return []slot{{rank: rank}}
	}
}

// fieldRank orders the types that one request emits the way recorded logs of real Stripe show them: the charge comes
// first, Checkout completes before its subscription exists, and the invoice comes last.
func fieldRank(typ string) int {
	for i, seen := range []string{
		"payment_intent.requires_action", "charge.failed", "charge.succeeded", "payment_method.attached",
		"customer.created", "customer.updated", "setup_intent.succeeded", "setup_intent.created",
		"checkout.session.completed", "customer.subscription.created", "customer.subscription.updated",
		"payment_intent.payment_failed", "payment_intent.succeeded", "payment_intent.created", "invoice.created",
		"invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed",
		"invoiceitem.created",
	} {
		if seen == typ {
			return i
		}
	}
	return 50
}
