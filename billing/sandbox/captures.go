package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// CapturesEnv is the environment variable in which tests and programs are told of a directory for Options.CaptureDir.
const CapturesEnv = "SANDBOX_CAPTURES"

// Captured is one line of a capture: an object that left the sandbox, and what caused it.
type Captured struct {
	// Test is Options.CaptureName: the name of the test, or of the program.
	Test string `json:"test"`
	// Cause is the operation of an answer, such as "POST /v1/customers", or the type of an event.
	Cause  string          `json:"cause"`
	Object json.RawMessage `json:"object"`
}

// captureFile is one run's capture. Every sandbox writes a file of its own, so that those of tests that run beside each
// other do not meet in one.
type captureFile struct {
	name string
	mu   sync.Mutex
	file *os.File
	enc  *json.Encoder
	err  error // The first line that could not be written; Close reports it.
}

// openCapture starts a file in dir; it returns nil, which keeps nothing, when dir is empty.
func openCapture(dir, name string) (*captureFile, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of captures: %w", err)
	}
	file, err := os.CreateTemp(dir, "*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("open a file for captures: %w", err)
	}
	return &captureFile{name: name, file: file, enc: json.NewEncoder(file)}, nil
}

// add writes one line. It goes to the file at once, so that a killed process leaves what it sent.
func (c *captureFile) add(cause string, o Object) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.enc.Encode(Captured{Test: c.name, Cause: cause, Object: encode(o, "")}); err != nil && c.err == nil {
		c.err = fmt.Errorf("capture: %w", err)
	}
}

func (c *captureFile) close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.err, c.file.Close())
}
