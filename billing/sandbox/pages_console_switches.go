package sandbox

import (
	"fmt"
	"net/http"

	"example.com/tollgate/billing/sandbox/pages"
)

func showSwitches(p *page) error { return p.switches(http.StatusOK, "") }

func (p *page) switches(status int, alert string) error {
	v := pages.Switches{ConsoleFrame: p.console("Switches", "switches"), Mode: string(p.s.Mode())}
	v.Alert = alert
	for _, f := range p.s.Faults() {
		v.Faults = append(v.Faults, faultRow(f))
	}
	return p.show(status, pages.SwitchesPage(v))
}

// faultRow says in words what a fault does.
func faultRow(f Fault) pages.FaultRow {
	row := pages.FaultRow{Match: f.Match, Times: "next " + pages.Plural(int64(f.Times), "request")}
	if row.Match == "" {
		row.Match = "every request"
	}
	if f.Times < 0 {
		row.Times = "until disarmed"
	}
	when := " before the work is done"
	if f.AfterCommit {
		when = " after the work is done"
	}
	switch {
	case f.Cut:
		row.What = "the connection breaks" + when
	case f.Status != 0:
		row.What = fmt.Sprintf("answers %d%s", f.Status, when)
	}
	if f.LatencyMS > 0 {
		row.What = joinText(row.What, fmt.Sprintf("%d ms late", f.LatencyMS))
	}
	return row
}

func postMode(p *page) error {
	mode := Mode(p.field("mode"))
	if mode != Causal && mode != Field && mode != Chaos {
		return p.switches(http.StatusUnprocessableEntity, "There is no such order of delivery.")
	}
	if err := p.s.SetMode(p.ctx(), mode); err != nil {
		return err
	}
	return p.to("/_stripe/switches?did=mode")
}

func postFaults(p *page) error {
	if p.field("clear") != "" {
		p.s.ClearFaults()
		return p.to("/_stripe/switches?did=disarmed")
	}
	f := Fault{
		Match: p.field("match"), Times: int(wholeNumber(p.field("times"), 1, 1, 1000)),
		LatencyMS:   int(wholeNumber(p.field("latency"), 0, 0, maxLatency.Milliseconds())),
		AfterCommit: p.field("when") == "after",
	}
	switch status := p.field("status"); status {
	case "cut":
		f.Cut = true
	case "500", "503", "429":
		f.Status = int(wholeNumber(status, 500, 400, 599))
	default:
		if f.LatencyMS == 0 {
			return p.switches(http.StatusUnprocessableEntity, "A slow request needs a delay in milliseconds.")
		}
	}
	p.s.AddFault(f)
	return p.to("/_stripe/switches?did=armed")
}

func postReset(p *page) error {
	if p.field("sure") == "" {
		return p.switches(http.StatusUnprocessableEntity, "Tick the box first: a reset cannot be undone.")
	}
	if err := p.s.Reset(p.ctx()); err != nil {
		return err
	}
	return p.to("/_stripe/switches?did=reset")
}
