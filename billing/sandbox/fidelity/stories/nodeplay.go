package stories

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// playOnNode starts Node once for all stories that are named, or for all there are when none is.
func playOnNode(ctx context.Context, dir string, target Target, names []string) (map[string]error, error) {
	cmd := exec.CommandContext(ctx, "node", append([]string{"play.mjs"}, names...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "STORIES_URL="+target.URL, "STORIES_KEY="+target.Key, "STORIES_LIVE=")
	if target.Live {
		cmd.Env = append(cmd.Env, "STORIES_LIVE=1")
	}
	var errout bytes.Buffer
	cmd.Stderr = &errout
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("node play.mjs: %w\n%s", err, errout.Bytes())
	}
	told := map[string]error{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line struct{ Name, Error string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("node play.mjs said %.200q: %w", lines.Text(), err)
		}
		told[line.Name] = nil
		if line.Error != "" {
			told[line.Name] = errors.New(line.Error)
		}
	}
	return told, nil
}
