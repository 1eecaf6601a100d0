package node_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/node"
)

// TestThePinnedVersionsAreInstalled reads the versions where the judges will find the packages, and asks the command
// line for its own.
func TestThePinnedVersionsAreInstalled(t *testing.T) {
	t.Parallel()
	dir := node.Installed(t)
	for name, want := range map[string]string{"stripe": "17.7.0", "typescript": "5.8.3", "@stripe/cli": "1.52.0"} {
		body, err := os.ReadFile(filepath.Join(dir, "node_modules", name, "package.json"))
		if err != nil {
			t.Fatal(err)
		}
		var pkg struct{ Version string }
		if err := json.Unmarshal(body, &pkg); err != nil {
			t.Fatal(err)
		}
		if pkg.Version != want {
			t.Errorf("%s is installed as %s, not as %s", name, pkg.Version, want)
		}
	}
	cmd := exec.CommandContext(t.Context(), node.CLI(t), "version")
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir(), "STRIPE_CLI_TELEMETRY_OPTOUT=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "1.52.0") {
		t.Errorf("stripe version: %v: %s", err, out)
	}
}

// TestTheLockFileNamesNoMirror keeps download addresses out of the lock file: those of one machine's mirror would be
// of no use anywhere else.
func TestTheLockFileNamesNoMirror(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), `"resolved"`) {
		t.Error("package-lock.json names download addresses; write it with `npm install --omit-lockfile-registry-resolved`")
	}
}
