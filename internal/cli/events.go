package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/models"
)

// replayFlags say which events to work off again, where no ids do.
type replayFlags struct {
	dead, dryRun          bool
	kind, customer, since string
}

func (e *environment) eventsCommand() *cobra.Command {
	var flags replayFlags
	replay := &cobra.Command{
		Use: "replay [ID...]", Short: "Work events off again: some by id, or all that the flags find",
		Args: cobra.MaximumNArgs(1000),
		RunE: func(cmd *cobra.Command, ids []string) error { return e.eventsReplay(cmd, ids, flags) },
	}
	replay.Flags().BoolVar(&flags.dead, "dead", false, "those that were given up on")
	replay.Flags().StringVar(&flags.kind, "type", "", "those of a type, such as invoice.paid")
	replay.Flags().StringVar(&flags.customer, "customer", "", "those of a customer, by Stripe's id")
	replay.Flags().StringVar(&flags.since, "since", "", "those received since a time: 2026-03-01, 2026-03-01T15:04:05Z, or 72h for so long ago")
	replay.Flags().BoolVar(&flags.dryRun, "dry-run", false, "say how many there are and change nothing")
	return group("events", "Received webhook events", replay)
}

// filter reads the flags. Without any there is nothing to replay: the whole inbox is never meant.
func (f replayFlags) filter(now time.Time) (models.EventFilter, error) {
	filter := models.EventFilter{Type: f.kind, Query: f.customer}
	if f.dead {
		filter.State = models.EventDead
	}
	if f.since != "" {
		var err error
		if filter.Since, err = moment(f.since, now); err != nil {
			return models.EventFilter{}, err
		}
	}
	return filter, nil
}

// moment reads a day, a time, or how long ago.
func moment(text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no day (2026-03-01), time (2026-03-01T15:04:05Z) or duration (72h)", text)
}

// eventsReplay works events off again, by our id or Stripe's, or by what they are.
func (e *environment) eventsReplay(cmd *cobra.Command, ids []string, flags replayFlags) error {
	filter, err := flags.filter(wall())
	switch {
	case err != nil:
		return err
	case len(ids) > 0 && filter.Narrows():
		return errors.New("give ids or flags, not both")
	case len(ids) == 0 && !filter.Narrows():
		return errors.New("say which events: by id, or by --dead, --type, --customer or --since")
	case len(ids) > 0 && flags.dryRun:
		return errors.New("--dry-run counts what the flags find, and ids need no counting")
	}
	return e.withApp(cmd, func(a *app.App) error {
		if len(ids) == 0 {
			return e.replayMatching(cmd, a.Billing, filter, flags.dryRun)
		}
		for _, id := range ids {
			if err := a.Billing.ReplayEvent(cmd.Context(), id); err != nil {
				return fmt.Errorf("replay %s: %w", id, err)
			}
			e.printf("%s is pending again.\n", id)
		}
		return a.Billing.SyncDue(cmd.Context())
	})
}

func (e *environment) replayMatching(cmd *cobra.Command, b *billing.Service, f models.EventFilter, dryRun bool) error {
	found, err := b.CountReplay(cmd.Context(), f)
	if err != nil {
		return err
	}
	if dryRun {
		e.printf("%d events of %d customers would be replayed, at most %d at a time.\n", found.Events, found.Customers, billing.MaxReplay)
		return nil
	}
	n, err := b.ReplayEvents(cmd.Context(), f)
	e.printf("%d of %d events are pending again.\n", n, found.Events)
	return errors.Join(err, b.SyncDue(cmd.Context()))
}
