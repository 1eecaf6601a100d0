package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"example.com/tollgate/billing"
	"example.com/tollgate/internal/app"
)

// wall is the wall clock.
func wall() time.Time { return time.Now() }

// withApp assembles the program for a command that needs all of it, and takes it apart again.
func (e *environment) withApp(cmd *cobra.Command, use func(a *app.App) error) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	a, err := app.OpenBeside(cmd.Context(), cfg, e.logger(cfg))
	if err != nil {
		return err
	}
	return errors.Join(use(a), a.Close())
}

// plansSync tells Stripe about the plans. Run twice it changes nothing the second time.
func (e *environment) plansSync(cmd *cobra.Command, _ []string) error {
	return e.withApp(cmd, func(a *app.App) error {
		changes, err := a.SyncCatalog(cmd.Context())
		for _, change := range changes {
			e.printf("%s %s %s\n", change.Action, change.Kind, change.Name)
		}
		if err == nil && len(changes) == 0 {
			e.printf("Stripe already has every plan as the catalog says.\n")
		}
		return err
	})
}

// webhookCreate makes the endpoint and prints its signing secret, which Stripe shows only now.
func (e *environment) webhookCreate(cmd *cobra.Command, args []string) error {
	return e.withApp(cmd, func(a *app.App) error {
		url := a.Config.AppURL + "/webhooks/stripe"
		if len(args) == 1 {
			url = args[0]
		}
		secret, err := a.Stripe.CreateWebhook(cmd.Context(), url, billing.EventTypes())
		if err != nil {
			return err
		}
		e.printf("Created the endpoint %s for %d events.\nSTRIPE_WEBHOOK_SECRETS=%s\n", url, len(billing.EventTypes()), secret)
		return nil
	})
}
