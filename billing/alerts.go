package billing

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
	"example.com/tollgate/views/emails"
)

// mailAgain is how long an alert that lasts waits before the admins are told of it again.
const mailAgain = 24 * time.Hour

// Alert is something that a person should look at.
type Alert struct {
	Kind      string // a row of AlertKinds
	Key       string // which of its kind, such as an object's id; empty where there is only ever one
	Subject   string // what it is about, in a few words
	Detail    string // what was seen, with figures
	AccountID int64  // the account that it is about, or zero
}

// Raise opens an alert, or counts it up while it is open. The admins get a mail when it opens, and at
// most one a day for as long as it is seen again; none where a notice of its own tells them of the same.
// The error is our database's, or an unknown kind.
func (s *Service) Raise(ctx context.Context, alert Alert) error {
	err := s.DB.Tx(ctx, func(tx *gorm.DB) error { return s.RaiseIn(tx, alert) })
	if err == nil && len(s.AdminEmails) > 0 {
		s.Outbox.Wake()
	}
	return err
}

// RaiseIn is Raise in the caller's transaction, so that the alert is kept exactly if what it tells of is.
func (s *Service) RaiseIn(tx *gorm.DB, alert Alert) error { return s.raise(tx, alert, 1) }

// raiseSQL also says that an alert is still true, without counting, where it is a state that lasts and
// no event that happens again.
const raiseSQL = `
INSERT INTO alerts (public_id, stripe_account, livemode, kind, alert_key, account_id, subject, detail, count,
    first_at, last_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
ON CONFLICT (stripe_account, livemode, kind, alert_key) WHERE resolved_at IS NULL DO UPDATE
SET count = alerts.count + ?, last_at = excluded.last_at, subject = excluded.subject, detail = excluded.detail
RETURNING *`

func (s *Service) raise(tx *gorm.DB, alert Alert, times int64) error {
	kind, ok := alertKind(alert.Kind)
	if !ok {
		return fmt.Errorf("raise %s: there is no such kind of alert", alert.Kind)
	}
	var account *int64
	if alert.AccountID != 0 {
		account = &alert.AccountID
	}
	wall := s.wall()
	var row models.Alert
	err := tx.Raw(raiseSQL, models.NewPublicID("alert"), s.Connection.StripeAccount, s.Connection.Livemode,
		alert.Kind, clip(alert.Key), account, clip(alert.Subject), clip(alert.Detail), wall, wall, times).Scan(&row).Error
	if err != nil {
		return fmt.Errorf("raise %s %s: %w", alert.Kind, alert.Key, err)
	}
	if row.MailedAt != nil && wall.Sub(*row.MailedAt) < mailAgain || tellsAdmins(alert.Kind) {
		return nil
	}
	s.Logger.Warn("alert", "kind", row.Kind, "key", row.Key, "subject", row.Subject, "detail", row.Detail)
	if err := tx.Model(&models.Alert{}).Where("id = ?", row.ID).Update("mailed_at", wall).Error; err != nil {
		return fmt.Errorf("raise %s %s: %w", alert.Kind, alert.Key, err)
	}
	return s.mailAlert(tx, kind, row, wall)
}

// mailAlert owes every admin a mail. The time is in the key, because an alert that lasts has more than one.
func (s *Service) mailAlert(tx *gorm.DB, kind AlertKind, row models.Alert, wall time.Time) error {
	written := emails.Alert(emails.AlertRaised{
		Sender: emails.Sender{AppName: s.AppName, AppURL: s.AppURL, Locale: "en-US", Zone: time.UTC},
		Title:  kind.Title, Means: kind.Means, Do: kind.Do, Subject: row.Subject, Detail: row.Detail,
		Count: row.Count, FirstAt: row.FirstAt, LastAt: row.LastAt, URL: s.AppURL + "/admin/alerts",
	})
	for _, admin := range s.AdminEmails {
		err := s.Outbox.Enqueue(tx, mail.Message{
			DedupeKey: "alert:" + row.PublicID + ":" + unix(wall) + ":" + admin, Kind: mailKindAlert,
			To: admin, Subject: written.Subject, HTML: written.HTML, Text: written.Text,
		})
		if err != nil {
			return fmt.Errorf("owe %s the mail about %s: %w", admin, row.Kind, err)
		}
	}
	return nil
}

// mailKindAlert is the kind of the mails about alerts, which raise none when they fail.
const mailKindAlert = "alert"

// Resolve closes the open alert of a kind and key. There need not be one.
func (s *Service) Resolve(ctx context.Context, kind, key string) error {
	return s.resolve(s.DB.Write(ctx), kind, key)
}

// ResolveIn is Resolve in the caller's transaction.
func (s *Service) ResolveIn(tx *gorm.DB, kind, key string) error { return s.resolve(tx, kind, key) }

func (s *Service) resolve(db *gorm.DB, kind, key string) error {
	where, account, live := inConnection(s.Connection)
	err := db.Model(&models.Alert{}).Where(where, account, live).
		Where("kind = ? AND alert_key = ? AND resolved_at IS NULL", kind, clip(key)).
		Update("resolved_at", s.wall()).Error
	if err != nil {
		return fmt.Errorf("resolve %s %s: %w", kind, key, err)
	}
	return nil
}

// ResolveAlert closes one alert because an admin says so. What is still true raises a new one. The fault
// is NotFound for an id that is not there; one that is closed already stays as it is.
func (s *Service) ResolveAlert(ctx context.Context, publicID, by string) error {
	alert, err := s.DB.FindAlert(ctx, s.Connection, publicID)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx).Model(&models.Alert{}).Where("id = ? AND resolved_at IS NULL", alert.ID).
		Updates(map[string]any{"resolved_at": s.wall(), "resolved_by": by}).Error
	if err != nil {
		return fmt.Errorf("resolve alert %s: %w", publicID, err)
	}
	return nil
}
