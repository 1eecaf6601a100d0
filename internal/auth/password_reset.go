package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// resetsPerHour is how many reset mails one user can be made to receive, on top of the limits per
// client: an inbox is not to be flooded from many clients either.
const resetsPerHour = 5

// ForgotPassword mails a link to choose a new password, if the address is a user's. It answers the
// same, after the same time, if it is not.
func (s *Service) ForgotPassword(ctx context.Context, email string) error {
	return s.mailWhoever(ctx, email, s.startReset)
}

// mailWhoever lets owe write a mail to the user of an address, if there is one, and gives the same
// answer after the same time if there is none.
func (s *Service) mailWhoever(
	ctx context.Context, email string, owe func(tx *gorm.DB, user models.User) error,
) error {
	email, ok := NormalizeEmail(email)
	if !ok {
		return fault.Form(map[string]string{"email": "email_invalid"})
	}
	paced := time.NewTimer(s.pace)
	defer paced.Stop()
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return err
	}
	if user != nil && user.DisabledAt == nil {
		err := s.db.Tx(ctx, func(tx *gorm.DB) error { return owe(tx, *user) })
		if err != nil {
			return err
		}
		s.outbox.Wake()
	}
	select {
	case <-paced.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("answer in time: %w", ctx.Err())
	}
}

// startReset makes the one token that works from now on. Beyond the limit it does nothing, silently:
// whoever asks must not learn from it that there is a user.
func (s *Service) startReset(tx *gorm.DB, user models.User) error {
	made, err := s.tokensSince(tx, user.ID, kindReset, time.Hour)
	if err != nil || made >= resetsPerHour {
		return err
	}
	if err := s.spendTokens(tx, user.ID, kindReset); err != nil {
		return err
	}
	return s.oweReset(tx, user)
}

// ResetTokenValid reports whether a link can still be used, and uses nothing: programs that read
// mail follow links too.
func (s *Service) ResetTokenValid(ctx context.Context, token string) error {
	_, err := s.findToken(s.db.Read(ctx), token, kindReset)
	return err
}

// ResetPassword uses the token to set a new password. Every session ends, this browser's too: the
// user, who is returned, signs in with what they chose. The mail has proven the address on the way.
func (s *Service) ResetPassword(ctx context.Context, token, password string) (models.User, error) {
	user, err := s.findToken(s.db.Read(ctx), token, kindReset)
	if err != nil {
		return user, err
	}
	if code := s.passwords.judge(password, user.Email, user.Name); code != "" {
		return user, passwordFault("password", code)
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return user, err
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		user, err := s.useToken(tx, token, kindReset)
		if err != nil {
			return err
		}
		verified := tx.Model(&models.User{}).Where("id = ? AND email_verified_at IS NULL", user.ID).
			Update("email_verified_at", s.clock())
		if verified.Error != nil {
			return fmt.Errorf("verify address: %w", verified.Error)
		}
		return s.setPassword(tx, user, hash, "")
	})
	if err != nil {
		return user, err
	}
	s.outbox.Wake()
	return user, nil
}

// ChangePassword sets a new password for somebody who is signed in and knows the present one. The
// user's other sessions end.
func (s *Service) ChangePassword(ctx context.Context, id *Identity, current, password string) error {
	match, _, err := s.passwords.compare(ctx, current, id.User.PasswordHash)
	if err != nil {
		return err
	}
	if !match {
		return passwordFault("current", "password_wrong")
	}
	if code := s.passwords.judge(password, id.User.Email, id.User.Name); code != "" {
		return passwordFault("password", code)
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		// The password that was compared with may have been changed since, elsewhere.
		same := tx.Model(&models.User{}).Where("id = ? AND password_hash = ?", id.User.ID, id.User.PasswordHash).
			Update("updated_at", s.clock())
		if same.Error != nil {
			return fmt.Errorf("compare the password: %w", same.Error)
		}
		if same.RowsAffected == 0 {
			return passwordFault("current", "password_wrong")
		}
		return s.setPassword(tx, id.User, hash, id.Session.IDHash)
	})
	if err != nil {
		return err
	}
	s.outbox.Wake()
	return nil
}

// setPassword stores a new hash, ends every session but the kept one, every pending reset and every
// sign-in that is halfway, and tells the user.
func (s *Service) setPassword(tx *gorm.DB, user models.User, hash, keepSession string) error {
	now := s.clock()
	err := tx.Model(&models.User{}).Where("id = ?", user.ID).
		Updates(map[string]any{"password_hash": hash, "updated_at": now}).Error
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	err = tx.Where("user_id = ? AND id_hash <> ?", user.ID, keepSession).Delete(&models.Session{}).Error
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	for _, kind := range []string{kindReset, kindHalf} {
		if err := s.spendTokens(tx, user.ID, kind); err != nil {
			return err
		}
	}
	// Whoever tried codes knew the old password. The owner is not to wait for what they used up.
	if err := tx.Model(&models.TOTP{}).Where("user_id = ?", user.ID).Update("tries", 0).Error; err != nil {
		return fmt.Errorf("forget tries: %w", err)
	}
	return s.owePasswordChanged(tx, user)
}
