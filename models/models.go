// Package models is everything Tollgate remembers, and how it is kept: the tables, the two
// databases they run on, and the versioned migrations that make them.
//
// Three kinds of table live here. Ours (users, accounts, memberships, sessions, projects) are the
// product. Mirrors (customers, subscriptions, invoices) repeat what Stripe says; billing's sync is
// their only writer, and each carries the Stripe account and mode it came from, so that what a
// sandbox granted grants nothing in production. Queues (customer_sync, webhook_events, mails,
// stripe_ops) say what is still owed, so that a crash loses nothing.
//
// Times are UTC. Money is int64 in minor units beside its currency. Public ids are opaque.
package models

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// NewPublicID makes an id that may be shown and cannot be guessed: the prefix and 128 random bits.
func NewPublicID(prefix string) string { return prefix + "_" + NewToken() }

// NewToken gives 128 random bits in hexadecimal, for ids, leases and idempotency keys.
func NewToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return hex.EncodeToString(b[:])
}

// User is a person who signs in. Email is unique and in lower case; it counts for nothing but
// signing in until EmailVerifiedAt is set.
type User struct {
	ID              int64
	PublicID        string
	Email           string
	Name            string
	PasswordHash    string
	EmailVerifiedAt *time.Time
	DisabledAt      *time.Time
	Locale          string
	TimeZone        string
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Account is the workspace that owns projects and billing. Users belong to it by memberships.
type Account struct {
	ID           int64
	PublicID     string
	Name         string
	BillingEmail string
	CreatedBy    int64
	SuspendedAt  *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Role is what a member may do in an account.
type Role string

// The roles, strongest first: each may do what those after it may. An account has exactly one owner.
const (
	RoleOwner   Role = "owner"
	RoleAdmin   Role = "admin"
	RoleBilling Role = "billing"
	RoleMember  Role = "member"
)

// Membership joins a user to an account.
type Membership struct {
	ID        int64
	AccountID int64
	UserID    int64
	Role      Role
	CreatedAt time.Time
}

// Invitation asks whoever reads an address's mail to join an account. It is open until it is accepted, revoked or
// past ExpiresAt.
type Invitation struct {
	ID         int64
	PublicID   string
	AccountID  int64
	Email      string
	Role       Role
	TokenHash  string
	InvitedBy  int64
	CreatedAt  time.Time
	ExpiresAt  time.Time
	AcceptedAt *time.Time
	RevokedAt  *time.Time
}

// Session is a signed-in browser. The cookie holds the id; only its hash is kept here. Data is the
// gob-encoded session values of gorilla/sessions. ConfirmedAt is when its user last proved who they are.
type Session struct {
	IDHash     string `gorm:"primaryKey"`
	PublicID   string
	UserID     *int64
	AccountID  *int64
	Data       string
	UserAgent  string
	IP         string `gorm:"column:ip"`
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time

	ConfirmedAt *time.Time
}

// Token is a single-use secret sent by mail. Only its hash is kept.
type Token struct {
	IDHash    string `gorm:"primaryKey"`
	Kind      string
	UserID    int64
	Email     string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// APIKey lets a program act for an account. Only the hash is kept; Prefix is what people see.
type APIKey struct {
	ID         int64
	PublicID   string
	AccountID  int64
	UserID     int64
	Name       string
	Prefix     string
	KeyHash    string
	CreatedAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

// TableName keeps GORM from guessing at the initialism.
func (APIKey) TableName() string { return "api_keys" }

// Project is the demonstration product: something an account may hold a limited number of.
type Project struct {
	ID        int64
	PublicID  string
	AccountID int64
	Name      string
	CreatedAt time.Time
	UpdatedAt time.Time
}
