package emails

// TrialRefused tells somebody whose card, person or mailbox has had a trial that it was not given again, and that
// nothing was taken for it.
func TrialRefused(d Subscription) Mail {
	return letter{
		subject: "Nothing was charged: this trial has been had before", heading: "This card has had its trial",
		paragraphs: []string{
			hello(d.Name),
			"a trial is given once to each card and person, and yours has been had with another account. So the trial of " + d.PlanName + " was ended at once. Nothing was charged.",
			"You can have " + d.PlanName + " from today for " + d.price() + ". Nothing is taken unless you choose to pay.",
		},
		buttonText: "See your billing page", buttonURL: d.URL,
		after: []string{"If this is a mistake, write to us."},
		why:   whyBilling,
	}.send(d.Sender)
}
