package views

import (
	"time"

	"example.com/tollgate/views/layout"
)

// The paths of teams and accounts.
const (
	PathTeam        = "/app/team"             // POST /name, /leave
	PathMembers     = "/app/team/members"     // POST /:id/role, /:id/remove, /:id/owner
	PathInvitations = "/app/team/invitations" // POST email, role; /:id/again, /:id/revoke
	PathAccounts    = "/app/accounts"         // GET; POST name creates; POST /:id/switch
)

// InvitationPath is where a mailed invitation leads.
func InvitationPath(token string) string { return "/invitations/" + token }

// TeamPage is who belongs to the account. Manages says that the reader may change that, Owns that the account is
// theirs.
type TeamPage struct {
	layout.Page
	Name          NameForm
	Members       []MemberRow
	Pager         Pager
	Invite        InviteForm
	Invitations   []InvitationRow
	Manages, Owns bool
}

// NameForm posts name.
type NameForm struct {
	Form
	Name string
}

// InviteForm posts email and role to PathInvitations.
type InviteForm struct {
	Form
	Email, Role string
	Roles       []Option
}

// MemberRow is one member; You is the reader.
type MemberRow struct {
	ID, Name, Email, Role string
	JoinedAt              time.Time
	You                   bool
}

// InvitationRow is an invitation that nobody has accepted yet.
type InvitationRow struct {
	ID, Email, Role string
	ExpiresAt       time.Time
	RanOut          bool
}

// AccountsPage lists the accounts that the user belongs to, and makes another one.
type AccountsPage struct {
	layout.Page
	Form
	Name     string
	Accounts []AccountRow
}

// AccountRow is one account; Current is the one that the browser works in.
type AccountRow struct {
	ID, Name, Role string
	Members        int64
	Current        bool
}

// InvitationState says what the reader of an invitation can do about it.
type InvitationState int

// The states.
const (
	InvitationAsk     InvitationState = iota // join
	InvitationVisitor                        // sign in or up first
	InvitationOther                          // it is for another address than the reader's
	InvitationInvalid                        // nothing
)

// InvitationPage asks whoever followed the link to join.
type InvitationPage struct {
	layout.Page
	State                         InvitationState
	Action                        string
	Account, Inviter, Role, Email string
}
