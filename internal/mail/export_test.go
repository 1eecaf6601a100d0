package mail

import "context"

// SendAndCrash does what Drain does with one mail up to the moment before the outcome is written
// down, as a process killed right there would.
func (o *Outbox) SendAndCrash(ctx context.Context) error {
	ids, err := o.due(ctx)
	if err != nil {
		return err
	}
	row, _, err := o.lease(ctx, ids[0])
	if err != nil {
		return err
	}
	return o.send(ctx, row)
}

// Delay and the limits are exported to tests.
var Delay = delay

const (
	MaxTries    = maxTries
	MaxRefusals = maxRefusals
	LeaseFor    = leaseFor
)
