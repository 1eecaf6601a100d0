package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// write makes the report that is committed, and fails if a promise is not kept.
func (b *bench) write(path string) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Benchmarks\n\nWritten by `make bench`; every reference was measured in the same run.\n\n")
	fmt.Fprintf(&out, "- **Machine:** %s, %d processors, %s, %s\n", processor(), runtime.NumCPU(), runtime.GOOS, runtime.Version())
	fmt.Fprintf(&out, "- **Commit:** %s\n- **Command:** `make bench`\n- **When:** %s\n\n", commit(), time.Now().UTC().Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(&out, "| what | measured | reference | promised | kept |\n|---|---|---|---|---|\n")
	missed := 0
	for _, f := range b.figures {
		kept := "yes"
		if !f.ok {
			kept = "**no**"
			missed++
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", f.what, f.measured, f.reference, f.promise, kept)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("\nwrote %s; %d of %d promises kept\n", path, len(b.figures)-missed, len(b.figures))
	return nil
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if found := regexp.MustCompile(`model name\s*:\s*(.+)`).FindSubmatch(info); err == nil && found != nil {
		return string(found[1])
	}
	return runtime.GOARCH
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
