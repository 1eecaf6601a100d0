package emails

import (
	"time"
)

// AlertRaised is the data of the mail about something that an admin should look at. URL is the admin's
// page of alerts.
type AlertRaised struct {
	Sender
	Title, Means, Do string
	Subject, Detail  string
	Count            int64
	FirstAt, LastAt  time.Time
	URL              string
}

// Alert tells an admin what was seen, what it means and what to do.
func Alert(d AlertRaised) Mail {
	f := d.format()
	l := letter{
		subject: d.AppName + " alert: " + d.Title, heading: d.Title,
		paragraphs: []string{d.Subject},
		rows:       []row{{"First seen", f.DateTime(d.FirstAt)}},
		buttonText: "Open the alerts", buttonURL: d.URL,
		why: "You get this mail because your address is in ADMIN_EMAILS.",
	}
	if d.Detail != "" {
		l.paragraphs = append(l.paragraphs, d.Detail)
	}
	l.paragraphs = append(l.paragraphs, d.Means, "What to do: "+d.Do)
	if d.LastAt.After(d.FirstAt) {
		l.rows = append(l.rows, row{"Last seen", f.DateTime(d.LastAt)}, row{"Times seen", f.Number(d.Count)})
		l.after = []string{"It is still open. Another mail about it comes in a day at the earliest."}
	}
	return l.send(d.Sender)
}
