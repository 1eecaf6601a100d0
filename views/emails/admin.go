package emails

import (
	"strings"
	"time"

	"example.com/tollgate/billing/plan"
)

const whyAdmin = "You get this mail because you run this product."

// Dispute is the data of the mail about a payment that a bank takes back. URL is the subscriber's page for admins.
type Dispute struct {
	Sender
	Account, Customer, Dispute, Reason string
	Amount                             plan.Money
	DueBy                              *time.Time
	URL                                string
}

// DisputeOpened tells those who can answer until when they must.
func DisputeOpened(d Dispute) Mail {
	by := "soon"
	if d.DueBy != nil {
		by = "by " + d.on(*d.DueBy)
	}
	return letter{
		subject: "Dispute over " + d.money(d.Amount) + ": answer " + by, heading: "A payment is disputed: answer " + by,
		paragraphs: []string{d.Account + " disputes a payment of " + d.money(d.Amount) + " with their bank. What is not answered in time is lost, with the money. The answer is given in Stripe’s dashboard."},
		rows: []row{
			{"Reason", strings.ReplaceAll(d.Reason, "_", " ")}, {"Dispute", d.Dispute}, {"Customer", d.Customer},
		},
		buttonText: "See the subscriber", buttonURL: d.URL, why: whyAdmin,
	}.send(d.Sender)
}

// Unbilled is the data of the mail about an invoice that cannot be finalised.
type Unbilled struct {
	Sender
	Account, Customer, Invoice string
	Amount                     plan.Money
	URL                        string
}

// FinalizationFailed tells those who run the product of a plan that goes on without a bill.
func FinalizationFailed(d Unbilled) Mail {
	return letter{
		subject: "An invoice over " + d.money(d.Amount) + " cannot be finalised", heading: "An invoice cannot be finalised",
		paragraphs: []string{"Stripe cannot finalise an invoice for " + d.Account + ", most often because the address is missing that its taxes depend on. The plan goes on meanwhile, and nothing is charged. The customer is asked for the address in the app."},
		rows:       []row{{"Amount", d.money(d.Amount)}, {"Invoice", d.Invoice}, {"Customer", d.Customer}},
		buttonText: "See the subscriber", buttonURL: d.URL, why: whyAdmin,
	}.send(d.Sender)
}
