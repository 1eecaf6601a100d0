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

// The limits of inviting: it sends mail to people who did not ask for it.
const (
	inviteFor           = 7 * 24 * time.Hour
	invitationsMemory   = 30 * 24 * time.Hour // after they end
	invitationsOpen     = 50
	invitationsPerDay   = 100
	invitationsToOneDay = 3
)

// stillOpen narrows invitations to those that could still be accepted.
func (s *Service) stillOpen(tx *gorm.DB) *gorm.DB {
	return tx.Where("accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?", s.clock())
}

// Invite mails an invitation to join the account in a role. An earlier one to the same address ends, so that the last
// one says what holds. Only who has proven their own address may have mail sent to others.
func (s *Service) Invite(ctx context.Context, id *Identity, address string, role models.Role) error {
	email, ok := NormalizeEmail(address)
	problems := map[string]string{}
	if !ok {
		problems["email"] = "email_invalid"
	}
	if !slices.Contains(GrantableRoles(), role) {
		problems["role"] = "role_unknown"
	}
	if len(problems) > 0 {
		return fault.Form(problems)
	}
	if !id.Verified() {
		return fault.New(fault.Conflict, "verify_to_invite")
	}
	return s.changeTeam(ctx, id, ManageTeam, func(tx *gorm.DB) error { return s.invite(tx, id, email, role) })
}

// InviteAgain mails another link for an invitation that is open or has run out.
func (s *Service) InviteAgain(ctx context.Context, id *Identity, invitation string) error {
	return s.changeTeam(ctx, id, ManageTeam, func(tx *gorm.DB) error {
		row, err := s.findInvitation(tx, id, invitation)
		if err != nil {
			return err
		}
		return s.invite(tx, id, row.Email, row.Role)
	})
}

func (s *Service) invite(tx *gorm.DB, id *Identity, email string, role models.Role) error {
	if err := s.mayInvite(tx, id, email); err != nil {
		return err
	}
	now, secret := s.clock(), models.NewToken()
	err := tx.Model(&models.Invitation{}).
		Where("account_id = ? AND email = ? AND accepted_at IS NULL AND revoked_at IS NULL", id.Account.ID, email).
		Update("revoked_at", now).Error
	if err != nil {
		return fmt.Errorf("replace the invitation: %w", err)
	}
	row := models.Invitation{
		PublicID: models.NewPublicID("inv"), AccountID: id.Account.ID, Email: email, Role: role, TokenHash: digest(secret),
		InvitedBy: id.User.ID, CreatedAt: now, ExpiresAt: now.Add(inviteFor),
	}
	if err := tx.Create(&row).Error; err != nil {
		return fmt.Errorf("create invitation: %w", err)
	}
	return s.oweInvitation(tx, id, row, secret)
}

// mayInvite holds an invitation against the members and the limits.
func (s *Service) mayInvite(tx *gorm.DB, id *Identity, email string) error {
	members := func() *gorm.DB { return tx.Model(&models.Membership{}).Where("account_id = ?", id.Account.ID) }
	made := func() *gorm.DB {
		return tx.Model(&models.Invitation{}).Where("account_id = ?", id.Account.ID)
	}
	since := s.clock().Add(-24 * time.Hour)
	var already, people, open, today, toOne int64
	err := errors.Join(
		members().Where("user_id IN (?)", tx.Model(&models.User{}).Select("id").Where("email = ?", email)).Count(&already).Error,
		members().Count(&people).Error,
		s.stillOpen(made()).Where("email <> ?", email).Count(&open).Error,
		made().Where("created_at > ?", since).Count(&today).Error,
		made().Where("created_at > ? AND email = ?", since, email).Count(&toOne).Error,
	)
	switch {
	case err != nil:
		return fmt.Errorf("count invitations: %w", err)
	case already > 0:
		return fault.Form(map[string]string{"email": "already_member"})
	case open >= invitationsOpen, people+open >= membersMax:
		return fault.New(fault.Conflict, "invitations_full")
	case today >= invitationsPerDay, toOne >= invitationsToOneDay:
		limited := fault.New(fault.RateLimited, "invitations_limited")
		limited.RetryAfter = time.Hour
		return limited
	}
	return nil
}

// Invitations lists the account's that nobody has accepted or revoked, newest first, those that ran out included.
func (s *Service) Invitations(ctx context.Context, id *Identity) ([]models.Invitation, error) {
	var list []models.Invitation
	err := s.db.Read(ctx).Where("account_id = ? AND accepted_at IS NULL AND revoked_at IS NULL", id.Account.ID).
		Order("id DESC").Limit(2 * invitationsOpen).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return list, nil
}

// RevokeInvitation makes its link worthless, at once.
func (s *Service) RevokeInvitation(ctx context.Context, id *Identity, invitation string) error {
	return s.changeTeam(ctx, id, ManageTeam, func(tx *gorm.DB) error {
		row, err := s.findInvitation(tx, id, invitation)
		if err != nil {
			return err
		}
		if err := tx.Model(&row).Update("revoked_at", s.clock()).Error; err != nil {
			return fmt.Errorf("revoke invitation: %w", err)
		}
		return nil
	})
}

// findInvitation is one of the account's that nobody has accepted or revoked.
func (s *Service) findInvitation(tx *gorm.DB, id *Identity, invitation string) (models.Invitation, error) {
	var row models.Invitation
	unknown := fault.New(fault.NotFound, "not_found")
	if !PlausibleID(invitation) {
		return row, unknown
	}
	err := tx.Where("public_id = ? AND account_id = ? AND accepted_at IS NULL AND revoked_at IS NULL",
		invitation, id.Account.ID).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, unknown
	}
	if err != nil {
		return row, fmt.Errorf("find invitation: %w", err)
	}
	return row, nil
}

// Invited is what an invitation says to whoever opens it.
type Invited struct {
	models.Invitation
	Account string // its name
	Inviter string // their name
}

// ReadInvitation gives what a link invites to, and uses nothing: programs that read mail follow links too. The fault
// is token_invalid for one that was used or revoked, or is too old.
func (s *Service) ReadInvitation(ctx context.Context, token string) (Invited, error) {
	return s.readInvitation(s.db.Read(ctx), token)
}

func (s *Service) readInvitation(tx *gorm.DB, token string) (Invited, error) {
	var found []Invited
	invalid := fault.New(fault.Invalid, "token_invalid")
	if !PlausibleID(token) {
		return Invited{}, invalid
	}
	err := s.stillOpen(tx.Table("invitations")).
		Select("invitations.*, accounts.name AS account, users.name AS inviter").
		Joins("JOIN accounts ON accounts.id = invitations.account_id").
		Joins("JOIN users ON users.id = invitations.invited_by").
		Where("invitations.token_hash = ?", digest(token)).Limit(1).Scan(&found).Error
	if err != nil {
		return Invited{}, fmt.Errorf("read invitation: %w", err)
	}
	if len(found) == 0 {
		return Invited{}, invalid
	}
	return found[0], nil
}

// AcceptInvitation makes whoever asks a member and takes the browser to the account. The invitation is bound to its
// address: for anybody else the fault is invitation_other. The link came by mail, so following it has proven the
// address. Somebody who is a member already keeps their role.
func (s *Service) AcceptInvitation(ctx context.Context, id *Identity, token string) (Invited, error) {
	var invited Invited
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var err error
		if invited, err = s.readInvitation(tx, token); err != nil {
			return err
		}
		if invited.Email != id.User.Email {
			return fault.New(fault.Forbidden, "invitation_other")
		}
		now := s.clock()
		used := s.stillOpen(tx.Model(&models.Invitation{})).Where("id = ?", invited.ID).Update("accepted_at", now)
		if used.Error != nil {
			return fmt.Errorf("accept invitation: %w", used.Error)
		}
		if used.RowsAffected == 0 {
			return fault.New(fault.Invalid, "token_invalid")
		}
		member := models.Membership{AccountID: invited.AccountID, UserID: id.User.ID, Role: invited.Role, CreatedAt: now}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&member).Error; err != nil {
			return fmt.Errorf("join the account: %w", err)
		}
		if !id.Verified() {
			if err := s.updateUser(tx, id.User.ID, map[string]any{"email_verified_at": now}); err != nil {
				return err
			}
			if err := s.spendTokens(tx, id.User.ID, kindVerify); err != nil {
				return err
			}
		}
		return s.moveSession(tx, id, invited.AccountID)
	})
	return invited, err
}
