package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The bounds are far above what a free machine shows, because this one has other tests to run. The figures
// are printed; docs/benchmarks.md has those that were measured in peace.
const (
	slowestStart = 5 * time.Second
	mostResident = 100 << 20
)

// TestStartAndIdle prints how long the program takes from its start to its first page, on a file that is
// there already, and how much memory it holds when nobody asks for anything.
func TestStartAndIdle(t *testing.T) {
	t.Parallel()
	p := start(t)
	for range 3 {
		p.stop()
		began := time.Now()
		p.launch()
		took := firstPage(t, p, began)
		t.Logf("start to the first 200 on a warm file: %s", took.Round(time.Millisecond))
		if took > slowestStart {
			t.Errorf("the first page took %s", took)
		}
		awaitBoot(t, p)
	}
	bytes, ok := resident(t, p.cmd.Process.Pid)
	if !ok {
		t.Log("this system does not tell how much memory a process holds")
		return
	}
	t.Logf("resident memory at idle: %.1f MB", float64(bytes)/(1<<20))
	if bytes > mostResident {
		t.Errorf("%d bytes of memory at idle", bytes)
	}
}

// firstPage asks until it is answered.
func firstPage(t *testing.T, p *program, began time.Time) time.Duration {
	t.Helper()
	c := newClient(p)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		if page, err := c.get(t.Context(), "/"); err == nil && page.status == 200 {
			return time.Since(began)
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no page within %s\n%s", patience, p.log.tail(40))
		}
	}
}

// resident is how much memory a process holds, where the system tells.
func resident(t *testing.T, pid int) (int64, bool) {
	t.Helper()
	file, err := os.Open(filepath.Join("/proc", fmt.Sprint(pid), "status"))
	if err != nil {
		return 0, false
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "VmRSS:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kilobytes << 10, err == nil
		}
	}
	return 0, false
}
