package auth

import (
	"fmt"
	"net/http"

	"github.com/gorilla/sessions"
	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// beginHalf remembers for ten minutes that this browser has shown the first factor. It is no session:
// nothing reads its cookie but the page that asks for a code. Whoever was signed in here before is out.
func (s *Service) beginHalf(w http.ResponseWriter, r *http.Request, user models.User) error {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return err
	}
	if session.ID != "" {
		if err := s.End(w, r); err != nil {
			return err
		}
	}
	token, err := s.createToken(s.db.Write(r.Context()), user, kindHalf, halfFor)
	if err != nil {
		return err
	}
	value, err := s.seal(s.cookies.half, token)
	if err != nil {
		return err
	}
	http.SetCookie(w, sessions.NewCookie(s.cookies.half, value, s.cookieOptions(int(halfFor.Seconds()))))
	return fault.New(fault.Unauthorized, "code_needed")
}

// Halfway reports whether the browser has shown a first factor in the last ten minutes. A user who was
// disabled, or whose password or address has changed since, has not.
func (s *Service) Halfway(r *http.Request) (bool, error) {
	_, token, err := s.halfway(r)
	return token != "", err
}

// halfway gives the user and the token, which is empty where there is none.
func (s *Service) halfway(r *http.Request) (models.User, string, error) {
	cookie, err := r.Cookie(s.cookies.half)
	if err != nil {
		return models.User{}, "", nil
	}
	token := s.unseal(s.cookies.half, cookie.Value)
	if token == "" {
		return models.User{}, "", nil
	}
	user, err := s.findToken(s.db.Read(r.Context()), token, kindHalf)
	if fault.Is(err, "token_invalid") {
		return models.User{}, "", nil
	}
	return user, token, err
}

// Finish signs the browser in whose first factor was right, with a code of the app or a recovery code.
// It gives the user. Without a first factor it is sign_in_over; for the rest see prove.
func (s *Service) Finish(w http.ResponseWriter, r *http.Request, typed, ip string) (models.User, error) {
	user, token, err := s.halfway(r)
	if err != nil {
		return user, err
	}
	if token == "" {
		return user, fault.New(fault.Unauthorized, "sign_in_over")
	}
	err = s.prove(r.Context(), user, typed, func(tx *gorm.DB) error {
		_, err := s.useToken(tx, token, kindHalf)
		return err
	})
	if fault.Is(err, "token_invalid") {
		return user, fault.Wrap(err, fault.Unauthorized, "sign_in_over")
	}
	if err != nil {
		return user, fmt.Errorf("finish signing in: %w", err)
	}
	http.SetCookie(w, sessions.NewCookie(s.cookies.half, "", s.cookieOptions(-1)))
	return user, s.open(w, r, user, ip)
}
