package cli

import (
	"github.com/spf13/cobra"

	"example.com/tollgate/models"
)

// backup copies the database while the program serves.
func (e *environment) backup(cmd *cobra.Command, args []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if err := models.Backup(cmd.Context(), cfg.DatabaseURL, args[0]); err != nil {
		return err
	}
	e.printf("The database is in %s. Put it in the place of the original while the program is stopped, and run tollgate restored.\n", args[0])
	return nil
}
