package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

const (
	recoveryCodes = 10
	qrPixels      = 440
)

// SecondFactor is how a user's second step stands. Pending has an app that no code has confirmed yet,
// for which nothing is asked.
type SecondFactor struct {
	On, Pending bool
	Since       time.Time
	CodesLeft   int64
}

// SecondFactor says how the user's second step stands.
func (s *Service) SecondFactor(ctx context.Context, id *Identity) (SecondFactor, error) {
	var state SecondFactor
	row, err := s.findTOTP(s.db.Read(ctx), id.User.ID)
	if err != nil || row == nil {
		return state, err
	}
	if row.ConfirmedAt == nil {
		return SecondFactor{Pending: true}, nil
	}
	state.On, state.Since = true, *row.ConfirmedAt
	err = s.db.Read(ctx).Model(&models.RecoveryCode{}).Where("user_id = ? AND used_at IS NULL", id.User.ID).
		Count(&state.CodesLeft).Error
	if err != nil {
		return state, fmt.Errorf("count recovery codes: %w", err)
	}
	return state, nil
}

// findTOTP gives nil where the user has no app, confirmed or not.
func (s *Service) findTOTP(db *gorm.DB, userID int64) (*models.TOTP, error) {
	var row models.TOTP
	err := db.Where("user_id = ?", userID).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the second factor: %w", err)
	}
	return &row, nil
}

// StartTOTP makes a secret for a new app. It counts for nothing until ConfirmTOTP. The address must be
// proven first: otherwise whoever signs up with somebody else's could lock its owner out for good.
func (s *Service) StartTOTP(ctx context.Context, id *Identity) error {
	if !id.Verified() {
		return fault.New(fault.Conflict, "verify_first")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: s.appName, AccountName: id.User.Email})
	if err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	now := s.clock()
	row := models.TOTP{UserID: id.User.ID, CreatedAt: now, TriesSince: now}
	row.Secret, row.SealedWith = s.hide(id.User.PublicID, key.Secret())
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("user_id = ? AND confirmed_at IS NULL", id.User.ID).Delete(&models.TOTP{}).Error; err != nil {
			return err
		}
		return tx.Create(&row).Error
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fault.New(fault.Conflict, "second_factor_on")
	}
	if err != nil {
		return fmt.Errorf("start a second factor: %w", err)
	}
	return nil
}

// Enrolment is what an app must be told: the picture to scan, a PNG, and the secret to type instead.
type Enrolment struct {
	QR     []byte
	Secret string
}

// Enrolment gives the secret of an app that is not confirmed yet; one that is, is never shown again.
func (s *Service) Enrolment(ctx context.Context, id *Identity) (Enrolment, error) {
	row, err := s.findTOTP(s.db.Read(ctx), id.User.ID)
	if err != nil {
		return Enrolment{}, err
	}
	if row == nil || row.ConfirmedAt != nil {
		return Enrolment{}, fault.New(fault.NotFound, "not_found")
	}
	secret, err := s.reveal(id.User.PublicID, row.Secret, row.SealedWith)
	if err != nil {
		return Enrolment{}, err
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return Enrolment{}, fmt.Errorf("decode a secret: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: s.appName, AccountName: id.User.Email, Secret: raw})
	if err != nil {
		return Enrolment{}, fmt.Errorf("write a secret: %w", err)
	}
	picture, err := draw(key)
	return Enrolment{QR: picture, Secret: strings.Join(groups(secret), " ")}, err
}

func draw(key *otp.Key) ([]byte, error) {
	picture, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return nil, fmt.Errorf("draw a code: %w", err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return nil, fmt.Errorf("draw a code: %w", err)
	}
	return file.Bytes(), nil
}

// groups cuts a text that people type into fours.
func groups(text string) []string {
	var out []string
	for ; len(text) > 4; text = text[4:] {
		out = append(out, text[:4])
	}
	return append(out, text)
}

// ConfirmTOTP turns the second step on, once the app has shown that it makes the right codes. The
// recovery codes are returned and never again known.
func (s *Service) ConfirmTOTP(ctx context.Context, id *Identity, code string) ([]string, error) {
	if err := s.takeTry(ctx, id.User); err != nil {
		return nil, err
	}
	var codes []string
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		row, err := s.findTOTP(tx, id.User.ID)
		if err != nil {
			return err
		}
		if row == nil || row.ConfirmedAt != nil {
			return fault.New(fault.Conflict, "second_factor_stale")
		}
		if err := s.spendCode(tx, id.User, row, code); err != nil {
			return err
		}
		err = tx.Model(&models.TOTP{}).Where("user_id = ?", id.User.ID).Update("confirmed_at", s.clock()).Error
		if err != nil {
			return fmt.Errorf("turn the second factor on: %w", err)
		}
		if codes, err = s.newRecoveryCodes(tx, id.User); err != nil {
			return err
		}
		return s.oweFactorOn(tx, id.User)
	})
	if err != nil {
		return nil, err
	}
	s.outbox.Wake()
	return codes, nil
}

// RenewRecoveryCodes replaces the user's recovery codes. They are returned and never again known.
func (s *Service) RenewRecoveryCodes(ctx context.Context, id *Identity) ([]string, error) {
	var codes []string
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		row, err := s.findTOTP(tx, id.User.ID)
		if err != nil {
			return err
		}
		if row == nil || row.ConfirmedAt == nil {
			return fault.New(fault.Conflict, "second_factor_stale")
		}
		if codes, err = s.newRecoveryCodes(tx, id.User); err != nil {
			return err
		}
		return s.oweCodesRenewed(tx, id.User)
	})
	if err != nil {
		return nil, err
	}
	s.outbox.Wake()
	return codes, nil
}

// newRecoveryCodes makes ten of 120 random bits each. That is nothing to guess, so a plain hash does
// (ASVS 6.5.2 asks for 112).
func (s *Service) newRecoveryCodes(tx *gorm.DB, user models.User) ([]string, error) {
	if err := tx.Where("user_id = ?", user.ID).Delete(&models.RecoveryCode{}).Error; err != nil {
		return nil, fmt.Errorf("drop recovery codes: %w", err)
	}
	codes := make([]string, recoveryCodes)
	rows := make([]models.RecoveryCode, recoveryCodes)
	for i := range codes {
		var random [15]byte
		_, _ = rand.Read(random[:]) // never fails: crypto/rand aborts the program instead
		code := strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
		codes[i] = strings.Join(groups(code), "-")
		rows[i] = models.RecoveryCode{CodeHash: digest(code), UserID: user.ID, CreatedAt: s.clock()}
	}
	if err := tx.Create(&rows).Error; err != nil {
		return nil, fmt.Errorf("keep recovery codes: %w", err)
	}
	return codes, nil
}

// TurnTOTPOff ends the second step, or an enrolment that was not finished.
func (s *Service) TurnTOTPOff(ctx context.Context, id *Identity) error {
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		row, err := s.findTOTP(tx, id.User.ID)
		if err != nil || row == nil {
			return err
		}
		for _, table := range []any{&models.RecoveryCode{}, &models.TOTP{}} {
			if err := tx.Where("user_id = ?", id.User.ID).Delete(table).Error; err != nil {
				return fmt.Errorf("turn the second factor off: %w", err)
			}
		}
		if row.ConfirmedAt == nil {
			return nil
		}
		return s.oweFactorOff(tx, id.User)
	})
	if err != nil {
		return err
	}
	s.outbox.Wake()
	return nil
}
