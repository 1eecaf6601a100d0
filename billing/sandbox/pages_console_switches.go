package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox/pages"
)

func showSwitches(p *page) error { return p.switches(http.StatusOK, "") }

func (p *page) switches(status int, alert string) error {
	v := pages.Switches{ConsoleFrame: p.console("Switches", "switches"), Mode: string(p.s.Mode())}
	v.Alert, v.Hold = alert, p.s.HoldOnWebhookFailure()
	for _, f := range p.s.Faults() {
		v.Faults = append(v.Faults, faultRow(f))
	}
	var err error
	if v.Dunning, err = p.dunningForm(); err != nil {
		return err
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
	case f.Truncate:
		row.What = "half of the answer, then the connection breaks"
	case f.Status != 0:
		row.What = fmt.Sprintf("answers %s%s", strings.TrimSpace(fmt.Sprint(f.Status, " ", f.Code)), when)
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
	if err := p.s.SetHoldOnWebhookFailure(p.ctx(), p.field("hold") != ""); err != nil {
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
	if p.field("all") != "" {
		f.Times = -1
	}
	switch what := p.field("status"); what {
	case "cut":
		f.Cut = true
	case "truncate":
		f.Truncate = true
	case "lock":
		f.Status, f.Code = http.StatusTooManyRequests, codeLockTimeout
	default:
		f.Status = int(wholeNumber(what, 0, 0, 599))
	}
	if err := f.Check(); err != nil {
		return p.switches(http.StatusUnprocessableEntity, "That is no fault: "+err.Error()+".")
	}
	p.s.AddFault(f)
	return p.to("/_stripe/switches?did=armed")
}

// dunningForm shows the settings as the form has them: days with commas between.
func (p *page) dunningForm() (pages.DunningForm, error) {
	var form pages.DunningForm
	err := p.view(func(tx *Tx) error {
		d, err := tx.dunning()
		if err != nil {
			return err
		}
		var days []string
		for _, day := range d.Days {
			days = append(days, itoa(day))
		}
		upcoming, err := tx.upcomingDays()
		form = pages.DunningForm{Days: strings.Join(days, ", "), End: d.End, Upcoming: itoa(upcoming)}
		return err
	})
	return form, err
}

func postDunning(p *page) error {
	d := Dunning{End: p.field("end")}
	for _, text := range strings.FieldsFunc(p.field("days"), func(r rune) bool { return r == ',' || r == ' ' }) {
		day, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return p.switches(http.StatusUnprocessableEntity, "The days are whole numbers with commas between them.")
		}
		d.Days = append(d.Days, day)
	}
	if err := p.s.SetDunning(p.ctx(), d); err != nil {
		return p.switches(http.StatusUnprocessableEntity, "These days cannot be: "+err.Error()+".")
	}
	if err := p.s.SetUpcomingDays(p.ctx(), int(wholeNumber(p.field("upcoming"), 7, 0, 45))); err != nil {
		return err
	}
	return p.to("/_stripe/switches?did=dunning")
}

// sendExport is the file of everything, for keeping.
func sendExport(p *page) error {
	var out bytes.Buffer
	if err := p.s.Export(p.ctx(), &out); err != nil {
		return err
	}
	h := p.w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Content-Disposition", `attachment; filename="sandbox-`+p.s.Now().Format(time.DateOnly)+`.jsonl"`)
	_, err := out.WriteTo(p.w)
	return err
}

func postImport(p *page) error {
	if p.field("sure") == "" {
		return p.switches(http.StatusUnprocessableEntity, "Tick the box first: what is here now will be gone.")
	}
	file, _, err := p.r.FormFile("file")
	if err != nil {
		return p.switches(http.StatusUnprocessableEntity, "Choose a file that was exported here.")
	}
	defer func() { _ = file.Close() }()
	if err := p.s.Import(p.ctx(), file); err != nil {
		return p.switches(http.StatusUnprocessableEntity, "That did not work: "+err.Error()+".")
	}
	return p.to("/_stripe/switches?did=imported")
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
