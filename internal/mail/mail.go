// Package mail owes people messages, and pays.
//
// A mail is a row of the mails table, written in the same transaction as whatever it reports, and
// already rendered. From then on it is owed: a pass over the table (Drain, run as a job) leases a
// row, speaks to the mail server outside any transaction, and records the outcome. A server that is
// down costs time and never a request or a mail.
//
// A crash between the server's "250 accepted" and our commit sends that one mail a second time,
// under the same Message-ID, so that the reader's mail program can show it once. No order of steps
// avoids both that and losing it.
//
// With no SMTP_URL in development there is no server: Mailbox takes its place, and the rows
// themselves are the mailbox.
package mail

import (
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/models"
)

// Message is a mail to owe. DedupeKey names the occasion: the second message for an occasion is
// dropped. Secret messages carry a link that signs in or resets, and lose their bodies once sent.
type Message struct {
	DedupeKey string
	Kind      string // what occasioned it, for the admin's list: verify_email, receipt, …
	UserID    *int64
	AccountID *int64
	To        string
	Subject   string
	HTML      string
	Text      string
	Secret    bool
}

// Options is what an Outbox needs.
type Options struct {
	DB     *models.DB
	Sender Sender
	Now    func() time.Time // the wall clock: mail does not travel in time
	Wake   func()           // asks for a Drain soon; nil where nobody listens
	Log    *slog.Logger     // nil discards
}

// Outbox is the mails that are owed.
type Outbox struct {
	db     *models.DB
	sender Sender
	now    func() time.Time
	wake   func()
	log    *slog.Logger
}

// New makes an Outbox.
func New(o Options) *Outbox {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Outbox{db: o.DB, sender: o.Sender, now: o.Now, wake: o.Wake, log: o.Log}
}

// Wake asks for the owed mails to be sent soon. Call it after the transaction that enqueued them
// has committed: before, there is nothing to find.
func (o *Outbox) Wake() { o.wake() }

// maxSubject keeps a header within what every server accepts.
const maxSubject = 200

// Enqueue owes m, in the caller's transaction. The occasion that has a mail already gets no second
// one; that is no error, because the same fact is often found twice.
func (o *Outbox) Enqueue(tx *gorm.DB, m Message) error {
	if m.DedupeKey == "" || m.Kind == "" {
		return errors.New("enqueue mail: a dedupe key and a kind are needed")
	}
	to, err := address(m.To)
	if err != nil {
		return fmt.Errorf("enqueue %s mail: %w", m.Kind, err)
	}
	now := o.now().UTC().Truncate(time.Microsecond)
	row := models.Mail{
		PublicID: models.NewPublicID("mail"), DedupeKey: m.DedupeKey, Kind: m.Kind,
		UserID: m.UserID, AccountID: m.AccountID,
		ToAddress: to, Subject: headerLine(m.Subject), HTML: m.HTML, Text: m.Text, Secret: m.Secret,
		State: models.MailPending, NextAt: now, CreatedAt: now,
	}
	err = tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "dedupe_key"}}, DoNothing: true,
	}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("enqueue %s mail: %w", m.Kind, err)
	}
	return nil
}

// Withdraw takes back mails that are no longer true, by their dedupe keys, in the caller's transaction. One that is on
// its way to the server at this moment, or beyond, cannot be taken back. The occasion still counts as told.
func (o *Outbox) Withdraw(tx *gorm.DB, keys ...string) error {
	now := o.now().UTC().Truncate(time.Microsecond)
	err := tx.Model(&models.Mail{}).Where("dedupe_key IN ? AND state = ?", keys, models.MailPending).
		Where("lease_until IS NULL OR lease_until <= ?", now).Update("state", models.MailDropped).Error
	if err != nil {
		return fmt.Errorf("withdraw mails: %w", err)
	}
	return nil
}

// Drop takes back every mail that was owed up to a moment and is not sent, in the caller's transaction.
func (o *Outbox) Drop(tx *gorm.DB, until time.Time) error {
	err := tx.Model(&models.Mail{}).Where("state = ? AND created_at <= ?", models.MailPending, until).
		Update("state", models.MailDropped).Error
	if err != nil {
		return fmt.Errorf("drop mails: %w", err)
	}
	return nil
}

// address accepts exactly one bare address: no display name, no list, nothing a header could be
// smuggled in.
func address(raw string) (string, error) {
	parsed, err := netmail.ParseAddress(raw)
	if err != nil || parsed.Name != "" || strings.ContainsFunc(raw, unicode.IsControl) {
		return "", errors.New("not an address")
	}
	return parsed.Address, nil
}

// headerLine makes text fit for one header: names that people chose end up in subjects.
func headerLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxSubject {
		text = string(runes[:maxSubject-1]) + "…"
	}
	return text
}
