package layout

import (
	"slices"

	"example.com/tollgate/views/ui"
)

// place is a link of the navigation; short is its name where room is scarce.
type place struct{ href, name, short, icon string }

// appPlaces are the places of the product that the user may go to.
func (p Page) appPlaces() []place {
	places := []place{
		{"/app", "Dashboard", "Home", "layout-dashboard"},
		{"/app/projects", "Projects", "Projects", "folder"},
		{"/app/team", "Team", "Team", "users"},
		{"/app/billing", "Billing", "Billing", "credit-card"},
		{"/app/settings", "Settings", "Settings", "settings"},
	}
	return slices.DeleteFunc(places, func(at place) bool { return p.NoBilling && at.href == "/app/billing" })
}

func adminPlaces() []place {
	return []place{
		{"/admin", "Overview", "Overview", "activity"},
		{"/admin/subscribers", "Subscribers", "Subscribers", "users"},
		{"/admin/events", "Webhook inbox", "Inbox", "webhook"},
		{"/admin/alerts", "Alerts", "Alerts", "circle-alert"},
		{"/admin/reconciliation", "Reconciliation", "Compare", "refresh-cw"},
		{"/admin/activity", "Activity", "Activity", "clock"},
	}
}

// Format writes amounts and dates for the reader of this page.
func (p Page) Format() ui.Format { return ui.Format{Locale: p.locale(), Zone: p.zone()} }

func (p Page) title() string {
	if p.Title == "" || p.Title == p.AppName {
		return p.AppName
	}
	return p.Title + " · " + p.AppName
}

type field struct{ name, value string }

// fields are in a fixed order, so that the same page is the same bytes.
func (b Banner) fields() []field {
	var out []field
	for name, value := range b.Fields {
		out = append(out, field{name, value})
	}
	slices.SortFunc(out, func(a, b field) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return out
}
