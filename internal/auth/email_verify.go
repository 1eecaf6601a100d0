package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// resendLimit is how often a user may have a verification mail, the first one included.
type resendLimit struct {
	period time.Duration
	most   int64
	words  string
}

func resendLimits() []resendLimit {
	return []resendLimit{{time.Minute, 1, "a minute"}, {24 * time.Hour, 6, "a day"}}
}

// VerifyTokenUser gives the user whom a verification link belongs to, and uses nothing.
func (s *Service) VerifyTokenUser(ctx context.Context, token string) (models.User, error) {
	return s.findToken(s.db.Read(ctx), token, kindVerify)
}

// VerifyEmail uses the token to record that the address is the user's.
func (s *Service) VerifyEmail(ctx context.Context, token string) (models.User, error) {
	var user models.User
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var err error
		if user, err = s.useToken(tx, token, kindVerify); err != nil {
			return err
		}
		now := s.clock()
		err = tx.Model(&models.User{}).Where("id = ? AND email_verified_at IS NULL", user.ID).
			Updates(map[string]any{"email_verified_at": now, "updated_at": now}).Error
		if err != nil {
			return fmt.Errorf("verify address: %w", err)
		}
		return s.spendTokens(tx, user.ID, kindVerify)
	})
	return user, err
}

// ResendVerification mails another link to a user whose address is not proven yet. Links that were
// mailed before stay good, because mails arrive late and out of order.
func (s *Service) ResendVerification(ctx context.Context, id *Identity) error {
	if id.Verified() {
		return nil
	}
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		for _, limit := range resendLimits() {
			made, err := s.tokensSince(tx, id.User.ID, kindVerify, limit.period)
			if err != nil {
				return err
			}
			if made >= limit.most {
				limited := fault.New(fault.RateLimited, "rate_limited", "retry_after", limit.words)
				limited.RetryAfter = limit.period
				return limited
			}
		}
		return s.oweVerification(tx, id.User)
	})
	if err != nil {
		return err
	}
	s.outbox.Wake()
	return nil
}
