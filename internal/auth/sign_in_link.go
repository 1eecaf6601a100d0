package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// linksPerHour is how many links to sign in with one user can be made to receive, on top of the
// limits per client.
const linksPerHour = 5

// SendLink mails a link that signs the reader in, if the address is a user's. It answers the same,
// after the same time, if it is not. next is the path of this site to go on to, or empty.
//
// A newer link does not end an older one: mails arrive out of order, and a stranger who keeps asking
// must not keep breaking the one that its owner is about to use. Using one ends them all.
func (s *Service) SendLink(ctx context.Context, email, next string) error {
	return s.mailWhoever(ctx, email, func(tx *gorm.DB, user models.User) error {
		made, err := s.tokensSince(tx, user.ID, kindLink, time.Hour)
		if err != nil || made >= linksPerHour {
			return err // silently: whoever asks must not learn from it that there is a user
		}
		return s.oweLink(tx, user, next)
	})
}

// LinkUser gives the user whom a link would sign in, and uses nothing: programs that read mail follow
// links too.
func (s *Service) LinkUser(ctx context.Context, token string) (models.User, error) {
	return s.findToken(s.db.Read(ctx), token, kindLink)
}

// UseLink uses the token and gives its user, whose address it has proven. first says that nobody had
// proven it before: then whoever chose the password, signed in with it or made keys with it may be a
// stranger who signed up with somebody else's address, so all of that ends.
func (s *Service) UseLink(ctx context.Context, token string) (user models.User, first bool, err error) {
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		var err error
		if user, err = s.useToken(tx, token, kindLink); err != nil {
			return err
		}
		if err := s.spendTokens(tx, user.ID, kindLink); err != nil {
			return err
		}
		if first = user.EmailVerifiedAt == nil; !first {
			return nil
		}
		return s.takeOver(tx, &user)
	})
	if err != nil {
		return models.User{}, false, err
	}
	return user, first, nil
}

// takeOver gives a user to whoever reads the address's mail, and to nobody else.
func (s *Service) takeOver(tx *gorm.DB, user *models.User) error {
	now := s.clock()
	set := map[string]any{"email_verified_at": now, "password_hash": ""}
	if err := s.updateUser(tx, user.ID, set); err != nil {
		return err
	}
	user.EmailVerifiedAt, user.PasswordHash = &now, ""
	if err := tx.Where("user_id = ?", user.ID).Delete(&models.Session{}).Error; err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	err := tx.Model(&models.APIKey{}).Where("user_id = ? AND revoked_at IS NULL", user.ID).Update("revoked_at", now).Error
	if err != nil {
		return fmt.Errorf("revoke keys: %w", err)
	}
	for _, kind := range []string{kindReset, kindVerify} {
		if err := s.spendTokens(tx, user.ID, kind); err != nil {
			return err
		}
	}
	return nil
}

// HasPassword reports whether the user can sign in with one.
func (id *Identity) HasPassword() bool { return id.User.PasswordHash != "" }
