package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"sync"
)

// CapturesEnv is the environment variable in which tests and programs are told of a directory for Options.CaptureDir.
const CapturesEnv = "SANDBOX_CAPTURES"

// Captured is one line of a capture: an object that left the sandbox and what caused it, or a request that came.
type Captured struct {
	// Test is Options.CaptureName: the name of the test, or of the program.
	Test string `json:"test"`
	// Cause is the operation of an answer, such as "POST /v1/customers", or the type of an event.
	Cause   string           `json:"cause,omitempty"`
	Object  json.RawMessage  `json:"object,omitempty"`
	Request *CapturedRequest `json:"request,omitempty"`
}

// CapturedRequest is a request of the API as it came, whatever became of it.
type CapturedRequest struct {
	Agent  string `json:"agent"` // The client's User-Agent.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Form is the query and the body in the notation of forms, card numbers and security codes hidden.
	Form string `json:"form"`
}

// captureFile is one run's capture. Every sandbox writes a file of its own, so that those of tests that run beside each
// other do not meet in one.
type captureFile struct {
	name   string
	secret *regexp.Regexp // What is hidden in forms.
	mu     sync.Mutex
	file   *os.File
	enc    *json.Encoder
	err    error // The first line that could not be written; Close reports it.
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
	secret := regexp.MustCompile(`(?i)((?:number|cvc)(?:%5D|\])?=)[^&]*`)
	return &captureFile{name: name, secret: secret, file: file, enc: json.NewEncoder(file)}, nil
}

// add writes an object down.
func (c *captureFile) add(cause string, o Object) {
	if c != nil {
		c.write(Captured{Test: c.name, Cause: cause, Object: encode(o, "")})
	}
}

// addRequest writes a request down.
func (c *captureFile) addRequest(r *http.Request, form string) {
	if c != nil {
		c.write(Captured{Test: c.name, Request: &CapturedRequest{
			Agent: r.UserAgent(), Method: r.Method, Path: r.URL.Path,
			Form: c.secret.ReplaceAllString(form, "$1****"),
		}})
	}
}

// write adds one line. It goes to the file at once, so that a killed process leaves what it sent.
func (c *captureFile) write(line Captured) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.enc.Encode(line); err != nil && c.err == nil {
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
