package billing

import (
	"fmt"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
	"example.com/tollgate/views/emails"
)

// letter is what a mail about a fact may say.
type letter struct {
	*application
	fact    models.Fact
	sender  emails.Sender
	name    string
	sub     models.Subscription
	other   bool // the account has another live plan
	invoice models.Invoice
	refund  models.Refund
	dispute models.Dispute
	plan    plan.Plan
}

func (a *application) letterFor(fact models.Fact, to reader) (*letter, error) {
	l := &letter{application: a, fact: fact, sender: emails.Sender{AppName: a.AppName, AppURL: a.AppURL}}
	if to == owner {
		var user models.User
		if err := a.tx.Take(&user, a.account.CreatedBy).Error; err != nil {
			return nil, fmt.Errorf("read the owner of account %d: %w", a.account.ID, err)
		}
		zone, err := time.LoadLocation(user.TimeZone)
		if err != nil {
			zone = time.UTC
		}
		l.name, l.sender.Locale, l.sender.Zone = user.Name, user.Locale, zone
	}
	subscription, err := l.subject()
	if err != nil {
		return nil, err
	}
	if err := l.find(&l.sub, subscription); err != nil {
		return nil, err
	}
	l.plan, _ = a.Catalog.ByKey(l.sub.Plan)
	var others int64
	err = a.tx.Model(&models.Subscription{}).Where("customer_id = ? AND stripe_id <> ?", a.customer.ID, subscription).
		Where("plan <> '' AND status IN ?", []string{"active", "trialing", "past_due"}).Count(&others).Error
	if err != nil {
		return nil, fmt.Errorf("read the other subscriptions of %s: %w", a.customer.StripeID, err)
	}
	l.other = others > 0
	return l, nil
}

// subject reads what the fact is about, and returns the subscription that it belongs to.
func (l *letter) subject() (subscription string, err error) {
	invoice := l.fact.ObjectID
	switch l.fact.Type {
	case FactRefunded:
		err = l.find(&l.refund, l.fact.ObjectID)
		invoice = l.refund.InvoiceID
	case FactDisputeOpened:
		err = l.find(&l.dispute, l.fact.ObjectID)
		invoice = l.dispute.InvoiceID
	case FactInvoicePaid, FactActionRequired, FactNotFinalized,
		FactDunnedFirst, FactDunnedAgain, FactDunnedLast, FactDunnedLimited, FactDunnedOver:
	default:
		return l.fact.ObjectID, nil
	}
	if err != nil {
		return "", err
	}
	err = l.find(&l.invoice, invoice)
	return l.invoice.SubscriptionID, err
}

// find reads the row of a Stripe object of this customer, and leaves it empty where there is none.
func (l *letter) find(row any, stripeID string) error {
	err := l.tx.Where("customer_id = ? AND stripe_id = ?", l.customer.ID, stripeID).Limit(1).Find(row).Error
	if err != nil {
		return fmt.Errorf("read %s: %w", stripeID, err)
	}
	return nil
}

func (l *letter) billingURL() string { return l.AppURL + "/app/billing" }

// cardURL leads into the portal's page for a new card, past the sign-in where that is needed. It says nothing about
// who it is for, so that it is worth nothing to anybody else.
func (l *letter) cardURL() string { return l.AppURL + "/app/billing/card" }

func (l *letter) card() emails.Card {
	return emails.Card{Brand: l.customer.CardBrand, Last4: l.customer.CardLast4}
}

func (l *letter) amount() plan.Money {
	return plan.Money{Amount: l.fact.Amount, Currency: l.fact.Currency}
}

// planName has an answer for what is not in the catalog, too.
func (l *letter) planName() string {
	if l.plan.Name == "" {
		return l.AppName
	}
	return l.plan.Name
}

func (l *letter) subscription() emails.Subscription {
	return emails.Subscription{
		Sender: l.sender, Name: l.name, PlanName: l.planName(),
		Amount:   plan.Money{Amount: l.sub.Amount * max(1, l.sub.Quantity), Currency: l.sub.Currency},
		Interval: plan.Interval(l.sub.BillingInterval), TrialEnd: l.sub.TrialEnd, Card: l.card(), URL: l.billingURL(),
	}
}

// second tells who paid twice that the newer plan is being ended and paid back.
func (l *letter) second() (emails.Mail, bool) {
	if !l.ending[l.sub.StripeID] {
		return emails.Mail{}, false
	}
	return emails.SecondSubscription(l.subscription()), true
}

// started welcomes. A trial so short that the notice of its end is due at once is welcomed by that.
func (l *letter) started() (emails.Mail, bool) {
	d := l.subscription()
	switch {
	case l.sub.Status != "trialing":
		d.TrialEnd, d.RenewsAt = nil, &l.sub.CurrentPeriodEnd
	case l.sub.TrialEnd != nil && l.sub.TrialEnd.Sub(l.fact.OccurredAt) <= trialNotice && l.sub.CancelAt == nil:
		return emails.Mail{}, false
	}
	return emails.SubscriptionStarted(d), true
}

func (l *letter) trialEnding() (emails.Mail, bool) {
	d := l.subscription()
	d.Amount = plan.Money{Amount: l.sub.NextAmount, Currency: l.sub.Currency}
	return emails.TrialEnding(d), true
}

func (l *letter) renewalComing() (emails.Mail, bool) {
	d := l.subscription()
	d.RenewsAt, d.Amount = &l.sub.CurrentPeriodEnd, plan.Money{Amount: l.sub.NextAmount, Currency: l.sub.Currency}
	return emails.RenewalComing(d), true
}

func (l *letter) canceled() (emails.Mail, bool) {
	d := l.subscription()
	switch {
	case l.sub.EndedAt != nil && (l.other || l.given[l.sub.StripeID]):
		return emails.Mail{}, false // a mail of its own tells of it: a second one of two, or one that was not paid for
	case l.sub.EndedAt != nil:
		d.EndsAt = l.sub.EndedAt
	case l.sub.CancelAt != nil:
		d.EndsAt = l.sub.CancelAt
	default:
		d.EndsAt = &l.sub.CurrentPeriodEnd
	}
	return emails.SubscriptionCanceled(d, l.fetched), true
}

func (l *letter) trialRefused() (emails.Mail, bool) {
	return emails.TrialRefused(l.subscription()), true
}

func (l *letter) resumed() (emails.Mail, bool) {
	d := l.subscription()
	d.RenewsAt = &l.sub.CurrentPeriodEnd
	return emails.Resumed(d), true
}

// receipt thanks for money. Nothing is owed for an invoice over nothing, such as a trial's first. After failures it is
// also the word that all is well, which would be no news in a second mail of the same minute.
func (l *letter) receipt() (emails.Mail, bool) {
	if l.fact.Amount <= 0 {
		return emails.Mail{}, false
	}
	d := emails.Receipt{
		Sender: l.sender, Name: l.name, PlanName: l.planName(), Number: l.invoice.Number,
		Amount: l.amount(), PaidAt: l.fact.OccurredAt, Card: l.card(), InvoiceURL: l.invoice.HostedURL,
		Recovered: l.invoice.FirstFailedAt != nil && l.invoice.BillingReason != "subscription_create",
	}
	if l.sub.ID != 0 {
		d.PeriodStart, d.PeriodEnd = &l.sub.CurrentPeriodStart, &l.sub.CurrentPeriodEnd
	}
	return emails.PaymentReceived(d), true
}

// refunded tells what went back, to the card that it had come from. Where it has come back to us by now, an admin is
// told instead.
func (l *letter) refunded() (emails.Mail, bool) {
	return emails.Refunded(emails.Refund{
		Sender: l.sender, Name: l.name, Amount: l.amount(), RefundedAt: l.fact.OccurredAt, Number: l.invoice.Number,
		URL: l.billingURL(),
	}), l.refund.Status != "failed"
}

// dunning is what the mails about a payment that failed have in common.
func (l *letter) dunning(notice int) emails.Dunning {
	d := emails.Dunning{
		Sender: l.sender, Name: l.name, PlanName: l.planName(), Notice: notice, URL: l.cardURL(), Amount: l.amount(),
		Card: l.card(), Retries: l.invoice.NextPaymentAttempt != nil,
	}
	if l.sub.PastDueSince != nil {
		until := l.sub.PastDueSince.Add(l.Grace)
		d.Until = &until
	}
	if l.invoice.ActionRequired {
		d.ConfirmURL = l.invoice.HostedURL
	}
	return d
}

// failedFirst leaves a payment that the bank wants confirmed to the mail that says so.
func (l *letter) failedFirst() (emails.Mail, bool) {
	return emails.PaymentFailed(l.dunning(1)), !l.invoice.ActionRequired
}

func (l *letter) failedAgain() (emails.Mail, bool) { return emails.PaymentFailed(l.dunning(2)), true }

func (l *letter) failedLast() (emails.Mail, bool) { return emails.PaymentFailed(l.dunning(3)), true }

func (l *letter) limited() (emails.Mail, bool) { return emails.PaymentFailed(l.dunning(4)), true }

// givenUp says what Stripe has made of the subscription in the end, which its settings decide.
func (l *letter) givenUp() (emails.Mail, bool) {
	return emails.PaymentGivenUp(emails.GivenUp{
		Dunning: l.dunning(5), Ended: l.sub.EndedAt != nil, InvoiceURL: l.invoice.HostedURL,
	}), true
}

// actionRequired leads to the bank. The first payment of a plan, and that of a change, are confirmed where they are
// made, by somebody who is there.
func (l *letter) actionRequired() (emails.Mail, bool) {
	switch l.invoice.BillingReason {
	case "subscription_create", "subscription_update":
		return emails.Mail{}, false
	}
	d := l.dunning(1)
	d.ConfirmURL = l.invoice.HostedURL
	return emails.ActionRequired(d), true
}

func (l *letter) adminURL() string { return l.AppURL + "/admin/subscribers/" + l.account.PublicID }

// disputed is for those who can answer, and only while it can be answered.
func (l *letter) disputed() (emails.Mail, bool) {
	open := l.dispute.Status == "needs_response" || l.dispute.Status == "warning_needs_response"
	if !open || l.dispute.DueBy != nil && !l.fetched.Before(*l.dispute.DueBy) {
		return emails.Mail{}, false
	}
	return emails.DisputeOpened(emails.Dispute{
		Sender: l.sender, Account: l.account.Name, Customer: l.customer.StripeID, Dispute: l.dispute.StripeID,
		Amount: l.amount(), Reason: l.dispute.Reason, DueBy: l.dispute.DueBy, URL: l.adminURL(),
	}), true
}

// notFinalized tells those who run the product of a plan that goes on without a bill.
func (l *letter) notFinalized() (emails.Mail, bool) {
	return emails.FinalizationFailed(emails.Unbilled{
		Sender: l.sender, Account: l.account.Name, Customer: l.customer.StripeID, Invoice: l.invoice.StripeID,
		Amount: l.amount(), URL: l.adminURL(),
	}), true
}
