package emails

// InvitationData is the data of an invitation to join an account.
type InvitationData struct {
	Sender
	Inviter, Account, Role, URL, ValidFor string
}

// TeamNotice is the data of a mail about a membership. By is who did it.
type TeamNotice struct {
	Sender
	Name, Account, By, URL string
}

// Invitation asks its reader to join.
func Invitation(d InvitationData) Mail {
	return letter{
		subject: d.Inviter + " invites you to " + d.Account, heading: "Join " + d.Account,
		paragraphs: []string{
			d.Inviter + " invites you to work with them in the account " + d.Account + " on " + d.AppName + ".",
			"Sign in, or sign up with this address, and you can join.",
		},
		buttonText: "See the invitation", buttonURL: d.URL,
		after: []string{"The link works for " + d.ValidFor + ", and only for this address."},
		why:   "You get this mail because somebody typed your address. If you do not know them, there is nothing you need to do.",
	}.send(d.Sender)
}

// MemberRemoved tells somebody who was taken out of an account.
func MemberRemoved(d TeamNotice) Mail {
	return letter{
		subject: "You are no longer part of " + d.Account, heading: "You are no longer part of " + d.Account,
		paragraphs: []string{
			hello(d.Name), "you have been removed from the account " + d.Account + ". API keys that you made there no longer work.",
			"Your own account and everything in it stays as it is.",
		},
		buttonText: "Open " + d.AppName, buttonURL: d.URL,
		why: "You get this mail because you were a member of the account.",
	}.send(d.Sender)
}

// HandedOver tells the new owner of an account.
func HandedOver(d TeamNotice) Mail {
	return letter{
		subject: "You now own " + d.Account, heading: "You now own " + d.Account,
		paragraphs: []string{
			hello(d.Name), d.By + " has made you the owner of " + d.Account + ". Its plan, its payments and its members are yours to look after.",
		},
		buttonText: "See the team", buttonURL: d.URL,
		why: "You get this mail because you are a member of the account.",
	}.send(d.Sender)
}
