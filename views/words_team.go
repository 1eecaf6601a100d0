package views

import (
	"fmt"
	"strings"
)

// The titles of the pages about teams.
const (
	TeamTitle       = "Team"
	AccountsTitle   = "Accounts"
	InvitationTitle = "Invitation"
)

// RoleWords gives a role's name and what it may do, in one line.
func RoleWords(role string) (name, may string) {
	switch role {
	case "owner":
		return "Owner", "does everything, and can hand the account over"
	case "admin":
		return "Admin", "does everything but hand the account over"
	case "billing":
		return "Billing", "uses the product, and looks after the plan and its payments"
	}
	return "Member", "uses the product"
}

func roleName(role string) string {
	name, _ := RoleWords(role)
	return name
}

func roleMay(role string) string {
	_, may := RoleWords(role)
	return may
}

// roleMayTitle is roleMay where it stands by itself.
func roleMayTitle(role string) string {
	may := roleMay(role)
	return strings.ToUpper(may[:1]) + may[1:]
}

// members counts in words.
func members(n int64) string {
	if n == 1 {
		return "only you"
	}
	return fmt.Sprint(n, " members")
}

func (p InvitationPage) intro() string {
	return p.Inviter + " invites " + p.Email + " to work in this account."
}

func (p TeamPage) removeQuestion(m MemberRow) string {
	return m.Name + " can no longer see anything of this account, and their API keys stop working."
}

func (p TeamPage) ownerQuestion(m MemberRow) string {
	return m.Name + " becomes the owner, with the plan and its payments. You stay as an admin."
}

// teamMessages are the words for what happens to teams.
func teamMessages() map[string]string {
	return map[string]string{
		"role_forbidden":        "Your role in this account does not include that. Ask its owner or one of its admins.",
		"role_unknown":          "Choose one of the roles in the list.",
		"owner_stays":           "The owner stays the owner until they hand the account over.",
		"owner_already":         "You own this account already.",
		"owner_cannot_leave":    "You own this account. Make somebody else its owner first, then you can leave.",
		"heir_unverified":       "They have not confirmed their e-mail address yet, so they cannot own an account.",
		"already_member":        "They belong to this account already.",
		"verify_to_invite":      "Confirm your own e-mail address first, so that people know who invites them.",
		"verify_for_account":    "Confirm your e-mail address first; then you can have more accounts.",
		"invitations_full":      "There are as many members and open invitations as an account may have. Revoke or remove some first.",
		"invitations_limited":   "That is enough invitations for today. Please try again tomorrow.",
		"invitation_other":      "This invitation is for another address than yours.",
		"accounts_full":         "You own as many accounts as one person may.",
		"account_name_required": "Give the account a name.",
		"account_name_too_long": "That name is too long: 100 characters at most.",
		"account_name_invalid":  "A name cannot contain line breaks, links or control characters.",

		"account_renamed":    "The account has its new name.",
		"account_created":    "This is your new account.",
		"account_switched":   "You are in this account now.",
		"invited":            "The invitation is on its way.",
		"invitation_revoked": "The invitation no longer works.",
		"joined":             "Welcome! You are part of this account now.",
		"role_saved":         "The role is changed.",
		"member_removed":     "They are no longer part of this account.",
		"left":               "You have left the account. This is another one of yours.",
		"handed_over":        "The account has a new owner. You are an admin of it now.",
	}
}
