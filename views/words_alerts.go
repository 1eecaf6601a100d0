package views

import "example.com/tollgate/views/ui"

// told says who gets the mails about alerts.
func (p AdminAlertsPage) told() string {
	if p.Recipients == 0 {
		return "Nobody gets them by mail: set ADMIN_EMAILS."
	}
	return "Mailed to " + p.Format().Count(int64(p.Recipients), "admin", "admins") + " when one opens, and once a day while it lasts."
}

func (r AlertRow) times(f ui.Format) string {
	if r.Count < 2 {
		return ""
	}
	return ", " + f.Number(r.Count) + " times"
}

func (r AlertRow) closed() string {
	if r.ResolvedBy == "" {
		return "Over by itself "
	}
	return "Resolved by " + r.ResolvedBy + " "
}

// AlertObject names the page that an alert of a kind leads to, where it is about no account.
func AlertObject(kind, key string) (address, text string) {
	switch kind {
	case "dead_letters":
		return PathAdminEvents + "?state=dead", "Events that were given up on"
	case "unhandled_event":
		return EventQuery{State: "ignored", Type: key}.address(), "Events of this type"
	}
	return "", ""
}

// AlertSubscriber is the text of the link to the account that an alert is about.
func AlertSubscriber(name string) string { return "Subscriber " + name }
