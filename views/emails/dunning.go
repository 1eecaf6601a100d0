package emails

import (
	"time"

	"example.com/tollgate/billing/plan"
)

// Dunning is the data of the mails about a payment that failed. Notice counts them: 1 on the first day, then 2, 3 and
// 4. Until is when access becomes limited.
type Dunning struct {
	Sender
	Name, PlanName string
	Amount         plan.Money
	Card           Card
	Notice         int
	Until          *time.Time
	Retries        bool   // it will be tried again without anybody's doing
	URL            string // where the payment method is updated
	ConfirmURL     string // where the bank is answered, if that is what it waits for
}

// ask is the mail as far as all of them are alike: what is owed, and the one thing that helps.
func (d Dunning) ask(subject, heading, what, urge string) letter {
	l := letter{
		subject: subject, heading: heading, paragraphs: []string{hello(d.Name), what, urge},
		rows: append([]row{{"Amount", d.money(d.Amount)}}, d.Card.rows()...), why: whyBilling,
	}
	l.buttonText, l.buttonURL = "Update payment method", d.URL
	if d.ConfirmURL != "" {
		l.buttonText, l.buttonURL = "Confirm the payment", d.ConfirmURL
		l.after = []string{"Your bank asks you to confirm it. That takes a minute, and no other card."}
	}
	return l
}

func (d Dunning) until() string {
	if d.Until == nil {
		return "soon"
	}
	return "on " + d.on(*d.Until)
}

// PaymentFailed says so, more urgently each time, and leads to the one thing that helps.
func PaymentFailed(d Dunning) Mail {
	amount := d.money(d.Amount)
	again := "Everything keeps working for now. Please update your card, so that it stays like that " + d.until() + " and after:"
	if d.Retries {
		again = "Everything keeps working for now, and we try again over the next days. If the card has changed, please update it:"
	}
	l := d.ask("Your payment of "+amount+" did not go through", "A payment did not go through",
		"the payment of "+amount+" for "+d.PlanName+" failed. It happens: cards expire and banks say no.", again)
	switch {
	case d.Notice == 2:
		l = d.ask("Still unable to charge "+amount, "We still could not take the payment",
			"we are still unable to take "+amount+" for "+d.PlanName+".",
			"To avoid an interruption "+d.until()+", please update the payment method:")
	case d.Notice == 3:
		l = d.ask("Last days to update your payment for "+d.AppName, "Your access changes "+d.until(),
			"the payment of "+amount+" for "+d.PlanName+" still has not gone through.",
			"Unless it is paid, you can read and export your work but not add to it, starting "+d.until()+". One minute prevents it:")
	case d.Notice >= 4:
		l = d.ask("Your "+d.AppName+" account is now limited", "Your account is now limited",
			"the payment of "+amount+" for "+d.PlanName+" could not be taken.",
			"Your work is safe: you can read and export all of it. To add to it again, please update the payment method:")
	}
	return l.send(d.Sender)
}

// ActionRequired leads to the bank's confirmation of a payment.
func ActionRequired(d Dunning) Mail {
	amount := d.money(d.Amount)
	return d.ask("Please confirm your payment of "+amount, "Your bank wants you to confirm a payment",
		"your bank asks for your confirmation before it lets the payment of "+amount+" for "+d.PlanName+" through.",
		"Everything keeps working for now. Please confirm it, so that it stays like that "+d.until()+" and after:").send(d.Sender)
}

// GivenUp is the data of the mail after the last try. Ended says that the subscription is over; otherwise it waits for
// the invoice to be paid.
type GivenUp struct {
	Dunning
	Ended      bool
	InvoiceURL string
}

// PaymentGivenUp tells what has become of a plan that was not paid for.
func PaymentGivenUp(d GivenUp) Mail {
	amount := d.money(d.Amount)
	if d.Ended {
		l := d.ask("Your "+d.AppName+" subscription has ended", "Your subscription has ended",
			"the payment of "+amount+" for "+d.PlanName+" could not be taken, and your subscription has ended with that. Your account goes on as a free one.",
			"Your work is still there, and nothing more is charged. To come back, choose a plan:")
		l.buttonText, l.buttonURL, l.after = "See plans", d.AppURL+"/pricing", nil
		return l.send(d.Sender)
	}
	l := d.ask("We have stopped trying to charge "+amount, "Your account stays limited until it is paid",
		"the payment of "+amount+" for "+d.PlanName+" could not be taken, and we do not try again by ourselves.",
		"Your work is safe: you can read and export all of it. To add to it again, please pay the open invoice:")
	if d.InvoiceURL != "" && d.ConfirmURL == "" {
		l.buttonText, l.buttonURL = "Pay the invoice", d.InvoiceURL
	}
	return l.send(d.Sender)
}
