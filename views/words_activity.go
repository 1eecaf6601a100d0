package views

import (
	"time"

	"example.com/tollgate/views/layout"
)

// ActivityTitle is that of the audit log, and these are its paths.
const (
	ActivityTitle     = "Activity"
	PathActivity      = "/app/activity"
	PathAdminActivity = "/admin/activity"
)

// ActivityPage is who did what. Query is for admins, who see every account.
type ActivityPage struct {
	layout.Page
	Query     string
	Rows      []ActivityRow
	Pager     Pager
	ExportURL string
}

// ActivityRow is one entry. Who is empty for somebody who has been erased.
type ActivityRow struct {
	At                 time.Time
	Action             string
	Who, Email         string
	AsAdmin            bool
	Subject, Detail    string
	Device, IP         string
	AccountID, Account string
}

// ActionWords says what the audit log's word for an action means, or the word itself if it is of another version.
func ActionWords(action string) string {
	if words, ok := actionWords()[action]; ok {
		return words
	}
	return action
}

func actionWords() map[string]string {
	return map[string]string{
		"signed_up": "Signed up", "signed_in": "Signed in", "signed_out": "Signed out",
		"password_reset": "Chose a new password by mail", "password_changed": "Changed the password",
		"email_verified": "Confirmed the e-mail address", "profile_changed": "Changed their name",
		"two_step_on": "Turned two-step sign-in on", "two_step_off": "Turned two-step sign-in off",
		"codes_renewed": "Made new recovery codes", "sessions_ended": "Signed out every other browser",
		"session_ended": "Signed out a browser", "key_created": "Created an API key", "key_revoked": "Revoked an API key",

		"checkout_opened": "Went to pay for a plan", "portal_opened": "Opened the billing portal",
		"change_asked": "Looked at another plan", "plan_changed": "Changed the plan", "plan_kept": "Kept the plan after all",
		"plan_cancelled": "Cancelled the plan", "plan_resumed": "Resumed the plan",

		"account_created": "Created this account", "account_renamed": "Renamed the account", "invited": "Invited somebody",
		"invited_again": "Sent an invitation again", "invitation_revoked": "Revoked an invitation", "joined": "Joined the account",
		"role_changed": "Gave a member another role", "member_removed": "Removed a member", "left": "Left the account",
		"handed_over": "Handed the account over",

		"admin_synced": "Read the subscriber from Stripe", "admin_ended": "Ended the plan", "admin_refunded": "Refunded a payment",
		"admin_paused": "Paused the invoices", "admin_unpaused": "Resumed the invoices", "admin_replayed": "Replayed webhook events",
		"admin_resolved": "Resolved an alert", "admin_compared": "Compared with Stripe", "admin_applied": "Applied a stopped comparison",
	}
}

func (r ActivityRow) who() string {
	if r.Who == "" {
		return "Somebody who is no longer here"
	}
	return r.Who
}

// did is the action, as the beginning of a line that about ends.
func (r ActivityRow) did() string {
	if r.about() == "" {
		return ActionWords(r.Action)
	}
	return ActionWords(r.Action) + ": "
}

// about is what it was done to or with.
func (r ActivityRow) about() string {
	switch {
	case r.Subject != "" && r.Detail != "":
		return r.Subject + ", " + r.Detail
	case r.Subject != "":
		return r.Subject
	}
	return r.Detail
}
