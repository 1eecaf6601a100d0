package app_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/config"
	"example.com/tollgate/internal/app"
)

// TestP12_ADatabaseThatCannotBeUsedIsRefusedInOneLine: the program does not begin to serve, and says what it was that
// it could not do, without the password that it tried.
func TestP12_ADatabaseThatCannotBeUsedIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("no database at all\n", 500)), 0o600))
	taken := filepath.Join(dir, "taken.db")
	require.NoError(t, os.Mkdir(taken, 0o700))
	for name, tc := range map[string]struct{ url, says string }{
		"in a folder that cannot be made": {"sqlite:" + file + "/data/tollgate.db", "create the database folder"},
		"a folder in its place":           {"sqlite:" + taken, "unable to open database file"},
		"something else":                  {"sqlite:" + file, "file is not a database"},
		"nobody answers":                  {"postgres://tollgate:secret@127.0.0.1:1/tollgate", "connect"},
		"no such kind":                    {"mysql://127.0.0.1/tollgate", "DATABASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := config.Parse([]string{"APP_ENV=test", "ADDR=127.0.0.1:0", "APP_URL=http://127.0.0.1", "DATABASE_URL=" + tc.url})
			require.NoError(t, err)
			cfg.DataDir = t.TempDir()
			a, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
			require.Nil(t, a)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}
