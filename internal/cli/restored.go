package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/app"
)

func (e *environment) restoredCommand() *cobra.Command {
	var lostAt string
	cmd := &cobra.Command{
		Use: "restored", Short: "Say that the database came from a backup, so that no mail is sent a second time", Args: cobra.NoArgs,
		Long: "Run it after a backup was put in place, before the program serves. Everything that changed since is read again\n" +
			"from Stripe; mails about what happened before the old database was lost are not sent again. Serving finds that\n" +
			"time out by itself where the webhook endpoint is at APP_URL and another endpoint does not fail: it is that of the\n" +
			"newest event that Stripe has delivered and this database does not hold. This command does the same now, or takes\n" +
			"your word for it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.withApp(cmd, func(a *app.App) error { return e.restored(cmd, a, lostAt) })
		},
	}
	cmd.Flags().StringVar(&lostAt, "lost-at", "", "until when the lost database served, such as 2026-03-01T14:05:00Z")
	return cmd
}

func (e *environment) restored(cmd *cobra.Command, a *app.App, lostAt string) error {
	var at time.Time
	if lostAt != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, lostAt); err != nil {
			return fmt.Errorf("--lost-at: give a time such as 2026-03-01T14:05:00Z: %w", err)
		}
		if at.After(a.Billing.Now()) {
			return errors.New("--lost-at is in the future: mails that are still to come would not be sent")
		}
	}
	at, err := a.Billing.MarkRestored(cmd.Context(), at, operator())
	if errors.Is(err, billing.ErrNoLoss) {
		return fmt.Errorf("%w; if it was restored all the same, say with --lost-at until when the lost one served", err)
	}
	if err != nil {
		return err
	}
	e.printf("No mail is sent about what happened until %s.\n", at.Format(time.RFC3339))
	return nil
}
