package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/gorilla/sessions"

	"example.com/tollgate/models"
)

const formNonce = 12

// FormToken gives the value of a form's hidden _csrf field. It is bound to the session, so that
// nobody else's token fits, and looks different every time, so that compression cannot leak it. An
// anonymous browser is bound by a signed cookie of its own, which this sets if there is none: ask for
// a token only on pages that have a form, and never let such a page be cached.
func (s *Service) FormToken(w http.ResponseWriter, r *http.Request) (token string, err error) {
	binding, err := s.formBinding(r)
	if err != nil {
		return "", err
	}
	if binding == "" {
		id := models.NewToken()
		value, err := s.seal(s.cookies.form, id)
		if err != nil {
			return "", err
		}
		cookie := sessions.NewCookie(s.cookies.form, value, s.cookieOptions(0))
		http.SetCookie(w, cookie)
		r.AddCookie(cookie) // so that the rest of this request knows it too
		binding = anonymous(id)
	}
	nonce := make([]byte, formNonce)
	_, _ = rand.Read(nonce) // never fails: crypto/rand aborts the program instead
	return base64.RawURLEncoding.EncodeToString(append(nonce, sign(s.formKeys[0], nonce, binding)...)), nil
}

// CheckForm reports whether token was made for this browser, with any of the secrets.
func (s *Service) CheckForm(r *http.Request, token string) (bool, error) {
	binding, err := s.formBinding(r)
	if err != nil || binding == "" {
		return false, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != formNonce+sha256.Size {
		return false, nil
	}
	for _, key := range s.formKeys {
		if hmac.Equal(raw[formNonce:], sign(key, raw[:formNonce], binding)) {
			return true, nil
		}
	}
	return false, nil
}

// formBinding is what the browser's tokens are bound to: its session in the account that it works in, or the anonymous
// cookie, or nothing yet. A session that got a new id is still the same, so that what was typed into another tab is not
// lost; one that switched to another account is not, so that a form of the one never acts in the other. While somebody
// is signed in only the session counts: an attacker can have an anonymous cookie and its token, and may find a way to
// plant both.
func (s *Service) formBinding(r *http.Request) (string, error) {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return "", err
	}
	if id, ok := session.Values[identityKey].(*Identity); ok {
		return "session:" + id.Session.PublicID + ":" + id.Account.PublicID, nil
	}
	for _, cookie := range r.CookiesNamed(s.cookies.form) {
		if id := s.unseal(s.cookies.form, cookie.Value); id != "" {
			return anonymous(id), nil
		}
	}
	return "", nil
}

func anonymous(id string) string { return "anonymous:" + id }

func sign(key, nonce []byte, binding string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(nonce)
	mac.Write([]byte(binding))
	return mac.Sum(nil)
}

// dropFormCookie forgets the anonymous cookie of a browser that signed in.
func (s *Service) dropFormCookie(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(s.cookies.form); err == nil {
		http.SetCookie(w, sessions.NewCookie(s.cookies.form, "", s.cookieOptions(-1)))
	}
}
