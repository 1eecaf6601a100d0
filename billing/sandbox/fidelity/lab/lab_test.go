package lab

import "testing"

// What a moved clock and a refused request look like from here.
func TestLab(t *testing.T) {
	t.Parallel()
	l, err := New("2026-01-31T10:00")
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Post("/v1/customers", "email", "jo@example.com", "metadata[a]", "b")
	if err != nil || c.Str("metadata.a") != "b" || c.Int("created") != l.Now() {
		t.Errorf("customer %v: %v", c, err)
	}
	if _, err := l.Post("/v1/customers", "emial", "x"); err == nil || err.(*Refusal).Code != "parameter_unknown" {
		t.Errorf("an unknown parameter: %v", err)
	}
	if err := l.AdvanceTo(l.Now() + 60); err != nil {
		t.Error(err)
	}
	if events, err := l.Events(); err != nil || len(events) != 1 || events[0].Str("type") != "customer.created" {
		t.Errorf("events %v: %v", events, err)
	}
	if err := l.Reset(c.Int("created")); err != nil || l.Now() != c.Int("created") {
		t.Errorf("reset to %d: %v", l.Now(), err)
	}
	if got, err := l.All("/v1/customers"); err != nil || len(got) != 0 {
		t.Errorf("customers after a reset: %v %v", got, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
