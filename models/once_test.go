package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

// TestWhatMayBeThereOnce holds the promises that only the database can keep, because two programs may
// make them at the same instant: the second of a kind is refused, and a second that differs in what
// counts is not.
func TestWhatMayBeThereOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		insert := func(row any) error { return db.Write(t.Context()).Create(row).Error }
		user := newUser("ada@example.com")
		require.NoError(t, insert(user))
		account := &models.Account{PublicID: models.NewPublicID("acc"), Name: "Ada", CreatedBy: user.ID}
		require.NoError(t, insert(account))

		customer := func(id string, replaced *time.Time) *models.Customer {
			return &models.Customer{AccountID: account.ID, StripeAccount: "acct_1", StripeID: id, ReplacedAt: replaced}
		}
		require.NoError(t, insert(customer("cus_1", nil)))
		require.ErrorIs(t, insert(customer("cus_2", nil)), gorm.ErrDuplicatedKey, "one current customer of an account")
		require.NoError(t, insert(customer("cus_3", &now)), "replaced ones stay")

		checkout := func(state string) *models.Checkout {
			return &models.Checkout{
				PublicID: models.NewPublicID("co"), AccountID: account.ID, UserID: user.ID, StripeAccount: "acct_1",
				LookupKey: "pro_v1_month", Quantity: 1, State: state, ExpiresAt: now,
			}
		}
		require.NoError(t, insert(checkout(models.CheckoutCreating)))
		require.ErrorIs(t, insert(checkout(models.CheckoutOpen)), gorm.ErrDuplicatedKey, "one open checkout of an account")
		require.NoError(t, insert(checkout(models.CheckoutExpired)))

		event := func(id, connection string) *models.WebhookEvent {
			return &models.WebhookEvent{
				PublicID: models.NewPublicID("evt"), StripeAccount: connection, EventID: id, Type: "customer.updated",
				Payload: []byte("{}"), OccurredAt: now, ReceivedAt: now, State: models.EventPending,
			}
		}
		require.NoError(t, insert(event("evt_1", "acct_1")))
		require.ErrorIs(t, insert(event("evt_1", "acct_1")), gorm.ErrDuplicatedKey, "an event is stored once")
		require.NoError(t, insert(event("evt_1", "acct_2")), "an id means something in its own Stripe account only")

		mail := func(key string) *models.Mail {
			return &models.Mail{
				PublicID: models.NewPublicID("ml"), DedupeKey: key, Kind: "receipt", ToAddress: "ada@example.com",
				State: models.MailPending, NextAt: now,
			}
		}
		require.NoError(t, insert(mail("fact:1")))
		require.ErrorIs(t, insert(mail("fact:1")), gorm.ErrDuplicatedKey, "a mail is owed once")
	})
}
