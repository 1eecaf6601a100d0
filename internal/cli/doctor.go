package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/tollgate/internal/app"
	"example.com/tollgate/internal/doctor"
)

// doctor prints what was found, and fails if anything is to be mended.
func (e *environment) doctor(cmd *cobra.Command, _ []string) error {
	return e.withApp(cmd, func(a *app.App) error {
		if _, sandboxed := a.Sandbox(); sandboxed {
			// Serving does this by itself; an examination between runs should not find it missing.
			if _, err := a.SyncCatalog(cmd.Context()); err != nil {
				return err
			}
		}
		bad := 0
		for _, f := range doctor.Examine(cmd.Context(), doctor.Patient{
			Config: a.Config, DB: a.DB, Stripe: a.Stripe, Catalog: a.Catalog,
		}) {
			if f.Err == nil {
				e.printf("ok    %-18s %s\n", f.Name, f.Detail)
				continue
			}
			bad++
			e.printf("MEND  %-18s %v\n      %-18s %s\n", f.Name, f.Err, "", f.Remedy)
		}
		if bad > 0 {
			return fmt.Errorf("%d of the checks need attention", bad)
		}
		return nil
	})
}
