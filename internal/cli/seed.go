package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
	"example.com/tollgate/internal/seed"
)

// seedCommand fills the database with a believable population, to see lists and charts as they will
// be. It refuses production.
func (e *environment) seedCommand() *cobra.Command {
	var accounts int
	cmd := &cobra.Command{
		Use: "seed", Short: "Fill a development database with accounts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.seed(cmd, accounts) },
	}
	cmd.Flags().IntVar(&accounts, "accounts", 1000, "how many accounts there are to be")
	return cmd
}

func (e *environment) seed(cmd *cobra.Command, accounts int) error {
	return e.withApp(cmd, func(a *app.App) error {
		if a.Config.Env == config.Production {
			return errors.New("production has real accounts; it is not seeded")
		}
		result, err := seed.Run(cmd.Context(), seed.Options{
			DB: a.DB, Catalog: a.Catalog, Connection: a.Billing.Connection, Accounts: accounts, Seed: 1,
			Now: wall(), PasswordHash: noPassword, Progress: e.stdout,
		})
		if err != nil {
			return err
		}
		e.printf("Added %d accounts; %d were there already.\n", result.Added, result.Existing)
		return nil
	})
}

// noPassword is no hash of anything, so nobody can sign in as an account that was made up.
const noPassword = "-"
