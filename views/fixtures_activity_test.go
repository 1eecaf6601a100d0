package views

import "github.com/a-h/templ"

func activityPages() map[string]templ.Component {
	rows := []ActivityRow{
		{At: day(0), Action: "role_changed", Who: "Ada Example", Subject: "Grace Example", Detail: "admin", Device: "Firefox on Linux", IP: "192.0.2.7", AccountID: "acct_1", Account: "Example Works"},
		{At: day(-1), Action: "admin_refunded", Who: "Root Example", AsAdmin: true, Device: "Chrome on macOS", IP: "2001:db8::1", AccountID: "acct_1", Account: "Example Works"},
		{At: day(-2), Action: "of_another_version", Device: "Unknown browser", IP: "192.0.2.9"},
	}
	app := ActivityPage{Page: signedIn(PathActivity, ActivityTitle, "Pro"), Rows: rows, ExportURL: PathActivity + "/export.csv"}
	app.Pager = NewPager(PathActivity, nil, 1, 2, 3)
	everywhere := app
	everywhere.Page = admin(PathAdminActivity, ActivityTitle)
	nothing, nobody := app, everywhere
	nothing.Rows, nobody.Rows, nobody.Query = nil, nil, "acct_2"
	return map[string]templ.Component{
		"activity": Activity(app), "activity-empty": Activity(nothing),
		"admin-activity": AdminActivity(everywhere), "admin-activity-none": AdminActivity(nobody),
	}
}
