package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// simRoute is one row of the control interface's table. The answer is plain JSON, or bytes that are sent as they are.
type simRoute struct {
	Method, Path, About string
	Handler             func(s *Sandbox, r *http.Request, body []byte) (any, error)
}

// simRoutes is the one table of the sandbox's own control interface, which Stripe does not have: what the console does
// with buttons, for tests in any language. Bodies and answers are JSON, and it asks for no key. An example:
//
//	curl -X POST http://127.0.0.1:12111/_sim/faults -d '{"match": "POST /v1/invoices/*/pay", "status": 500, "times": 2}'
//
// GET /_sim/ answers with this table.
func simRoutes() []simRoute {
	return []simRoute{
		{"POST", "/_sim/faults", `arms a fault: {"match", "status", "times", "after_commit", "latency_ms", "cut", ` +
			`"truncate", "code", "message"}`, simArm},
		{"GET", "/_sim/faults", "lists the armed faults", simFaults},
		{"DELETE", "/_sim/faults", "disarms all faults", simDisarm},
		{"GET", "/_sim/clock", "tells the virtual and the wall time, in unix seconds", simClock},
		{"POST", "/_sim/clock", `moves the clock forward: {"to": unix seconds} or {"by": "744h"}`, simMoveClock},
		{"GET", "/_sim/mode", "tells in which order webhooks arrive", simMode},
		{"POST", "/_sim/mode", `sets that order: {"mode": "causal", "field" or "chaos"}`, simSetMode},
		{"POST", "/_sim/idle", "answers once nothing is due and no webhook is under way", simIdle},
		{"POST", "/_sim/resend", `delivers an event once more: {"event"}, and {"endpoint"} for one endpoint only`, simResend},
		{"POST", "/_sim/reset", "forgets everything but the keys and the settings", simReset},
		{"GET", "/_sim/export", "sends the whole sandbox, one JSON line for each row", simExport},
		{"POST", "/_sim/import", "puts an export in the place of everything that is there", simImport},
	}
}

// serveSim answers the control interface. Only this machine reaches it; it refuses what a web page of another origin
// sends.
func (s *Sandbox) serveSim(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	status, answer := s.sim(w, r)
	w.WriteHeader(status)
	if raw, ok := answer.([]byte); ok {
		_, _ = w.Write(raw)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Sandbox) sim(w http.ResponseWriter, r *http.Request) (int, any) {
	failed := func(status int, err error) (int, any) { return status, map[string]any{"error": err.Error()} }
	if !sameOrigin(r) {
		return failed(http.StatusForbidden, errors.New("requests from other origins are refused"))
	}
	limit := int64(64 << 10)
	if r.URL.Path == "/_sim/import" {
		limit = maxImport
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return failed(http.StatusRequestEntityTooLarge, errors.New("the body is too large"))
	}
	if r.URL.Path == "/_sim/" && r.Method == http.MethodGet {
		return http.StatusOK, simHelp()
	}
	for _, row := range simRoutes() {
		if row.Method != r.Method || row.Path != r.URL.Path {
			continue
		}
		answer, err := row.Handler(s, r, body)
		if err != nil {
			return failed(http.StatusBadRequest, err)
		}
		return http.StatusOK, answer
	}
	return failed(http.StatusNotFound, fmt.Errorf("the sandbox has no %s %s; GET /_sim/ lists what there is",
		r.Method, r.URL.Path))
}

func simHelp() any {
	var rows []map[string]any
	for _, row := range simRoutes() {
		rows = append(rows, map[string]any{"request": row.Method + " " + row.Path, "about": row.About})
	}
	return rows
}

// sameOrigin reports whether a browser says that the request comes from the sandbox's own pages. A client that is no
// browser sends neither header.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// readSim decodes a body strictly: a misspelt name that did nothing would make a test pass for the wrong reason.
func readSim(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	return nil
}

func simArm(s *Sandbox, r *http.Request, body []byte) (any, error) {
	var f Fault
	if err := readSim(body, &f); err != nil {
		return nil, err
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	s.AddFault(f)
	return simFaults(s, r, nil)
}

func simFaults(s *Sandbox, _ *http.Request, _ []byte) (any, error) {
	return map[string]any{"faults": append([]Fault{}, s.Faults()...)}, nil
}

func simDisarm(s *Sandbox, r *http.Request, _ []byte) (any, error) {
	s.ClearFaults()
	return simFaults(s, r, nil)
}

func simClock(s *Sandbox, _ *http.Request, _ []byte) (any, error) {
	return map[string]any{
		"now": s.Now().Unix(), "wall": s.opts.Now().Unix(), "offset_seconds": s.offset.Load() / int64(time.Second),
	}, nil
}

func simMoveClock(s *Sandbox, r *http.Request, body []byte) (any, error) {
	var in struct {
		To int64
		By string
	}
	if err := readSim(body, &in); err != nil {
		return nil, err
	}
	to := time.Unix(in.To, 0)
	if in.By != "" {
		by, err := time.ParseDuration(in.By)
		if err != nil {
			return nil, fmt.Errorf("read the duration: %w", err)
		}
		to = s.Now().Add(by)
	}
	if err := s.AdvanceTo(r.Context(), to); err != nil {
		return nil, err
	}
	return simClock(s, r, nil)
}

func simMode(s *Sandbox, _ *http.Request, _ []byte) (any, error) {
	return map[string]any{"mode": s.Mode()}, nil
}

func simSetMode(s *Sandbox, r *http.Request, body []byte) (any, error) {
	var in struct{ Mode Mode }
	if err := readSim(body, &in); err != nil {
		return nil, err
	}
	return map[string]any{"mode": in.Mode}, s.SetMode(r.Context(), in.Mode)
}

func simIdle(s *Sandbox, r *http.Request, _ []byte) (any, error) {
	if err := s.Idle(r.Context()); err != nil {
		return nil, err
	}
	return simClock(s, r, nil)
}

func simResend(s *Sandbox, r *http.Request, body []byte) (any, error) {
	var in struct{ Event, Endpoint string }
	if err := readSim(body, &in); err != nil {
		return nil, err
	}
	return map[string]any{"event": in.Event}, s.Resend(r.Context(), in.Event, in.Endpoint)
}

func simReset(s *Sandbox, r *http.Request, _ []byte) (any, error) {
	if err := s.Reset(r.Context()); err != nil {
		return nil, err
	}
	return simClock(s, r, nil)
}

func simExport(s *Sandbox, r *http.Request, _ []byte) (any, error) {
	var out bytes.Buffer // Not straight to the client: a slow one would keep everybody else from the database.
	err := s.Export(r.Context(), &out)
	return out.Bytes(), err
}

func simImport(s *Sandbox, r *http.Request, body []byte) (any, error) {
	if err := s.Import(r.Context(), bytes.NewReader(body)); err != nil {
		return nil, err
	}
	return simClock(s, r, nil)
}
