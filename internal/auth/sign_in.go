package auth

import (
	"context"
	"fmt"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// SignIn finds the user whose address and password these are. Whatever is wrong, an address that
// nobody has included, the answer is the same and takes as long.
func (s *Service) SignIn(ctx context.Context, email, password string) (models.User, error) {
	wrong := fault.New(fault.Invalid, "credentials_wrong")
	var user models.User
	if email, ok := NormalizeEmail(email); ok {
		found, err := s.userByEmail(ctx, email)
		if err != nil {
			return models.User{}, err
		}
		if found != nil {
			user = *found
		}
	}
	match, outdated, err := s.passwords.compare(ctx, password, user.PasswordHash)
	if err != nil {
		return models.User{}, err
	}
	if !match || user.DisabledAt != nil {
		return models.User{}, wrong
	}
	if outdated {
		if err := s.rehash(ctx, user, password); err != nil {
			return models.User{}, err
		}
	}
	return user, nil
}

// rehash replaces a hash made with parameters that were good enough once. It leaves a password that
// was changed in the meantime alone.
func (s *Service) rehash(ctx context.Context, user models.User, password string) error {
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx).Model(&models.User{}).
		Where("id = ? AND password_hash = ?", user.ID, user.PasswordHash).
		Update("password_hash", hash).Error
	if err != nil {
		return fmt.Errorf("rehash password: %w", err)
	}
	return nil
}
