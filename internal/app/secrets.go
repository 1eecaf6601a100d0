package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.com/tollgate/config"
	"example.com/tollgate/models"
)

// SandboxPath is where the sandbox keeps what it remembers.
func SandboxPath(cfg config.Config) string { return filepath.Join(cfg.DataDir, "sandbox.db") }

// fillSecrets makes up a session secret where a developer gave none, and keeps it, so that a restart
// signs nobody out. Production has been refused without one.
func (a *App) fillSecrets() error {
	if len(a.Config.SessionSecrets) > 0 {
		return nil
	}
	path := filepath.Join(a.Config.DataDir, "session_secret")
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		raw = []byte(models.NewToken() + models.NewToken())
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("keep the session secret: %w", err)
		}
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the session secret: %w", err)
	}
	a.Config.SessionSecrets = []string{strings.TrimSpace(string(raw))}
	return nil
}
