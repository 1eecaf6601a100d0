package views

import (
	"time"

	"example.com/tollgate/views/layout"
)

// PathAdminAlerts is the list of alerts; ?show=resolved has those that are over, and POST /:id/resolve
// closes one.
const PathAdminAlerts = "/admin/alerts"

// AlertsTitle is the title of the list of alerts.
const AlertsTitle = "Alerts"

// AlertsResolved is the value of show that asks for the alerts that are over.
const AlertsResolved = "resolved"

// AlertRow is one alert. ObjectURL leads to what it is about, under ObjectText; both may be empty.
type AlertRow struct {
	ID, Title, Subject, Detail string
	Means, Do                  string
	Count                      int64
	FirstAt, LastAt            time.Time
	ResolvedAt                 *time.Time
	ResolvedBy                 string
	ObjectURL, ObjectText      string
}

// AdminAlertsPage is the list of alerts: the open ones, or with Resolved those that are over. Recipients
// says how many addresses get a mail about each.
type AdminAlertsPage struct {
	layout.Page
	Resolved   bool
	Open       int64
	Recipients int
	Rows       []AlertRow
	Pager      Pager
}

// PathAdminReplay asks about a replay of what a filter of the inbox finds; POST carries it out.
const PathAdminReplay = "/admin/events/replay"

// ReplayTitle is the title of the page that asks about a replay.
const ReplayTitle = "Replay events"

// AdminReplayPage says what a replay would do. At most AtOnce events are replayed in one go.
type AdminReplayPage struct {
	layout.Page
	Query             EventQuery
	Events, Customers int64
	AtOnce            int64
}
