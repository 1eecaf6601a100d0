// Package layout is the frame around every page: the document head, the ways around the product,
// the notices above the content and the sandbox's ribbon. It prints values and looks nothing up.
//
// There are four frames. Public is for whoever walks by, Auth for the one form of signing in, App
// for the product and Admin for those who run it.
package layout

import (
	"strings"
	"time"
	"unicode"

	"github.com/a-h/templ"
)

// Page is what every page needs besides its own content. Handlers fill it once per request.
type Page struct {
	Title       string // without the product's name, which the head adds
	Description string // for search results; public pages only
	AppName     string
	Path        string // of the request, to mark the current place in the navigation
	CSRF        string // empty on anonymous pages without forms

	CSSPath, JSPath, HTMXPath string // static.Path of app.css, app.js, htmx.js
	FontPath, IconPath        string // static.Path of overpass.woff2, favicon.svg

	User        *User  // nil when nobody is signed in
	AccountName string // of the account that the user works in
	NoBilling   bool   // the user's role there does not include billing
	PlanName    string // of the plan that the account has now

	Sandbox *Ribbon // nil when connected to real Stripe
	Banner  *Banner // what needs attention until it is dealt with
	Flash   *Flash  // what just happened, shown once

	RequestID string
	Locale    string // BCP 47; empty counts as en-US
	Zone      *time.Location
}

// User is who is signed in.
type User struct {
	Name, Email   string
	EmailVerified bool
	Admin         bool
}

// Initials stands in for a portrait: the first letters of the first and last word of the name, or
// the first letter of the address.
func (u User) Initials() string {
	words := strings.Fields(u.Name)
	if len(words) == 0 {
		words = []string{u.Email}
	}
	first := []rune(words[0])
	if len(first) == 0 {
		return "?"
	}
	out := string(unicode.ToUpper(first[0]))
	if len(words) > 1 {
		out += string(unicode.ToUpper([]rune(words[len(words)-1])[0]))
	}
	return out
}

// Ribbon says that no money moves here, and where the sandbox's own pages are.
type Ribbon struct {
	ConsoleURL, MailboxURL string
	Now                    time.Time // by the sandbox's clock
	Moved                  bool      // that clock has been moved
}

// Kind is the tone of a notice.
type Kind string

// The tones, in rising order of alarm.
const (
	Success Kind = "success"
	Info    Kind = "info"
	Warning Kind = "warning"
	Error   Kind = "error"
)

// Banner is a standing notice with at most one thing to do about it. With Post the action is a
// button that posts a form to ActionURL with Fields; otherwise it is a link.
type Banner struct {
	Kind                  Kind
	Text                  string
	ActionText, ActionURL string
	Post                  bool
	Fields                map[string]string
}

// Flash is a notice about what the user just did.
type Flash struct {
	Kind Kind
	Text string
}

// locale and zone have answers even where a handler had none.
func (p Page) locale() string {
	if p.Locale == "" {
		return "en-US"
	}
	return p.Locale
}

func (p Page) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// lang is the language of the words on the page, which is English whatever the locale of numbers
// and dates: a screen reader must not read English words with another language's sounds.
func (p Page) lang() string { return "en" }

// current marks the link that the user is on. A section's link stays marked on the pages below it.
func (p Page) current(href string) templ.Attributes {
	below := href != "/app" && href != "/admin" && strings.HasPrefix(p.Path, href+"/")
	if p.Path == href || below {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}
