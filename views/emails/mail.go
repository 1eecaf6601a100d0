// Package emails is every mail that the program sends: a subject, a formatted part and a text part
// with the same words. Callers hand over values and store or send what comes back.
//
// A mail is written once, as a letter: a heading, some paragraphs, at most one button and at most
// one list of figures. Both parts are made from it, so that they cannot say different things.
package emails

import (
	"context"
	"strings"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

// Mail is a finished message.
type Mail struct{ Subject, HTML, Text string }

// Sender is who writes and how the reader wants amounts and dates written.
type Sender struct {
	AppName, AppURL string
	Locale          string
	Zone            *time.Location
}

func (s Sender) format() ui.Format { return ui.Format{Locale: s.Locale, Zone: s.Zone} }

// on writes a date for the middle of a sentence.
func (s Sender) on(t time.Time) string { return s.format().Date(t) }

func (s Sender) money(m plan.Money) string { return s.format().Money(m) }

// row is one line of figures, such as what was paid for.
type row struct{ name, value string }

// letter is a mail before it takes form. Why says, at the foot, why the reader gets it.
type letter struct {
	subject, heading      string
	paragraphs            []string
	rows                  []row
	buttonText, buttonURL string
	after                 []string
	why                   string
}

// send makes both parts. Rendering into memory cannot fail: the builder takes everything and the
// context never ends.
func (l letter) send(s Sender) Mail {
	var html strings.Builder
	_ = body(s, l).Render(context.Background(), &html)
	return Mail{Subject: l.subject, HTML: html.String(), Text: l.text(s)}
}

// text is the plain part, in paragraphs with an empty line between them.
func (l letter) text(s Sender) string {
	parts := append([]string{l.heading}, l.paragraphs...)
	if len(l.rows) > 0 {
		lines := make([]string, 0, len(l.rows))
		for _, r := range l.rows {
			lines = append(lines, r.name+": "+r.value)
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	if l.buttonURL != "" {
		parts = append(parts, l.buttonText+":\n"+l.buttonURL)
	}
	parts = append(parts, l.after...)
	parts = append(parts, "-- \n"+s.AppName+", "+s.AppURL+"\n"+l.why)
	return strings.Join(parts, "\n\n") + "\n"
}

// hello greets by name where there is one.
func hello(name string) string {
	if name == "" {
		return "Hello,"
	}
	return "Hello " + name + ","
}
