package billing

import (
	"fmt"
	"strings"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/views/emails"
)

// notice is the mail that a type of fact owes. write returns false where this fact calls for none.
type notice struct {
	fact  string
	kind  string
	write func(l *letter) (emails.Mail, bool)
}

// notices is the table of mails about money. One mail is owed for one fact, ever: the fact's key is
// the mail's.
func notices() []notice {
	return []notice{
		{FactTrialStarted, "trial_started", (*letter).started},
		{FactStarted, "subscription_started", (*letter).started},
		{FactTrialEnding, "trial_ending", (*letter).trialEnding},
		{FactTrialRefused, "trial_refused", (*letter).trialRefused},
		{FactInvoicePaid, "receipt", (*letter).receipt},
		{FactPaymentFailed, "payment_failed", (*letter).paymentFailed},
		{FactCancelScheduled, "cancel_scheduled", (*letter).canceled},
		{FactEnded, "subscription_ended", (*letter).canceled},
		{FactSecond, "second_subscription", (*letter).second},
	}
}

// letter is what a mail about a fact may say.
type letter struct {
	*application
	fact    models.Fact
	sender  emails.Sender
	name    string
	sub     models.Subscription
	other   bool // the account has another live plan
	invoice models.Invoice
	plan    plan.Plan
}

// notify owes the mail that a new fact calls for, if any, and returns how many.
func (a *application) notify(fact models.Fact) (int, error) {
	for _, row := range notices() {
		if row.fact != fact.Type {
			continue
		}
		l, err := a.letterFor(fact)
		if err != nil {
			return 0, err
		}
		written, ok := row.write(l)
		if !ok {
			return 0, nil
		}
		err = a.Outbox.Enqueue(a.tx, mail.Message{
			DedupeKey: "fact:" + fact.FactKey, Kind: row.kind, UserID: &a.account.CreatedBy, AccountID: &a.account.ID,
			To: a.account.BillingEmail, Subject: written.Subject, HTML: written.HTML, Text: written.Text,
		})
		if err != nil {
			return 0, fmt.Errorf("owe the mail for %s: %w", fact.FactKey, err)
		}
		return 1, nil
	}
	return 0, nil
}

func (a *application) letterFor(fact models.Fact) (*letter, error) {
	l := &letter{application: a, fact: fact}
	var owner models.User
	if err := a.tx.Take(&owner, a.account.CreatedBy).Error; err != nil {
		return nil, fmt.Errorf("read the owner of account %d: %w", a.account.ID, err)
	}
	zone, err := time.LoadLocation(owner.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	l.name = owner.Name
	l.sender = emails.Sender{AppName: a.AppName, AppURL: a.AppURL, Locale: owner.Locale, Zone: zone}
	subscription := fact.ObjectID
	if fact.Type == FactInvoicePaid || fact.Type == FactPaymentFailed {
		found := a.tx.Where("customer_id = ? AND stripe_id = ?", a.customer.ID, fact.ObjectID).Limit(1).Find(&l.invoice)
		if found.Error != nil {
			return nil, fmt.Errorf("read invoice %s: %w", fact.ObjectID, found.Error)
		}
		subscription = l.invoice.SubscriptionID
	}
	found := a.tx.Where("customer_id = ? AND stripe_id = ?", a.customer.ID, subscription).Limit(1).Find(&l.sub)
	if found.Error != nil {
		return nil, fmt.Errorf("read subscription %s: %w", subscription, found.Error)
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

// second tells who paid twice that the newer plan is being ended and paid back.
func (l *letter) second() (emails.Mail, bool) {
	if !l.ending[l.sub.StripeID] {
		return emails.Mail{}, false
	}
	return emails.SecondSubscription(l.subscription()), true
}

func (l *letter) billingURL() string { return l.AppURL + "/app/billing" }

func (l *letter) subscription() emails.Subscription {
	return emails.Subscription{
		Sender: l.sender, Name: l.name, PlanName: l.plan.Name,
		Amount:   plan.Money{Amount: l.sub.Amount * max(1, l.sub.Quantity), Currency: l.sub.Currency},
		Interval: plan.Interval(l.sub.BillingInterval), TrialEnd: l.sub.TrialEnd, URL: l.billingURL(),
	}
}

func (l *letter) started() (emails.Mail, bool) {
	d := l.subscription()
	if l.sub.Status != "trialing" {
		d.TrialEnd, d.RenewsAt = nil, &l.sub.CurrentPeriodEnd
	}
	return emails.SubscriptionStarted(d), true
}

func (l *letter) trialEnding() (emails.Mail, bool) { return emails.TrialEnding(l.subscription()), true }

func (l *letter) canceled() (emails.Mail, bool) {
	d := l.subscription()
	switch {
	case l.sub.EndedAt != nil && l.other:
		return emails.Mail{}, false // it was the second of two, of which a mail of its own has told
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

// receipt thanks for money. Nothing is owed for an invoice over nothing, such as a trial's first.
func (l *letter) receipt() (emails.Mail, bool) {
	if l.fact.Amount <= 0 {
		return emails.Mail{}, false
	}
	d := emails.Receipt{
		Sender: l.sender, Name: l.name, PlanName: l.plan.Name, Number: l.invoice.Number,
		Amount: plan.Money{Amount: l.fact.Amount, Currency: l.fact.Currency}, PaidAt: l.fact.OccurredAt,
		CardBrand: l.customer.CardBrand, CardLast4: l.customer.CardLast4, InvoiceURL: l.invoice.HostedURL,
	}
	if l.sub.ID != 0 {
		d.PeriodStart, d.PeriodEnd = &l.sub.CurrentPeriodStart, &l.sub.CurrentPeriodEnd
	}
	return emails.PaymentReceived(d), true
}

// paymentFailed is the first notice of a failure. The ones that follow go by the calendar, not by
// Stripe's later attempts, so those owe none. A first payment that fails is told on Stripe's page.
func (l *letter) paymentFailed() (emails.Mail, bool) {
	if l.invoice.BillingReason == "subscription_create" || !strings.HasSuffix(l.fact.FactKey, ":"+firstAttempt) {
		return emails.Mail{}, false
	}
	d := emails.Dunning{
		Sender: l.sender, Name: l.name, PlanName: l.plan.Name, Notice: 1, URL: l.billingURL(),
		Amount: plan.Money{Amount: l.fact.Amount, Currency: l.fact.Currency},
	}
	if l.sub.PastDueSince != nil {
		until := l.sub.PastDueSince.Add(l.Grace)
		d.Until = &until
	}
	return emails.PaymentFailed(d), true
}
