package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// The kinds of tokens, and how long each is good for.
const (
	kindReset  = "reset_password"
	kindVerify = "verify_email"
	kindLink   = "sign_in_link"
	kindHalf   = "half_signed_in" // never mailed: the cookie of who still owes a code

	resetFor  = time.Hour
	verifyFor = 72 * time.Hour
	linkFor   = 15 * time.Minute
	halfFor   = 10 * time.Minute

	tokenMemory = 24 * time.Hour // after expiry, for the limits that count them
)

// createToken makes a token for the user's present address and stores its hash.
func (s *Service) createToken(tx *gorm.DB, user models.User, kind string, lasts time.Duration) (string, error) {
	now := s.clock()
	secret := models.NewToken()
	row := models.Token{
		IDHash: digest(secret), Kind: kind, UserID: user.ID, Email: user.Email,
		CreatedAt: now, ExpiresAt: now.Add(lasts),
	}
	if err := tx.Create(&row).Error; err != nil {
		return "", fmt.Errorf("create token: %w", err)
	}
	return secret, nil
}

// findToken gives the user whom a token that could still be used belongs to. A token mailed to an
// address that is no longer the user's, or to a user who was disabled, is worth nothing.
func (s *Service) findToken(db *gorm.DB, secret, kind string) (models.User, error) {
	invalid := fault.New(fault.Invalid, "token_invalid")
	if !PlausibleID(secret) {
		return models.User{}, invalid
	}
	var token models.Token
	err := db.Where("id_hash = ? AND kind = ? AND used_at IS NULL AND expires_at > ?",
		digest(secret), kind, s.clock()).Take(&token).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.User{}, invalid
	}
	if err != nil {
		return models.User{}, fmt.Errorf("find token: %w", err)
	}
	var user models.User
	err = db.Where("id = ? AND email = ? AND disabled_at IS NULL", token.UserID, token.Email).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.User{}, invalid
	}
	if err != nil {
		return models.User{}, fmt.Errorf("find the token's user: %w", err)
	}
	return user, nil
}

// useToken marks a token used, by a conditional update that only one request can win.
func (s *Service) useToken(tx *gorm.DB, secret, kind string) (models.User, error) {
	user, err := s.findToken(tx, secret, kind)
	if err != nil {
		return models.User{}, err
	}
	now := s.clock()
	used := tx.Model(&models.Token{}).
		Where("id_hash = ? AND used_at IS NULL AND expires_at > ?", digest(secret), now).Update("used_at", now)
	if used.Error != nil {
		return models.User{}, fmt.Errorf("use token: %w", used.Error)
	}
	if used.RowsAffected == 0 {
		return models.User{}, fault.New(fault.Invalid, "token_invalid")
	}
	return user, nil
}

// spendTokens makes every token of a kind that a user has worthless. The rows stay until they expire,
// because the limits on sending count them.
func (s *Service) spendTokens(tx *gorm.DB, userID int64, kind string) error {
	err := tx.Model(&models.Token{}).Where("user_id = ? AND kind = ? AND used_at IS NULL", userID, kind).
		Update("used_at", s.clock()).Error
	if err != nil {
		return fmt.Errorf("spend tokens: %w", err)
	}
	return nil
}

// tokensSince counts the tokens of a kind that a user was made in the last period.
func (s *Service) tokensSince(tx *gorm.DB, userID int64, kind string, period time.Duration) (int64, error) {
	var made int64
	err := tx.Model(&models.Token{}).
		Where("user_id = ? AND kind = ? AND created_at > ?", userID, kind, s.clock().Add(-period)).
		Count(&made).Error
	if err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	return made, nil
}

// Sweep deletes sessions, tokens and invitations that can no longer be used, and seals anew what an older secret
// sealed. It is the body of a job.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.clock()
	err := s.db.Write(ctx).Where("expires_at <= ? OR last_seen_at <= ?", now, now.Add(-sessionIdle)).
		Delete(&models.Session{}).Error
	if err != nil {
		return fmt.Errorf("sweep sessions: %w", err)
	}
	if err := s.db.Write(ctx).Where("expires_at <= ?", now.Add(-tokenMemory)).Delete(&models.Token{}).Error; err != nil {
		return fmt.Errorf("sweep tokens: %w", err)
	}
	err = s.db.Write(ctx).Where("expires_at <= ?", now.Add(-invitationsMemory)).Delete(&models.Invitation{}).Error
	if err != nil {
		return fmt.Errorf("sweep invitations: %w", err)
	}
	return s.reseal(ctx)
}
