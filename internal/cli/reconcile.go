package cli

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/models"
)

// The limits of the command: how many passes a sweep may take, and how many differences are printed.
const (
	sweepPasses  = 1000
	printedDrift = 200
)

func (e *environment) reconcileCommand() *cobra.Command {
	var since time.Duration
	var full, force bool
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compare with Stripe, take up what was missed, and say what differed", Args: cobra.NoArgs,
		Long: "Lists Stripe's events and works off those that no webhook brought. With --full, every customer and\n" +
			"subscription is compared both ways. A sweep that would take access from many customers at once stops and\n" +
			"changes nothing; --force applies it all the same.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.withApp(cmd, func(a *app.App) error {
				return e.reconcile(cmd.Context(), a, since, full || force, force)
			})
		},
	}
	cmd.Flags().DurationVar(&since, "since", 0, "list events of so long ago too, such as 72h (Stripe keeps 30 days)")
	cmd.Flags().BoolVar(&full, "full", false, "sweep everything, both ways")
	cmd.Flags().BoolVar(&force, "force", false, "sweep everything, and apply it however many lose access")
	return cmd
}

func (e *environment) reconcile(ctx context.Context, a *app.App, since time.Duration, full, force bool) error {
	options := billing.CatchUpOptions{Origin: billing.OriginCommand, Unsettled: true}
	if since > 0 {
		options.Since = a.Billing.Now().UTC().Add(-since)
	}
	run, err := a.Billing.CatchUp(ctx, options)
	if err != nil {
		return err
	}
	e.printf("events    %d listed, %d had been missed\n", run.Seen, run.Missed)
	if full {
		if err := e.sweep(ctx, a, force); err != nil {
			return err
		}
	}
	return a.Billing.SyncDue(ctx)
}

func (e *environment) sweep(ctx context.Context, a *app.App, force bool) error {
	options := billing.SweepOptions{Origin: billing.OriginCommand, Now: true, Force: force, By: operator()}
	var run *models.ReconcileRun
	for range sweepPasses {
		var err error
		if run, err = a.Billing.Sweep(ctx, options); err != nil {
			return err
		}
		if run.State != models.RunRunning {
			break
		}
	}
	e.printf("sweep     %d objects compared, %d differed, %d belong to nobody, %d of %d paying customers lose access\n",
		run.Seen, run.Drift, run.Unknown, run.Losing, run.Paying)
	if err := e.printDrift(ctx, a, run.ID); err != nil {
		return err
	}
	switch {
	case run.State == models.RunStopped && run.Reason == billing.ReasonTooMany:
		return fmt.Errorf("stopped: more than %d customers would lose access, so nothing was changed; "+
			"if that is right, run it again with --force", billing.MayLose(run.Paying))
	case run.State == models.RunStopped:
		return errors.New("stopped: the key belongs to another Stripe account or mode, so nothing was changed")
	case run.State == models.RunRunning:
		return errors.New("not done yet; run it again to go on")
	}
	return nil
}

func (e *environment) printDrift(ctx context.Context, a *app.App, run int64) error {
	rows, err := a.DB.ListDrifts(ctx, a.Billing.Connection, run, printedDrift)
	if err != nil || len(rows) == 0 {
		return err
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tOBJECT\tCUSTOMER\tLOSES\tWHAT")
	for _, row := range rows {
		loses := ""
		if row.Loses {
			loses = "yes"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", row.Kind, row.Object, row.Customer, loses, row.Detail)
	}
	return table.Flush()
}

// operator names who runs the command, for the record.
func operator() string {
	if current, err := user.Current(); err == nil {
		return "command line: " + current.Username
	}
	return "command line"
}
