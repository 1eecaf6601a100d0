package emails

import (
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/views/ui"
)

const whyBilling = "You get this mail because it concerns your subscription."

// Receipt is the data of the mail after a payment. InvoiceURL is Stripe's page for it.
type Receipt struct {
	Sender
	Name, PlanName, Number string
	Amount                 plan.Money
	PaidAt                 time.Time
	PeriodStart, PeriodEnd *time.Time
	Card                   Card
	InvoiceURL             string
	Recovered              bool // it had failed before
}

// Card is the card that is charged, empty where there is none.
type Card struct{ Brand, Last4 string }

func (c Card) rows() []row {
	if c.Last4 == "" {
		return nil
	}
	return []row{{"Card", ui.CardBrand(c.Brand) + " ending in " + c.Last4}}
}

// PaymentReceived is the receipt.
func PaymentReceived(d Receipt) Mail {
	rows := []row{{"Plan", d.PlanName}, {"Amount", d.money(d.Amount)}, {"Paid on", d.on(d.PaidAt)}}
	if d.PeriodStart != nil && d.PeriodEnd != nil {
		rows = append(rows, row{"Period", d.on(*d.PeriodStart) + " to " + d.on(*d.PeriodEnd)})
	}
	rows = append(rows, d.Card.rows()...)
	if d.Number != "" {
		rows = append(rows, row{"Invoice", d.Number})
	}
	l := letter{
		subject: "Your receipt from " + d.AppName, heading: "Thank you, " + d.money(d.Amount) + " received",
		paragraphs: []string{hello(d.Name), "your payment has arrived. Here is what it was for."},
		rows:       rows, why: whyBilling,
	}
	if d.Recovered {
		l.subject, l.heading = "All is well: your payment has arrived", "All is well, "+d.money(d.Amount)+" received"
		l.paragraphs[1] = "the payment that had failed has gone through, and everything in your plan works as before. Thank you!"
	}
	if d.InvoiceURL != "" {
		l.buttonText, l.buttonURL = "View the invoice", d.InvoiceURL
	}
	return l.send(d.Sender)
}

// Subscription is the data of the mails about how a subscription stands. URL is the billing page.
type Subscription struct {
	Sender
	Name, PlanName string
	Amount         plan.Money
	Interval       plan.Interval
	TrialEnd       *time.Time
	RenewsAt       *time.Time
	EndsAt         *time.Time
	Card           Card
	URL            string
}

func (d Subscription) price() string {
	if d.Interval == plan.Year {
		return d.money(d.Amount) + " a year"
	}
	return d.money(d.Amount) + " a month"
}

// SubscriptionStarted welcomes to a plan, by a trial or by a payment.
func SubscriptionStarted(d Subscription) Mail {
	l := letter{
		subject: "Welcome to " + d.AppName + " " + d.PlanName, heading: "Welcome to " + d.PlanName,
		paragraphs: []string{hello(d.Name), "your plan is active, and everything in it is ready to use."},
		rows:       []row{{"Plan", d.PlanName}, {"Price", d.price()}},
		buttonText: "Open " + d.AppName, buttonURL: d.AppURL + "/app", why: whyBilling,
	}
	switch {
	case d.TrialEnd != nil:
		l.paragraphs[1] = "your trial has begun, and everything in the plan is ready to use. Nothing has been charged."
		l.rows = append(l.rows, row{"First payment", d.on(*d.TrialEnd)})
		l.after = []string{"If you cancel on the billing page before that day, nothing is taken."}
	case d.RenewsAt != nil:
		l.rows = append(l.rows, row{"Renews", d.on(*d.RenewsAt)})
	}
	return l.send(d.Sender)
}

// TrialEnding comes some days before the first payment.
func TrialEnding(d Subscription) Mail {
	day := "soon"
	if d.TrialEnd != nil {
		day = "on " + d.on(*d.TrialEnd)
	}
	return letter{
		subject: "Your " + d.AppName + " trial ends " + day, heading: "Your trial ends " + day,
		paragraphs: []string{hello(d.Name), "your trial of " + d.PlanName + " ends " + day + ". The plan then continues for " + d.price() + "."},
		rows:       d.Card.rows(), buttonText: "Look at billing", buttonURL: d.URL,
		after: []string{"To go on, there is nothing to do. To stop, cancel on the billing page before then and nothing is taken."},
		why:   whyBilling,
	}.send(d.Sender)
}

// SubscriptionCanceled confirms a cancellation, before the end or at it.
func SubscriptionCanceled(d Subscription, now time.Time) Mail {
	l := letter{
		subject: "Your " + d.AppName + " subscription has ended", heading: "Your subscription has ended",
		paragraphs: []string{hello(d.Name), "your subscription to " + d.PlanName + " has ended. Your account goes on as a free one, and your work is still there."},
		buttonText: "See plans", buttonURL: d.AppURL + "/pricing",
		after: []string{"Thank you for having been here. You can come back at any time."},
		why:   whyBilling,
	}
	if d.EndsAt != nil && d.EndsAt.After(now) {
		l.subject = "Your " + d.AppName + " subscription is cancelled"
		l.heading = "Cancelled, and yours until " + d.on(*d.EndsAt)
		l.paragraphs[1] = "your subscription to " + d.PlanName + " is cancelled. You keep everything in it until " + d.on(*d.EndsAt) + ", and nothing more is charged."
		l.buttonText, l.buttonURL = "Keep my plan", d.URL
		l.after = []string{"If you change your mind before then, one button on the billing page takes the cancellation back."}
	}
	return l.send(d.Sender)
}

// SecondSubscription tells somebody who subscribed twice that they do not pay twice.
func SecondSubscription(d Subscription) Mail {
	return letter{
		subject: "You subscribed to " + d.AppName + " twice, and pay once", heading: "You pay only once",
		paragraphs: []string{
			hello(d.Name),
			"you have subscribed to " + d.AppName + " twice. Your first subscription stays as it is.",
			"We are ending the second one, to " + d.PlanName + ", and refund in full what was paid for it. The money is usually back on your card within five to ten days.",
		},
		buttonText: "See your billing page", buttonURL: d.URL,
		after: []string{"If it was the second one that you wanted, you can switch plans there."},
		why:   whyBilling,
	}.send(d.Sender)
}

// RenewalComing announces what is paid so seldom that it would be a surprise.
func RenewalComing(d Subscription) Mail {
	day := "soon"
	if d.RenewsAt != nil {
		day = "on " + d.on(*d.RenewsAt)
	}
	return letter{
		subject: "Your " + d.AppName + " plan renews " + day, heading: "Your plan renews " + day,
		paragraphs: []string{hello(d.Name), "your subscription to " + d.PlanName + " renews " + day + " for " + d.price() + "."},
		rows:       d.Card.rows(), buttonText: "Look at billing", buttonURL: d.URL,
		after: []string{"To go on, there is nothing to do. To stop or switch, use the billing page before then."},
		why:   whyBilling,
	}.send(d.Sender)
}

// Resumed confirms that a cancellation was taken back.
func Resumed(d Subscription) Mail {
	l := letter{
		subject: "Your " + d.AppName + " plan goes on", heading: "Good to have you back",
		paragraphs: []string{hello(d.Name), "the cancellation of your subscription to " + d.PlanName + " is taken back, and nothing will end."},
		rows:       []row{{"Plan", d.PlanName}, {"Price", d.price()}},
		buttonText: "Look at billing", buttonURL: d.URL, why: whyBilling,
	}
	if d.RenewsAt != nil {
		l.rows = append(l.rows, row{"Next payment", d.on(*d.RenewsAt)})
	}
	return l.send(d.Sender)
}

// Refund is the data of the mail after money went back. Number is the invoice's, empty where there is none.
type Refund struct {
	Sender
	Name, Number string
	Amount       plan.Money
	RefundedAt   time.Time
	URL          string
}

// Refunded says what went back, and when it will be there.
func Refunded(d Refund) Mail {
	l := letter{
		subject: "Your refund of " + d.money(d.Amount), heading: d.money(d.Amount) + " refunded",
		paragraphs: []string{hello(d.Name), "we have refunded " + d.money(d.Amount) + ". The money goes back to the card that was charged, and is usually there within five to ten days."},
		rows:       []row{{"Refunded on", d.on(d.RefundedAt)}},
		buttonText: "See your invoices", buttonURL: d.URL, why: whyBilling,
	}
	if d.Number != "" {
		l.rows = append(l.rows, row{"Invoice", d.Number})
	}
	return l.send(d.Sender)
}
