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
	CardBrand, CardLast4   string // empty where unknown
	InvoiceURL             string
}

// PaymentReceived is the receipt.
func PaymentReceived(d Receipt) Mail {
	rows := []row{{"Plan", d.PlanName}, {"Amount", d.money(d.Amount)}, {"Paid on", d.on(d.PaidAt)}}
	if d.PeriodStart != nil && d.PeriodEnd != nil {
		rows = append(rows, row{"Period", d.on(*d.PeriodStart) + " to " + d.on(*d.PeriodEnd)})
	}
	if d.CardLast4 != "" {
		rows = append(rows, row{"Card", ui.CardBrand(d.CardBrand) + " ending in " + d.CardLast4})
	}
	if d.Number != "" {
		rows = append(rows, row{"Invoice", d.Number})
	}
	l := letter{
		subject: "Your receipt from " + d.AppName, heading: "Thank you, " + d.money(d.Amount) + " received",
		paragraphs: []string{hello(d.Name), "your payment has arrived. Here is what it was for."},
		rows:       rows, why: whyBilling,
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
		buttonText: "Look at billing", buttonURL: d.URL,
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

// Dunning is the data of the mails about a payment that failed. Notice counts them: 1 on the first
// day, then 2, 3 and 4. Until is when access becomes limited.
type Dunning struct {
	Sender
	Name, PlanName string
	Amount         plan.Money
	Notice         int
	Until          *time.Time
	URL            string // where the payment method is updated
}

// PaymentFailed says so, more urgently each time, and leads to the one thing that helps.
func PaymentFailed(d Dunning) Mail {
	amount, until := d.money(d.Amount), "soon"
	if d.Until != nil {
		until = "on " + d.on(*d.Until)
	}
	l := letter{
		subject: "Your payment of " + amount + " did not go through", heading: "A payment did not go through",
		paragraphs: []string{hello(d.Name), "the payment of " + amount + " for " + d.PlanName + " failed. It happens: cards expire and banks say no.",
			"Everything keeps working for now, and we try again over the next days. If the card has changed, please update it:"},
		buttonText: "Update payment method", buttonURL: d.URL, why: whyBilling,
	}
	switch {
	case d.Notice == 2:
		l.subject, l.heading = "Still unable to charge "+amount, "We still could not take the payment"
		l.paragraphs[1] = "we tried again to take " + amount + " for " + d.PlanName + ", without success."
		l.paragraphs[2] = "To avoid an interruption " + until + ", please update the payment method:"
	case d.Notice == 3:
		l.subject, l.heading = "Last days to update your payment for "+d.AppName, "Your access changes "+until
		l.paragraphs[1] = "the payment of " + amount + " for " + d.PlanName + " has failed several times."
		l.paragraphs[2] = "Unless it is paid, you can read and export your work but not add to it, starting " + until + ". One minute prevents it:"
	case d.Notice >= 4:
		l.subject, l.heading = "Your "+d.AppName+" account is now limited", "Your account is now limited"
		l.paragraphs[1] = "the payment of " + amount + " for " + d.PlanName + " could not be taken."
		l.paragraphs[2] = "Your work is safe: you can read and export all of it. To add to it again, please update the payment method:"
	}
	return l.send(d.Sender)
}
