package billing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/views/emails"
)

// reader is whom a mail is for.
type reader int

const (
	owner  reader = iota // of the account, at its billing address
	admins               // every one of Options.AdminEmails
)

// notice is the mail that a type of fact owes. news is how long after the fact the mail is still worth sending; what
// is older is only recorded, so that connecting to a Stripe account with a history, or to a backup, mails nobody about
// the past. It outlasts the three days for which Stripe repeats an event. Where it is zero, the writer decides. write
// returns false where this fact calls for no mail.
type notice struct {
	fact  string
	kind  string
	to    reader
	news  time.Duration
	write func(l *letter) (emails.Mail, bool)
}

// notices is the table of mails about money. One mail of a kind is owed for one fact, ever: the fact's key is the
// mail's. To switch a kind off, name it in MAILS_OFF; what it would tell is recorded all the same.
func notices() []notice {
	const news = 4 * 24 * time.Hour
	return []notice{
		{FactTrialStarted, "trial_started", owner, news, (*letter).started},
		{FactStarted, "subscription_started", owner, news, (*letter).started},
		{FactTrialEnding, "trial_ending", owner, 0, (*letter).trialEnding},
		{FactTrialRefused, "trial_refused", owner, news, (*letter).trialRefused},
		{FactRenewalComing, "renewal_coming", owner, 0, (*letter).renewalComing},
		{FactInvoicePaid, "receipt", owner, news, (*letter).receipt},
		{FactActionRequired, "action_required", owner, news, (*letter).actionRequired},
		{FactDunnedFirst, "payment_failed", owner, 0, (*letter).failedFirst},
		{FactDunnedAgain, "payment_failed_again", owner, 0, (*letter).failedAgain},
		{FactDunnedLast, "payment_failed_last", owner, 0, (*letter).failedLast},
		{FactDunnedLimited, "access_limited", owner, 0, (*letter).limited},
		{FactDunnedOver, "payment_given_up", owner, 0, (*letter).givenUp},
		{FactCancelScheduled, "cancel_scheduled", owner, news, (*letter).canceled},
		{FactResumed, "resumed", owner, news, (*letter).resumed},
		{FactEnded, "subscription_ended", owner, news, (*letter).canceled},
		{FactRefunded, "refunded", owner, news, (*letter).refunded},
		{FactSecond, "second_subscription", owner, 0, (*letter).second},
		{FactDisputeOpened, "dispute_opened", admins, 0, (*letter).disputed},
		{FactNotFinalized, "finalization_failed", admins, news, (*letter).notFinalized},
	}
}

// tellsAdmins reports whether a mail of this kind goes to the admins, who then need none about the alert of that name.
func tellsAdmins(kind string) bool {
	return slices.ContainsFunc(notices(), func(row notice) bool { return row.kind == kind && row.to == admins })
}

// MailKinds names every kind of mail about money, in the order of the table.
func MailKinds() []string {
	var kinds []string
	for _, row := range notices() {
		kinds = append(kinds, row.kind)
	}
	return kinds
}

// CheckMailsOff returns an error for a kind of mail that there is not: who misspells one would go on mailing.
func CheckMailsOff(kinds []string) error {
	for _, kind := range kinds {
		if !slices.Contains(MailKinds(), kind) {
			return fmt.Errorf("MAILS_OFF: there is no mail %q; there are %s", kind, strings.Join(MailKinds(), ", "))
		}
	}
	return nil
}

// mailKey is the dedupe key of the mail to an owner about a fact.
func mailKey(factKey string) string { return "fact:" + factKey }

// notify owes the mail that a new fact calls for, if any, and returns how many.
func (a *application) notify(fact models.Fact) (int, error) {
	for _, row := range notices() {
		old := row.news > 0 && a.fetched.Sub(fact.OccurredAt) > row.news
		if row.fact != fact.Type || old || slices.Contains(a.MailsOff, row.kind) {
			continue
		}
		told, err := a.wasTold(fact)
		if err != nil || told {
			return 0, err
		}
		l, err := a.letterFor(fact, row.to)
		if err != nil {
			return 0, err
		}
		written, ok := row.write(l)
		if !ok {
			return 0, nil
		}
		return a.enqueue(row, fact, written)
	}
	return 0, nil
}

func (a *application) enqueue(row notice, fact models.Fact, written emails.Mail) (int, error) {
	m := mail.Message{
		DedupeKey: mailKey(fact.FactKey), Kind: row.kind, UserID: &a.account.CreatedBy, AccountID: &a.account.ID,
		To: a.account.BillingEmail, Subject: written.Subject, HTML: written.HTML, Text: written.Text,
	}
	messages := []mail.Message{m}
	if row.to == admins {
		messages = nil
		for _, address := range a.AdminEmails {
			own := m
			own.DedupeKey, own.To, own.UserID = m.DedupeKey+":"+address, address, nil
			messages = append(messages, own)
		}
		a.Logger.Warn("a payment needs a person", "mail", row.kind, "object", fact.ObjectID,
			"customer", a.customer.StripeID, "told", len(messages))
	}
	for _, message := range messages {
		if err := a.Outbox.Enqueue(a.tx, message); err != nil {
			return 0, fmt.Errorf("owe the mail for %s: %w", fact.FactKey, err)
		}
	}
	return len(messages), nil
}
