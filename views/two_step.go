package views

import (
	"net/url"
	"strings"
)

// LoginCodePath is the page that asks for the second factor, for a code of the app or a recovery code.
func LoginCodePath(next string, recovery bool) string {
	query := url.Values{}
	if next != "" {
		query.Set("next", next)
	}
	if recovery {
		query.Set("recovery", "1")
	}
	if len(query) == 0 {
		return "/login/code"
	}
	return "/login/code?" + query.Encode()
}

// proof names what the user can show.
func (p ConfirmPage) proof() string {
	switch {
	case p.Password && p.App:
		return "Password or code from your app"
	case p.App:
		return "Code from your app, or a recovery code"
	}
	return "Password"
}

func (p TwoStepPage) codesText() string { return strings.Join(p.NewCodes, "\n") }

// codesLeft says how many recovery codes there are, and what to do when there are few.
func (p TwoStepPage) codesLeft() string {
	switch {
	case p.CodesLeft == 0:
		return "You have no recovery code left. Make new ones now."
	case p.CodesLeft == 1:
		return "You have one recovery code left. Make new ones soon."
	case p.CodesLeft < 4:
		return "You have " + p.Format().Number(p.CodesLeft) + " recovery codes left. Make new ones soon."
	}
	return "You have " + p.Format().Number(p.CodesLeft) + " recovery codes left."
}
