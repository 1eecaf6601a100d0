package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"example.com/tollgate/billing"
	"example.com/tollgate/models"
)

// TestL23_TheTeamKeepsItsPlanWhenItsOwnerGoes: the account has the customer and the plan, and whoever made it is only
// one of its members.
func TestL23_TheTeamKeepsItsPlanWhenItsOwnerGoes(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		account, customer := w.subscriber("ada")
		heir := w.account("grace").CreatedBy
		require.NoError(t, w.db.Tx(w.ctx(), func(tx *gorm.DB) error {
			left := tx.Where("account_id = ? AND user_id = ?", account.ID, account.CreatedBy).Delete(&models.Membership{})
			if left.Error != nil {
				return left.Error
			}
			gone := tx.Model(&models.User{}).Where("id = ?", account.CreatedBy).Update("disabled_at", time.Now().UTC())
			if gone.Error != nil {
				return gone.Error
			}
			now := time.Now().UTC()
			member := &models.Membership{AccountID: account.ID, UserID: heir, Role: models.RoleOwner, CreatedAt: now}
			if err := tx.Create(member).Error; err != nil {
				return err
			}
			return tx.Model(&models.Account{}).Where("id = ?", account.ID).Update("billing_email", "grace@example.com").Error
		}))
		w.stripe.MustAdvance(14*day + 2*time.Hour)
		w.settle()
		require.Equal(t, billing.ReasonActive, w.access(account).Reason)
		require.Equal(t, "pro", w.access(account).Granted.Key)
		found, err := w.EnsureCustomer(w.ctx(), account.ID)
		require.NoError(t, err)
		require.Equal(t, customer, found)
		require.EqualValues(t, 1, w.count("customers", "account_id = ?", account.ID))
		require.EqualValues(t, 1, w.count("mails", "account_id = ? AND kind = 'receipt' AND to_address = 'grace@example.com'", account.ID))
		require.Zero(t, w.count("mails", "kind = 'receipt' AND to_address = 'ada@example.com'"))

		// Who takes over decides about the plan, and has had no trial by it.
		down, err := w.OfferChange(w.ctx(), billing.ChangeInput{AccountID: account.ID, LookupKey: "starter_v1_month"})
		require.NoError(t, err)
		_, err = w.ConfirmChange(w.ctx(), account.ID, down)
		require.NoError(t, err)
		require.NoError(t, w.Cancel(w.ctx(), account.ID, billing.CancelReason{}))
		require.Equal(t, billing.ReasonEnding, w.access(account).Reason)
	})
}
