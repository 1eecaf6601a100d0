package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// MembersPerPage bounds one page of members, and membersMax a team with those who are invited to it.
const (
	MembersPerPage = 25
	membersMax     = 500
)

// Member is one person of a team. ID is the user's public id.
type Member struct {
	ID, Name, Email string
	Role            models.Role
	JoinedAt        time.Time
}

// Members reads one page of the account's members, those who joined first in front, and how many there are.
// page counts from 1.
func (s *Service) Members(ctx context.Context, id *Identity, page int) ([]Member, int64, error) {
	var total int64
	err := s.db.Read(ctx).Model(&models.Membership{}).Where("account_id = ?", id.Account.ID).Count(&total).Error
	if err != nil {
		return nil, 0, fmt.Errorf("count members: %w", err)
	}
	var members []Member
	err = s.db.Read(ctx).Table("memberships").
		Select("users.public_id AS id, users.name, users.email, memberships.role, memberships.created_at AS joined_at").
		Joins("JOIN users ON users.id = memberships.user_id").Where("memberships.account_id = ?", id.Account.ID).
		Order("memberships.id").Limit(MembersPerPage).Offset((page - 1) * MembersPerPage).Scan(&members).Error
	if err != nil {
		return nil, 0, fmt.Errorf("list members: %w", err)
	}
	return members, total, nil
}

// RenameAccount gives the account another name. It returns a form's fault for a name that will not do.
func (s *Service) RenameAccount(ctx context.Context, id *Identity, name string) error {
	name, code := cleanName(name, "account_name", maxName)
	if code != "" {
		return fault.Form(map[string]string{"name": code})
	}
	return s.changeTeam(ctx, id, ManageTeam, func(tx *gorm.DB) error {
		err := tx.Model(&models.Account{}).Where("id = ?", id.Account.ID).
			Updates(map[string]any{"name": name, "updated_at": s.clock()}).Error
		if err != nil {
			return fmt.Errorf("rename account: %w", err)
		}
		return nil
	})
}

// SetRole gives a member another role, except that of the owner, and except to the owner: HandOverTo does both.
func (s *Service) SetRole(ctx context.Context, id *Identity, member string, role models.Role) error {
	if !slices.Contains(GrantableRoles(), role) {
		return fault.New(fault.Invalid, "role_unknown")
	}
	return s.changeTeam(ctx, id, ManageTeam, func(tx *gorm.DB) error {
		at, _, err := s.findMember(tx, id.Account.ID, member)
		if err != nil {
			return err
		}
		if at.Role == models.RoleOwner {
			return fault.New(fault.Conflict, "owner_stays")
		}
		return setRole(tx, at.ID, role)
	})
}

// HandOverTo makes another member the owner, and the owner an admin. The new one must have proven the address.
func (s *Service) HandOverTo(ctx context.Context, id *Identity, member string) error {
	return s.changeTeam(ctx, id, HandOver, func(tx *gorm.DB) error {
		at, user, err := s.findMember(tx, id.Account.ID, member)
		if err != nil {
			return err
		}
		if user.ID == id.User.ID {
			return fault.New(fault.Conflict, "owner_already")
		}
		if user.EmailVerifiedAt == nil {
			return fault.New(fault.Conflict, "heir_unverified")
		}
		mine, err := s.membership(tx, id.Account.ID, id.User.ID)
		if err != nil {
			return err
		}
		// In this order, because an account never has two.
		if err := setRole(tx, mine.ID, models.RoleAdmin); err != nil {
			return err
		}
		if err := setRole(tx, at.ID, models.RoleOwner); err != nil {
			return err
		}
		return s.oweHandedOver(tx, user, id)
	})
}

// NewAccount takes part in the transaction that makes an account: billing owes Stripe a customer for it there.
type NewAccount func(tx *gorm.DB, user models.User, account models.Account) error

// RemoveMember takes somebody out of the account: their keys and invitations end, their browsers go on in another
// account of theirs, and they are told. Whoever would have none left is given an empty one.
func (s *Service) RemoveMember(ctx context.Context, id *Identity, member string, inTx NewAccount) error {
	return s.changeTeam(ctx, id, ManageTeam, func(tx *gorm.DB) error {
		at, user, err := s.findMember(tx, id.Account.ID, member)
		if err != nil {
			return err
		}
		if at.Role == models.RoleOwner {
			return fault.New(fault.Conflict, "owner_stays")
		}
		if err := s.part(tx, at, user, inTx); err != nil || user.ID == id.User.ID {
			return err
		}
		return s.oweRemoved(tx, user, id.Account)
	})
}

// Leave takes whoever asks out of the account. Its owner hands it over first.
func (s *Service) Leave(ctx context.Context, id *Identity, inTx NewAccount) error {
	return s.changeTeam(ctx, id, OwnAffairs, func(tx *gorm.DB) error {
		at, err := s.membership(tx, id.Account.ID, id.User.ID)
		if err != nil {
			return err
		}
		if at.Role == models.RoleOwner {
			return fault.New(fault.Conflict, "owner_cannot_leave")
		}
		return s.part(tx, at, id.User, inTx)
	})
}

// part ends a membership and everything that rests on it.
func (s *Service) part(tx *gorm.DB, at models.Membership, user models.User, inTx NewAccount) error {
	if err := tx.Delete(&models.Membership{}, at.ID).Error; err != nil {
		return fmt.Errorf("end the membership: %w", err)
	}
	now := s.clock()
	err := tx.Model(&models.APIKey{}).Where("account_id = ? AND user_id = ? AND revoked_at IS NULL", at.AccountID, at.UserID).
		Update("revoked_at", now).Error
	if err != nil {
		return fmt.Errorf("revoke keys: %w", err)
	}
	err = tx.Model(&models.Invitation{}).
		Where("account_id = ? AND invited_by = ? AND accepted_at IS NULL AND revoked_at IS NULL", at.AccountID, at.UserID).
		Update("revoked_at", now).Error
	if err != nil {
		return fmt.Errorf("revoke invitations: %w", err)
	}
	home, err := s.otherAccount(tx, user, inTx)
	if err != nil {
		return err
	}
	err = tx.Model(&models.Session{}).Where("account_id = ? AND user_id = ?", at.AccountID, at.UserID).
		Update("account_id", home).Error
	if err != nil {
		return fmt.Errorf("move sessions: %w", err)
	}
	return nil
}

// otherAccount is an account that is left to a user, or a new one.
func (s *Service) otherAccount(tx *gorm.DB, user models.User, inTx NewAccount) (int64, error) {
	var ids []int64
	err := tx.Model(&models.Membership{}).Where("user_id = ?", user.ID).Order("id").Limit(1).Pluck("account_id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("find another account: %w", err)
	}
	if len(ids) > 0 {
		return ids[0], nil
	}
	account, err := s.createAccount(tx, user, user.Name, inTx)
	return account.ID, err
}

// changeTeam runs fn while nobody else changes the same team, if whoever asks may do so still: what the session
// knows is a moment old.
func (s *Service) changeTeam(ctx context.Context, id *Identity, need Permission, fn func(tx *gorm.DB) error) error {
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var account models.Account
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Select("id").Take(&account, id.Account.ID).Error
		if err != nil {
			return fmt.Errorf("lock the account: %w", err)
		}
		mine, err := s.membership(tx, id.Account.ID, id.User.ID)
		if err != nil {
			return err
		}
		if !May(mine.Role, need) {
			return fault.New(fault.Forbidden, "role_forbidden")
		}
		return fn(tx)
	})
	if err == nil {
		s.outbox.Wake()
	}
	return err
}

// membership is that of a user in an account. Without one the fault is role_forbidden.
func (s *Service) membership(tx *gorm.DB, accountID, userID int64) (models.Membership, error) {
	var at models.Membership
	err := tx.Where("account_id = ? AND user_id = ?", accountID, userID).Take(&at).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return at, fault.New(fault.Forbidden, "role_forbidden")
	}
	if err != nil {
		return at, fmt.Errorf("read the membership: %w", err)
	}
	return at, nil
}

// findMember is a member of the account by the user's public id. For somebody else's the fault is not_found.
func (s *Service) findMember(tx *gorm.DB, accountID int64, member string) (models.Membership, models.User, error) {
	var at models.Membership
	var user models.User
	unknown := fault.New(fault.NotFound, "not_found")
	if !PlausibleID(member) {
		return at, user, unknown
	}
	err := tx.Where("public_id = ?", member).Take(&user).Error
	if err == nil {
		err = tx.Where("account_id = ? AND user_id = ?", accountID, user.ID).Take(&at).Error
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return at, user, unknown
	}
	if err != nil {
		return at, user, fmt.Errorf("find the member: %w", err)
	}
	return at, user, nil
}

func setRole(tx *gorm.DB, membership int64, role models.Role) error {
	if err := tx.Model(&models.Membership{}).Where("id = ?", membership).Update("role", role).Error; err != nil {
		return fmt.Errorf("set the role: %w", err)
	}
	return nil
}
