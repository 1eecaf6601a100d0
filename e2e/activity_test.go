package e2e

import "testing"

// TestTheActivityInABrowser reads the audit log as the owner of an account and as who runs the product.
func TestTheActivityInABrowser(t *testing.T) {
	t.Parallel()
	w := newWalk(t, openChrome(t), true)
	ada := w.joins("Ada Osei", "ada@example.com")
	ada.open("/app/team")
	ada.fill("#team-name", "Osei and Daughters")
	ada.follow(`form[action="/app/team/name"] button`)
	ada.follow(`main a[href="/app/activity"]`)
	ada.see("Renamed the account", "Confirmed the e-mail address", "Signed up", "Chrome on Linux")
	ada.shot("activity")
	root := w.joins("Root Example", adminEmail)
	root.open("/admin/activity")
	root.see("Renamed the account", "Osei and Daughters")
	root.shot("admin-activity")
	root.fill("#q", "nobody@example.com")
	root.follow(`form[role="search"] button`)
	root.see("Nothing matches")
	root.shot("admin-activity-none")
}
