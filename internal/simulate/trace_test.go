package simulate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// trace is what happened in a seed, line by line. Two runs of a seed have the same trace, or something in them depends
// on more than the seed.
type trace struct{ lines []string }

func (t *trace) line(format string, args ...any) {
	t.lines = append(t.lines, time.Now().UTC().Format("2006-01-02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (t *trace) hash() string {
	sum := sha256.Sum256([]byte(strings.Join(t.lines, "\n")))
	return hex.EncodeToString(sum[:8])
}
