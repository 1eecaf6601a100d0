package auth

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

const (
	codeStep     = 30 // seconds, of RFC 6238
	codeSkew     = 1  // steps that an app's clock may be off, either way
	codeDigits   = 6
	recoverySize = 24 // characters without the dashes

	// wrongCodes is how many wrong codes an account may be tried with in codePeriod, from wherever. Of
	// a million codes three are right at a time, so a year of trying finds one with a chance of one
	// in four, and the user has a mail from the first hour of it.
	wrongCodes = 10
	codePeriod = time.Hour
)

// prove accepts what the user typed, a code of the app or a recovery code, once. Whatever is wrong
// with it, the answer is code_wrong. Codes of the app are six digits, so they are limited: then it is
// codes_limited, and only for them. Nobody can guess a recovery code, so that way stays open to an owner
// whose codes somebody else is trying out. also joins the transaction.
func (s *Service) prove(ctx context.Context, user models.User, typed string, also func(tx *gorm.DB) error) error {
	typed = plainCode(typed)
	app := looksLikeCode(typed)
	if !app && len(typed) != recoverySize {
		return fault.Form(map[string]string{"code": "code_wrong"})
	}
	if app {
		if err := s.takeTry(ctx, user); err != nil {
			return err
		}
	}
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		row, err := s.findTOTP(tx, user.ID)
		if err != nil {
			return err
		}
		if row == nil || row.ConfirmedAt == nil {
			return fault.Form(map[string]string{"code": "code_wrong"})
		}
		if app {
			err = s.spendCode(tx, user, row, typed)
		} else {
			err = s.spendRecoveryCode(tx, user, typed)
		}
		if err != nil {
			return err
		}
		return also(tx)
	})
	if err == nil && !app {
		s.outbox.Wake()
	}
	return err
}

// plainCode leaves out what people put between the groups of a code.
func plainCode(typed string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "\t", "").Replace(typed))
}

func looksLikeCode(plain string) bool {
	return len(plain) == codeDigits && !strings.ContainsFunc(plain, func(r rune) bool { return r < '0' || r > '9' })
}

// takeTry counts a try before it is looked at, so that a thousand at once are no more than ten.
func (s *Service) takeTry(ctx context.Context, user models.User) error {
	now := s.clock()
	start := now.Add(-codePeriod)
	counted := s.db.Write(ctx).Model(&models.TOTP{}).
		Where("user_id = ? AND (tries < ? OR tries_since <= ?)", user.ID, wrongCodes, start).
		Updates(map[string]any{
			"tries":       gorm.Expr("CASE WHEN tries_since <= ? THEN 1 ELSE tries + 1 END", start),
			"tries_since": gorm.Expr("CASE WHEN tries_since <= ? THEN ? ELSE tries_since END", start, now),
		})
	if counted.Error != nil {
		return fmt.Errorf("count a try: %w", counted.Error)
	}
	if counted.RowsAffected > 0 {
		return nil
	}
	row, err := s.findTOTP(s.db.Write(ctx), user.ID)
	if err != nil || row == nil {
		return err
	}
	if row.ConfirmedAt != nil {
		if err := s.db.Tx(ctx, func(tx *gorm.DB) error { return s.oweWrongCodes(tx, user) }); err != nil {
			return err
		}
		s.outbox.Wake()
	}
	wait := max(row.TriesSince.Add(codePeriod).Sub(now), time.Second)
	limited := fault.New(fault.RateLimited, "codes_limited", "minutes", strconv.FormatInt(int64(wait/time.Minute)+1, 10))
	limited.RetryAfter = wait
	return limited
}

// spendCode accepts a code of the app if it is of this time step or a neighbour of it, and of a later
// one than the last that was accepted: whoever looks over a shoulder, or listens, has nothing.
func (s *Service) spendCode(tx *gorm.DB, user models.User, row *models.TOTP, typed string) error {
	secret, err := s.reveal(user.PublicID, row.Secret, row.SealedWith)
	if err != nil {
		return err
	}
	wrong := fault.Form(map[string]string{"code": "code_wrong"})
	typed = plainCode(typed)
	if !looksLikeCode(typed) {
		return wrong
	}
	present := s.clock().Unix() / codeStep
	for step := present - codeSkew; step <= present+codeSkew; step++ {
		right, err := hotp.ValidateCustom(typed, uint64(step), secret,
			hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return fmt.Errorf("check a code: %w", err)
		}
		if !right {
			continue
		}
		used := tx.Model(&models.TOTP{}).Where("user_id = ? AND used_step < ?", user.ID, step).
			Updates(map[string]any{"used_step": step, "tries": 0})
		if used.Error != nil {
			return fmt.Errorf("use a code: %w", used.Error)
		}
		if used.RowsAffected > 0 {
			return nil
		}
	}
	return wrong
}

// spendRecoveryCode accepts a recovery code once, and tells the user, who may not have been the one.
func (s *Service) spendRecoveryCode(tx *gorm.DB, user models.User, plain string) error {
	used := tx.Model(&models.RecoveryCode{}).Where("code_hash = ? AND user_id = ? AND used_at IS NULL", digest(plain), user.ID).
		Update("used_at", s.clock())
	if used.Error != nil {
		return fmt.Errorf("use a recovery code: %w", used.Error)
	}
	if used.RowsAffected == 0 {
		return fault.Form(map[string]string{"code": "code_wrong"})
	}
	return s.oweRecoveryUsed(tx, user)
}

// resealPage bounds one look at the secrets that an older key sealed.
const resealPage = 200

// reseal seals anew what an older session secret has sealed, so that the old one can be dropped. What
// no present secret opens stays: its owner has recovery codes.
func (s *Service) reseal(ctx context.Context) error {
	for after := int64(0); ; {
		var rows []models.TOTP
		err := s.db.Read(ctx).Where("user_id > ? AND sealed_with <> ?", after, s.sealers[0].name).
			Order("user_id").Limit(resealPage).Find(&rows).Error
		if err != nil {
			return fmt.Errorf("find what an older key sealed: %w", err)
		}
		for _, row := range rows {
			after = row.UserID
			if err := s.resealOne(ctx, row); err != nil {
				return err
			}
		}
		if len(rows) < resealPage {
			return nil
		}
	}
}

func (s *Service) resealOne(ctx context.Context, row models.TOTP) error {
	var user models.User
	if err := s.db.Read(ctx).Take(&user, row.UserID).Error; err != nil {
		return fmt.Errorf("find a sealed secret's user: %w", err)
	}
	secret, err := s.reveal(user.PublicID, row.Secret, row.SealedWith)
	if err != nil {
		return nil
	}
	sealed, with := s.hide(user.PublicID, secret)
	err = s.db.Write(ctx).Model(&models.TOTP{}).Where("user_id = ? AND secret = ?", row.UserID, row.Secret).
		Updates(map[string]any{"secret": sealed, "sealed_with": with}).Error
	if err != nil {
		return fmt.Errorf("seal a secret anew: %w", err)
	}
	return nil
}
