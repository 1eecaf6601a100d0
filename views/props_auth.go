package views

import "example.com/tollgate/views/layout"

// SignupPage posts name, email, password and next to /signup.
type SignupPage struct {
	layout.Page
	Form
	Name, Email string
	Next        string // same-site path to go to afterwards
	PlanName    string // what the visitor chose on the pricing page, if anything
	MinPassword int    // characters; 0 leaves the number out of the hint
}

// LoginPage posts email, password and next to /login.
type LoginPage struct {
	layout.Page
	Form
	Email string
	Next  string
}

// LoginLinkPage posts email and next to /login/link. Sent says the same whether or not the address is
// known.
type LoginLinkPage struct {
	layout.Page
	Form
	Email string
	Next  string
	Sent  bool
}

// UseLinkPage signs in by a POST of next to its own address, which holds the token.
type UseLinkPage struct {
	layout.Page
	Action  string // /login/link/:token
	Email   string
	Next    string
	Invalid bool // unknown, used or expired
}

// ForgotPasswordPage posts email to /forgot-password. Sent says the same whether or not the address
// is known.
type ForgotPasswordPage struct {
	layout.Page
	Form
	Email string
	Sent  bool
}

// ResetPasswordPage posts password to its own address, which holds the token.
type ResetPasswordPage struct {
	layout.Page
	Form
	Action      string // /reset-password/:token
	Invalid     bool   // unknown, used or expired
	MinPassword int
}

// VerifyState is how far the verification of an address has come.
type VerifyState string

// The states: a GET only asks, because programs that read mail follow links too.
const (
	VerifyAsk     VerifyState = "ask"
	VerifyDone    VerifyState = "done"
	VerifyInvalid VerifyState = "invalid"
)

// VerifyEmailPage confirms an address by a POST to its own address.
type VerifyEmailPage struct {
	layout.Page
	State  VerifyState
	Action string // /verify-email/:token
	Email  string // may be empty
}
