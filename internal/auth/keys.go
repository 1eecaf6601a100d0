package auth

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/gorilla/securecookie"
)

// cookieNames are the names of our three cookies. Over https the __Host- prefix makes the browser
// refuse them from a neighbouring subdomain, from another path and without Secure.
type cookieNames struct {
	session, form, half string
	secure              bool
}

func nameCookies(secure bool) cookieNames {
	if secure {
		return cookieNames{session: "__Host-tollgate", form: "__Host-tollgate-form", half: "__Host-tollgate-half", secure: true}
	}
	return cookieNames{session: "tollgate", form: "tollgate-form", half: "tollgate-half"}
}

// deriveKeys makes one key per purpose out of each secret, so that nothing signed for one purpose
// passes for another.
func (s *Service) deriveKeys(secrets []string) error {
	for _, secret := range secrets {
		cookie, err := hkdf.Key(sha256.New, []byte(secret), nil, "tollgate cookie", 32)
		if err != nil {
			return fmt.Errorf("derive the cookie key: %w", err)
		}
		form, err := hkdf.Key(sha256.New, []byte(secret), nil, "tollgate form", 32)
		if err != nil {
			return fmt.Errorf("derive the form key: %w", err)
		}
		codec := securecookie.New(cookie, nil)
		codec.MaxAge(0) // the tables know better when a session ends
		codec.SetSerializer(securecookie.NopEncoder{})
		s.codecs = append(s.codecs, codec)
		s.formKeys = append(s.formKeys, form)
		sealer, err := newSealer(secret)
		if err != nil {
			return err
		}
		s.sealers = append(s.sealers, sealer)
	}
	return nil
}

// seal signs a random id for the cookie of that name.
func (s *Service) seal(name, id string) (string, error) {
	value, err := securecookie.EncodeMulti(name, []byte(id), s.codecs...)
	if err != nil {
		return "", fmt.Errorf("sign a cookie: %w", err)
	}
	return value, nil
}

// unseal gives the id back, or nothing if we did not sign the value. No query is spent on a cookie
// that somebody made up.
func (s *Service) unseal(name, value string) string {
	var id []byte
	if err := securecookie.DecodeMulti(name, value, &id, s.codecs...); err != nil {
		return ""
	}
	return string(id)
}

// digest is what the tables keep of a secret that has 128 random bits: nothing to guess, so nothing
// to slow down.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
