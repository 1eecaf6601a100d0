package handlers

import (
	"time"

	"example.com/tollgate/internal/auth"
)

// Row is one line of the map of the site, as the tests see it.
type Row struct {
	Method, Path, Who, Feature string
	Confirmed                  bool
	Permission                 auth.Permission
	Action                     string
	Shown                      []string
}

// Routes is the map of the site.
func Routes() []Row {
	names := map[audience]string{
		anyone: "anyone", guest: "guest", member: "member", program: "program", admin: "admin",
		machine: "machine", devOnly: "devOnly",
	}
	var rows []Row
	for _, r := range new(site).routes() {
		rows = append(rows, Row{
			Method: r.method, Path: r.path, Who: names[r.who], Feature: string(r.feature), Confirmed: r.confirmed, Permission: r.permission,
			Action: r.action, Shown: r.shown,
		})
	}
	return rows
}

// MonthsOn is how the pages count months.
func MonthsOn(t time.Time, months int) time.Time { return monthsOn(t, months) }
