package auth

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// The most accounts that a user may own, and that are listed.
const (
	accountsOwned  = 10
	accountsListed = 200
)

// Belonging is an account that a user belongs to.
type Belonging struct {
	models.Account
	Role    models.Role
	Members int64
}

// Accounts lists those that the user belongs to, the oldest membership first.
func (s *Service) Accounts(ctx context.Context, id *Identity) ([]Belonging, error) {
	var list []Belonging
	err := s.db.Read(ctx).Table("memberships").
		Select("accounts.*, memberships.role, (SELECT COUNT(*) FROM memberships m WHERE m.account_id = accounts.id) AS members").
		Joins("JOIN accounts ON accounts.id = memberships.account_id").Where("memberships.user_id = ?", id.User.ID).
		Order("memberships.id").Limit(accountsListed).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

// CreateAccount makes another account, which the user owns, and takes the browser there. Only who has proven the
// address may have more than one.
func (s *Service) CreateAccount(ctx context.Context, id *Identity, name string, inTx NewAccount) (models.Account, error) {
	name, code := cleanName(name, "account_name", maxName)
	if code != "" {
		return models.Account{}, fault.Form(map[string]string{"name": code})
	}
	if !id.Verified() {
		return models.Account{}, fault.New(fault.Conflict, "verify_for_account")
	}
	var account models.Account
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var owned int64
		err := tx.Model(&models.Membership{}).Where("user_id = ? AND role = ?", id.User.ID, models.RoleOwner).Count(&owned).Error
		if err != nil {
			return fmt.Errorf("count accounts: %w", err)
		}
		if owned >= accountsOwned {
			return fault.New(fault.Conflict, "accounts_full")
		}
		if account, err = s.createAccount(tx, id.User, name, inTx); err != nil {
			return err
		}
		return s.moveSession(tx, id, account.ID)
	})
	return account, err
}

// createAccount makes an account that the user owns.
func (s *Service) createAccount(tx *gorm.DB, user models.User, name string, inTx NewAccount) (models.Account, error) {
	now := s.clock()
	account := models.Account{
		PublicID: models.NewPublicID("acct"), Name: name, BillingEmail: user.Email, CreatedBy: user.ID,
		CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Create(&account).Error; err != nil {
		return account, fmt.Errorf("create account: %w", err)
	}
	owner := models.Membership{AccountID: account.ID, UserID: user.ID, Role: models.RoleOwner, CreatedAt: now}
	if err := tx.Create(&owner).Error; err != nil {
		return account, fmt.Errorf("create its owner: %w", err)
	}
	if inTx == nil {
		return account, nil
	}
	return account, inTx(tx, user, account)
}

// SwitchAccount makes the browser work in another account of its user. The fault is not_found for any other.
//
// Forms of the account that it worked in before are refused from then on, in whatever tab they are open: see
// formBinding.
func (s *Service) SwitchAccount(ctx context.Context, id *Identity, account string) error {
	unknown := fault.New(fault.NotFound, "not_found")
	if !PlausibleID(account) {
		return unknown
	}
	var ids []int64
	err := s.db.Read(ctx).Table("memberships").Joins("JOIN accounts ON accounts.id = memberships.account_id").
		Where("memberships.user_id = ? AND accounts.public_id = ?", id.User.ID, account).
		Limit(1).Pluck("accounts.id", &ids).Error
	if err != nil {
		return fmt.Errorf("find the account: %w", err)
	}
	if len(ids) == 0 {
		return unknown
	}
	return s.moveSession(s.db.Write(ctx), id, ids[0])
}

func (s *Service) moveSession(tx *gorm.DB, id *Identity, accountID int64) error {
	err := tx.Model(&models.Session{}).Where("id_hash = ?", id.Session.IDHash).Update("account_id", accountID).Error
	if err != nil {
		return fmt.Errorf("switch the account: %w", err)
	}
	return nil
}
