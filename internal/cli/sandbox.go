package cli

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"example.com/tollgate/internal/app"
)

// sandboxReset forgets everything the sandbox remembers: its customers, its clock and its keys. What
// the application remembers of them stays, and belongs to a Stripe account that is gone.
func (e *environment) sandboxReset(*cobra.Command, []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if !cfg.Sandbox() {
		return errors.New("this configuration has no sandbox")
	}
	removed := false
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Remove(app.SandboxPath(cfg) + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		removed = removed || err == nil
	}
	if !removed {
		e.printf("The sandbox remembers nothing.\n")
		return nil
	}
	e.printf("The sandbox has forgotten everything.\n")
	return nil
}
