package auth

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// SignUpInput is the form, and what the browser said about its reader.
type SignUpInput struct {
	Name, Email, Password string
	Locale, TimeZone      string
}

// SignUpResult is who signed up. Existing says that they had done so before.
type SignUpResult struct {
	User     models.User
	Account  models.Account // zero for an existing user
	Existing bool
}

// SignUp creates a user, a personal account that the user owns, and the mail that proves the
// address, in one transaction in which inTx takes part: whoever keeps more about a new account does
// it there, or sign-up did not happen.
//
// An address that is taken: with its right password this is somebody who forgot having signed up,
// and they are simply signed in. With any other the answer is email_taken, and the owner of the
// address gets a mail. A form that signs in at once cannot hide that an address is taken, because a
// stranger would notice not being signed in; so the answer is honest, costs as much time as
// success, and the handler limits it hard, per client and, together with signing in, per address.
func (s *Service) SignUp(
	ctx context.Context, in SignUpInput, inTx NewAccount,
) (SignUpResult, error) {
	in, err := s.checkSignUp(in)
	if err != nil {
		return SignUpResult{}, err
	}
	existing, err := s.userByEmail(ctx, in.Email)
	if err != nil {
		return SignUpResult{}, err
	}
	if existing != nil {
		return s.signUpAgain(ctx, *existing, in.Password)
	}
	hash, err := s.passwords.hash(ctx, in.Password)
	if err != nil {
		return SignUpResult{}, err
	}
	result, err := s.createUser(ctx, in, hash, inTx)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		// Another request took the address since we looked.
		existing, lookErr := s.userByEmail(ctx, in.Email)
		if lookErr == nil && existing != nil {
			return s.signUpAgain(ctx, *existing, in.Password)
		}
	}
	if err != nil {
		return SignUpResult{}, fmt.Errorf("sign up: %w", err)
	}
	s.outbox.Wake()
	return result, nil
}

func (s *Service) checkSignUp(in SignUpInput) (SignUpInput, error) {
	problems := map[string]string{}
	name, code := cleanName(in.Name, "name", maxName)
	if code != "" {
		problems["name"] = code
	}
	email, ok := NormalizeEmail(in.Email)
	if !ok {
		problems["email"] = "email_invalid"
	}
	if code := s.passwords.judge(in.Password, in.Email, in.Name); code != "" {
		problems["password"] = code
	}
	if len(problems) > 0 {
		return in, formFault(problems)
	}
	in.Name, in.Email = name, email
	in.Locale, in.TimeZone = knownLocale(in.Locale), knownZone(in.TimeZone)
	return in, nil
}

func (s *Service) createUser(
	ctx context.Context, in SignUpInput, hash string, inTx NewAccount,
) (SignUpResult, error) {
	now := s.clock()
	user := models.User{
		PublicID: models.NewPublicID("user"), Email: in.Email, Name: in.Name, PasswordHash: hash,
		Locale: in.Locale, TimeZone: in.TimeZone, CreatedAt: now, UpdatedAt: now,
	}
	var account models.Account
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&user).Error; err != nil {
			return err
		}
		if err := s.oweVerification(tx, user); err != nil {
			return err
		}
		var err error
		account, err = s.createAccount(tx, user, in.Name, inTx)
		return err
	})
	return SignUpResult{User: user, Account: account}, err
}

// signUpAgain answers somebody who signs up with an address that is taken.
func (s *Service) signUpAgain(ctx context.Context, user models.User, password string) (SignUpResult, error) {
	match, _, err := s.passwords.compare(ctx, password, user.PasswordHash)
	if err != nil {
		return SignUpResult{}, err
	}
	if match && user.DisabledAt == nil {
		return SignUpResult{User: user, Existing: true}, nil
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error { return s.oweAccountExists(tx, user) })
	if err != nil {
		return SignUpResult{}, err
	}
	s.outbox.Wake()
	return SignUpResult{}, fault.Form(map[string]string{"email": "email_taken"})
}

// userByEmail gives nil where there is none. email is in its normal form.
func (s *Service) userByEmail(ctx context.Context, email string) (*models.User, error) {
	var user models.User
	err := s.db.Read(ctx).Where("email = ?", email).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	return &user, nil
}
