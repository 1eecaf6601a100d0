package emails

// Link is the data of a mail whose point is one link. ValidFor is in words, such as "one hour".
type Link struct {
	Sender
	Name, URL, ValidFor string
}

// Notice is the data of a mail that tells and asks for nothing. URL is where to act on it.
type Notice struct {
	Sender
	Name, URL string
}

const whyAccount = "You get this mail because somebody used your address there. If it was not you, there is nothing you need to do."

// VerifyEmail asks whether an address belongs to whoever typed it.
func VerifyEmail(d Link) Mail {
	return letter{
		subject: "Confirm your address for " + d.AppName, heading: "Confirm your address",
		paragraphs: []string{hello(d.Name), "please confirm that this address is yours, so that receipts and notices reach you."},
		buttonText: "Confirm address", buttonURL: d.URL,
		after: []string{"The link works for " + d.ValidFor + "."},
		why:   whyAccount,
	}.send(d.Sender)
}

// ResetPassword lets the reader choose a new password.
func ResetPassword(d Link) Mail {
	return letter{
		subject: "Choose a new password for " + d.AppName, heading: "Choose a new password",
		paragraphs: []string{hello(d.Name), "somebody, probably you, asked for a new password. Nothing has changed yet."},
		buttonText: "Choose a new password", buttonURL: d.URL,
		after: []string{"The link works once, for " + d.ValidFor + ". If you did not ask for it, leave it alone and your password stays as it is."},
		why:   whyAccount,
	}.send(d.Sender)
}

// SignInLink signs its reader in.
func SignInLink(d Link) Mail {
	return letter{
		subject: "Your link to sign in to " + d.AppName, heading: "Sign in",
		paragraphs: []string{hello(d.Name), "somebody, probably you, asked for a link to sign in without a password."},
		buttonText: "Sign in", buttonURL: d.URL,
		after: []string{"The link works once, for " + d.ValidFor + ". Do not pass it on: whoever has it can sign in as you."},
		why:   whyAccount,
	}.send(d.Sender)
}

// PasswordChanged tells the owner, in case it was somebody else. URL is where to ask for a new one.
func PasswordChanged(d Notice) Mail {
	return letter{
		subject: "Your " + d.AppName + " password was changed", heading: "Your password was changed",
		paragraphs: []string{
			hello(d.Name), "your password has just been changed, and every other browser has been signed out.",
			"If that was you, there is nothing to do. If not, choose a new password now:",
		},
		buttonText: "Choose a new password", buttonURL: d.URL,
		why: "You get this mail because it concerns the safety of your account.",
	}.send(d.Sender)
}

// AccountExists answers a sign-up with an address that is taken, so that the page need not tell.
// URL is where to sign in.
func AccountExists(d Notice) Mail {
	return letter{
		subject: "You already have a " + d.AppName + " account", heading: "You already have an account",
		paragraphs: []string{hello(d.Name), "somebody, probably you, tried to sign up with this address. There is an account with it already, so you can simply sign in."},
		buttonText: "Sign in", buttonURL: d.URL,
		after: []string{"If you have forgotten the password, the page lets you choose a new one."},
		why:   whyAccount,
	}.send(d.Sender)
}
