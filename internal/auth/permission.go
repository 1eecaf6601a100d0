package auth

import (
	"slices"

	"example.com/tollgate/models"
)

// Permission is something that a role may include. Routes name the one that they need.
type Permission string

// The permissions.
const (
	OwnAffairs Permission = "own_affairs" // one's own profile, password, browsers and accounts
	UseProduct Permission = "use_product" // what the product is for
	ReadTeam   Permission = "read_team"   // who else belongs to the account
	Billing    Permission = "billing"     // the plan, its payments and invoices
	ManageTeam Permission = "manage_team" // invite, remove, give roles, name the account
	ManageKeys Permission = "manage_keys" // let programs in
	ReadLog    Permission = "read_log"    // who did what in the account
	HandOver   Permission = "hand_over"   // give the account to another owner
)

// Grant is a row of the table of permissions: who has one.
type Grant struct {
	Permission Permission
	Roles      []models.Role
}

// Permissions is that table. Pages, routes and tests read it; what is not in it is forbidden.
func Permissions() []Grant {
	all := Roles()
	return []Grant{
		{OwnAffairs, all},
		{UseProduct, all},
		{ReadTeam, all},
		{Billing, []models.Role{models.RoleOwner, models.RoleAdmin, models.RoleBilling}},
		{ManageTeam, []models.Role{models.RoleOwner, models.RoleAdmin}},
		{ManageKeys, []models.Role{models.RoleOwner, models.RoleAdmin}},
		{ReadLog, []models.Role{models.RoleOwner, models.RoleAdmin}},
		{HandOver, []models.Role{models.RoleOwner}},
	}
}

// Roles are all of them, strongest first.
func Roles() []models.Role {
	return []models.Role{models.RoleOwner, models.RoleAdmin, models.RoleBilling, models.RoleMember}
}

// GrantableRoles are those that can be given to somebody. There is one owner, who hands the account over.
func GrantableRoles() []models.Role { return Roles()[1:] }

// May reports whether a role includes a permission.
func May(role models.Role, p Permission) bool {
	for _, grant := range Permissions() {
		if grant.Permission == p {
			return slices.Contains(grant.Roles, role)
		}
	}
	return false
}

// May reports whether whoever asks has a permission in the account that the request works in.
func (id *Identity) May(p Permission) bool { return id != nil && May(id.Role, p) }
