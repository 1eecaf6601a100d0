package billing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// pollCustomer is how often a request looks whether the job has made the customer it needs.
const pollCustomer = 100 * time.Millisecond

// QueueCustomer owes Stripe the creation of an account's customer, in the transaction that creates
// the account. The idempotency key is stored with it, so that however often the call is made, and by
// whichever process, Stripe makes one customer. An account that already has a call owed, or a
// customer, is left alone.
func (s *Service) QueueCustomer(tx *gorm.DB, user models.User, account models.Account) error {
	var earlier []models.Customer
	where, stripeAccount, live := inConnection(s.Connection)
	err := tx.Where(where, stripeAccount, live).Where("account_id = ?", account.ID).Find(&earlier).Error
	if err != nil {
		return fmt.Errorf("read customers of account %d: %w", account.ID, err)
	}
	for _, customer := range earlier {
		if customer.ReplacedAt == nil && customer.DeletedAt == nil {
			return nil
		}
	}
	params, err := json.Marshal(CustomerParams{
		Email: account.BillingEmail, Name: user.Name, Locale: user.Locale,
		Metadata: map[string]string{
			"user_id": user.PublicID, "account_id": account.PublicID, "source": "signup",
		},
	})
	if err != nil {
		return fmt.Errorf("encode the customer: %w", err)
	}
	wall := s.wall()
	err = tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "idem_key"}}, DoNothing: true}).
		Create(&models.StripeOp{
			AccountID: account.ID, StripeAccount: stripeAccount, Livemode: live, Kind: opCreateCustomer,
			// Each customer of an account has its number, so a replacement has a key of its own.
			IdemKey: fmt.Sprintf("customer_%s_%s_%d", stripeAccount, account.PublicID, len(earlier)+1),
			Params:  string(params), State: models.OpPending, NextAt: wall, CreatedAt: wall,
		}).Error
	if err != nil {
		return fmt.Errorf("owe the customer of account %d: %w", account.ID, err)
	}
	return models.IndexSubscriber(tx, s.Connection, account.ID)
}

// AccountRenamed makes the admin's list find an account by its owner's new name. It runs in the
// transaction that changes the name.
func (s *Service) AccountRenamed(tx *gorm.DB, accountID int64) error {
	return models.IndexSubscriber(tx, s.Connection, accountID)
}

// CustomerQueued wakes the job for a customer that QueueCustomer owes, once that is committed.
func (s *Service) CustomerQueued() { s.Wake(JobOps) }

// EnsureCustomer gives the account's Stripe customer, making it now if the job has not yet. The
// fault is Unavailable customer_pending when Stripe cannot make it before ctx ends: the job goes on trying.
func (s *Service) EnsureCustomer(ctx context.Context, accountID int64) (string, error) {
	id, err := s.ensureCustomer(ctx, accountID)
	return id, overdue(ctx, err, "customer_pending")
}

func (s *Service) ensureCustomer(ctx context.Context, accountID int64) (string, error) {
	customer, err := s.currentCustomer(ctx, accountID)
	if err != nil {
		return "", err
	}
	if customer != nil {
		return customer.StripeID, nil
	}
	if err := s.queueForAccount(ctx, accountID); err != nil {
		return "", err
	}
	ticker := time.NewTicker(pollCustomer)
	defer ticker.Stop()
	for {
		ops, err := s.leaseOps(ctx, 1, func(tx *gorm.DB) *gorm.DB {
			return tx.Where("account_id = ? AND kind = ?", accountID, opCreateCustomer)
		})
		if err != nil {
			return "", err
		}
		for _, op := range ops {
			if err := s.runOp(ctx, op); err != nil {
				return "", fault.Wrap(err, fault.Unavailable, "customer_pending")
			}
		}
		if customer, err = s.currentCustomer(ctx, accountID); err != nil {
			return "", err
		}
		if customer != nil {
			return customer.StripeID, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
		}
	}
}

// overdue gives whatever failed because ctx had ended the words for that, be it a call to Stripe, our database, or a wait:
// which of them notices first is chance.
func overdue(ctx context.Context, err error, code string) error {
	var worded *fault.Error
	if err == nil || ctx.Err() == nil || errors.As(err, &worded) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, code)
}

// queueForAccount owes a customer to an account that was made under another Stripe account, or
// whose customer was deleted at Stripe. An operation put off by an outage is made due again, because
// somebody is waiting for it.
func (s *Service) queueForAccount(ctx context.Context, accountID int64) error {
	return s.DB.Tx(ctx, func(tx *gorm.DB) error {
		where, stripeAccount, live := inConnection(s.Connection)
		hurried := tx.Model(&models.StripeOp{}).Where(where, stripeAccount, live).
			Where("account_id = ? AND kind = ? AND state IN ?", accountID, opCreateCustomer,
				[]string{models.OpPending, models.OpDead}).
			Updates(map[string]any{"next_at": s.wall(), "state": models.OpPending})
		if hurried.Error != nil {
			return fmt.Errorf("hurry the customer of account %d: %w", accountID, hurried.Error)
		}
		if hurried.RowsAffected > 0 {
			return nil
		}
		var account models.Account
		if err := tx.Take(&account, accountID).Error; err != nil {
			return fmt.Errorf("read account %d: %w", accountID, err)
		}
		var user models.User
		if err := tx.Take(&user, account.CreatedBy).Error; err != nil {
			return fmt.Errorf("read the owner of account %d: %w", accountID, err)
		}
		return s.QueueCustomer(tx, user, account)
	})
}

// createCustomer makes the customer, unless an earlier try whose outcome was never learnt has.
func (s *Service) createCustomer(ctx context.Context, op *models.StripeOp) (string, error) {
	var params CustomerParams
	if err := json.Unmarshal([]byte(op.Params), &params); err != nil {
		return "", fmt.Errorf("decode operation %d: %w", op.ID, err)
	}
	if s.mustLook(*op) {
		id, found, err := s.Stripe.FindCustomer(ctx, params.Email, params.Metadata["account_id"])
		if err != nil {
			return "", fmt.Errorf("look for the customer: %w", err)
		}
		if found {
			return id, nil
		}
	}
	id, err := s.Stripe.CreateCustomer(ctx, params, s.opKey(*op, ""))
	if err != nil {
		return "", fmt.Errorf("create the customer: %w", err)
	}
	return id, nil
}

func (s *Service) finishCustomer(tx *gorm.DB, op models.StripeOp, id string) error {
	wall := s.wall()
	where, stripeAccount, live := inConnection(s.Connection)
	err := tx.Model(&models.Customer{}).Where(where, stripeAccount, live).
		Where("account_id = ? AND replaced_at IS NULL AND deleted_at IS NOT NULL", op.AccountID).
		Update("replaced_at", wall).Error
	if err != nil {
		return fmt.Errorf("replace the deleted customer: %w", err)
	}
	err = tx.Create(&models.Customer{
		AccountID: op.AccountID, StripeAccount: stripeAccount, Livemode: live, StripeID: id,
		CreatedAt: wall, UpdatedAt: wall,
	}).Error
	if err != nil {
		return fmt.Errorf("insert customer %s: %w", id, err)
	}
	if err := tx.Exec(dirtySQL, stripeAccount, live, id, wall).Error; err != nil {
		return fmt.Errorf("mark customer %s dirty: %w", id, err)
	}
	return models.IndexSubscriber(tx, s.Connection, op.AccountID)
}
