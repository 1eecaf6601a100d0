package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// sim answers one request of the control interface, in plain JSON.
func (s *Sandbox) sim(r *http.Request, body []byte) (any, error) {
	switch r.Method + " " + r.URL.Path {
	case "POST /_sim/faults":
		var f Fault
		if err := json.Unmarshal(body, &f); err != nil {
			return nil, fmt.Errorf("read fault: %w", err)
		}
		s.AddFault(f)
		return map[string]any{"faults": s.Faults()}, nil
	case "GET /_sim/faults":
		return map[string]any{"faults": s.Faults()}, nil
	case "DELETE /_sim/faults":
		s.ClearFaults()
		return map[string]any{"faults": []Fault{}}, nil
	case "GET /_sim/clock":
		return s.clockState(), nil
	case "POST /_sim/clock":
		return s.simClock(r, body)
	case "GET /_sim/mode":
		return map[string]any{"mode": s.Mode()}, nil
	case "POST /_sim/mode":
		var in struct{ Mode Mode }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, fmt.Errorf("read mode: %w", err)
		}
		return map[string]any{"mode": in.Mode}, s.SetMode(r.Context(), in.Mode)
	case "POST /_sim/idle":
		return s.clockState(), s.Idle(r.Context())
	case "POST /_sim/resend":
		var in struct{ Event, Endpoint string }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		return map[string]any{"event": in.Event}, s.Resend(r.Context(), in.Event, in.Endpoint)
	default:
		return nil, fmt.Errorf("the sandbox has no %s %s", r.Method, r.URL.Path)
	}
}

// simClock moves the clock to a time ("to", in unix seconds) or by a duration ("by", such as "744h").
func (s *Sandbox) simClock(r *http.Request, body []byte) (any, error) {
	var in struct {
		To int64
		By string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read clock: %w", err)
	}
	to := time.Unix(in.To, 0)
	if in.By != "" {
		by, err := time.ParseDuration(in.By)
		if err != nil {
			return nil, fmt.Errorf("read duration: %w", err)
		}
		to = s.Now().Add(by)
	}
	if err := s.AdvanceTo(r.Context(), to); err != nil {
		return nil, err
	}
	return s.clockState(), nil
}

func (s *Sandbox) clockState() map[string]any {
	return map[string]any{"now": s.Now().Unix(), "wall": s.opts.Now().Unix(), "offset_seconds": s.offset.Load() / 1e9}
}
