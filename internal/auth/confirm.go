package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// confirmedFor is how long dangerous actions go by a proof of who is there. Signing in is one.
const confirmedFor = 15 * time.Minute

// Confirmed reports whether whoever uses the session has proven lately who they are.
func (s *Service) Confirmed(id *Identity) bool {
	at := id.Session.ConfirmedAt
	return at != nil && s.clock().Sub(*at) < confirmedFor
}

// HasApp reports whether the user can prove who they are with a code.
func (s *Service) HasApp(ctx context.Context, id *Identity) (bool, error) {
	row, err := s.findTOTP(s.db.Read(ctx), id.User.ID)
	return row != nil && row.ConfirmedAt != nil, err
}

// Confirm takes the user's password, a code of their app or a recovery code as proof that the session
// is still in the right hands. Whatever is wrong, the answer is proof_wrong; for codes see prove.
func (s *Service) Confirm(ctx context.Context, id *Identity, proof string) error {
	confirm := func(tx *gorm.DB) error { return s.markConfirmed(tx, id) }
	wrong := fault.Form(map[string]string{"_confirm": "proof_wrong"})
	plain := plainCode(proof)
	if !looksLikeCode(plain) { // which is too short for a password
		match, _, err := s.passwords.compare(ctx, proof, id.User.PasswordHash)
		if err != nil {
			return err
		}
		if match {
			return confirm(s.db.Write(ctx))
		}
	}
	err := s.prove(ctx, id.User, plain, confirm)
	if len(fault.From(err).Fields) > 0 {
		return wrong
	}
	return err
}

func (s *Service) markConfirmed(tx *gorm.DB, id *Identity) error {
	now := s.clock()
	err := tx.Model(&models.Session{}).Where("id_hash = ?", id.Session.IDHash).Update("confirmed_at", now).Error
	if err != nil {
		return fmt.Errorf("confirm a session: %w", err)
	}
	id.Session.ConfirmedAt = &now
	return nil
}
