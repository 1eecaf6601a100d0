package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"example.com/tollgate/internal/app"
	"example.com/tollgate/models"
)

// serve runs the application until it is told to stop.
func (e *environment) serve(cmd *cobra.Command, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return fmt.Errorf("this configuration is not safe to run:\n%w", err)
	}
	a, err := app.Open(cmd.Context(), cfg, e.logger(cfg))
	if err != nil {
		return err
	}
	err = a.Run(cmd.Context(), func() {
		e.printf("\n  %-16s %s\n", cfg.AppName, cfg.AppURL)
		if places, ok := a.Sandbox(); ok {
			e.printf("  %-16s %s\n  %-16s %s\n", "Sandbox console", places.Console, "Mailbox", places.Mailbox)
			e.printf("\n  No Stripe key is set, so the sandbox stands in for Stripe. No real money moves.\n")
		}
		e.printf("\n")
	})
	return errors.Join(err, a.Close())
}

// migrate brings the database to the newest version and stops.
func (e *environment) migrate(cmd *cobra.Command, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	db, err := models.Open(cmd.Context(), cfg.DatabaseURL, wall)
	if err != nil {
		return err
	}
	if err := app.Migrate(cmd.Context(), db); err != nil {
		return errors.Join(err, db.Close())
	}
	e.printf("The database is at the newest version.\n")
	return db.Close()
}
