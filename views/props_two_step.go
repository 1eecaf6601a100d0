package views

import (
	"time"

	"example.com/tollgate/views/layout"
)

// LoginCodePage posts code, next and recovery to /login/code.
type LoginCodePage struct {
	layout.Page
	Form
	Next     string
	Recovery bool // asks for a recovery code
}

// TwoStepPage is the second step of signing in: off, being set up (it has a Secret), or on.
type TwoStepPage struct {
	layout.Page
	Form               // of the code that confirms an app
	Verified  bool     // only then can it be set up
	QR        string   // a data: address
	Secret    string   // to type, in groups
	NewCodes  []string // shown this once
	JustOn    bool
	On        bool
	Since     time.Time
	CodesLeft int64
}

// ConfirmPage asks for a proof of who is there and sends it, with everything that was typed before, to
// where that was going. Carried are the fields: Text is the name.
type ConfirmPage struct {
	layout.Page
	Form
	Action        string
	Carried       []Option
	Password, App bool // what the user can prove it with; neither means by mail
	Email         string
}
