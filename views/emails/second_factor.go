package emails

const (
	whySafety = "You get this mail because it concerns the safety of your account."
	notYou    = "If that was you, there is nothing to do. If not, choose a new password now, which signs out every browser:"
)

// SecondFactorOn tells the owner that signing in takes a code from now on. URL is where to ask for a new password.
func SecondFactorOn(d Notice) Mail {
	return safety(d, "Two-step sign-in is on", "signing in to your account now also takes a code from your authenticator app. Keep the recovery codes where you can find them without your phone.")
}

// SecondFactorOff tells the owner that the password is enough again.
func SecondFactorOff(d Notice) Mail {
	return safety(d, "Two-step sign-in is off", "signing in to your account no longer takes a code from an authenticator app.")
}

// RecoveryCodesRenewed tells the owner that the codes on their list are void.
func RecoveryCodesRenewed(d Notice) Mail {
	return safety(d, "You have new recovery codes", "new recovery codes were made for your account. The ones from before no longer work.")
}

// RecoveryCodeUsed tells the owner that there is one code less.
func RecoveryCodeUsed(d Notice) Mail {
	return safety(d, "A recovery code was used", "somebody has signed in to your account, or confirmed something in it, with one of your recovery codes. It does not work again; Settings shows how many are left.")
}

// CodesWrong warns that somebody else may have the password.
func CodesWrong(d Notice) Mail {
	return letter{
		subject: "Wrong codes for your " + d.AppName + " account", heading: "Somebody keeps trying codes",
		paragraphs: []string{
			hello(d.Name), "somebody got past the first step of signing in to your account, or is signed in, and has typed many wrong codes. They did not get further.",
			"If that was not you, choose a new password now. It signs out every browser and lets you try again at once:",
		},
		buttonText: "Choose a new password", buttonURL: d.URL,
		after: []string{"A recovery code works all the while."},
		why:   whySafety,
	}.send(d.Sender)
}

func safety(d Notice, heading, what string) Mail {
	return letter{
		subject: heading + " for " + d.AppName, heading: heading,
		paragraphs: []string{hello(d.Name), what, notYou},
		buttonText: "Choose a new password", buttonURL: d.URL,
		why: whySafety,
	}.send(d.Sender)
}
