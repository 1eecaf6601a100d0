package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// sealer hides what the tables keep and the program must read again. Each session secret gives one;
// the name says which sealed something, and tells nothing of the key.
type sealer struct {
	name string
	aead cipher.AEAD
}

func newSealer(secret string) (sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "tollgate seal", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive the sealing key: %w", err)
	}
	name, err := hkdf.Key(sha256.New, []byte(secret), nil, "tollgate seal name", 9)
	if err != nil {
		return sealer{}, fmt.Errorf("derive the sealing key's name: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("make the sealing cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("make the sealing cipher: %w", err)
	}
	return sealer{name: base64.RawURLEncoding.EncodeToString(name), aead: aead}, nil
}

// hide seals a text with the newest key. It opens only for the same owner, so that a row copied to
// another user's is worth nothing there.
func (s *Service) hide(owner, text string) (sealed, with string) {
	newest := s.sealers[0]
	nonce := make([]byte, newest.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand aborts the program instead
	return base64.RawStdEncoding.EncodeToString(newest.aead.Seal(nonce, nonce, []byte(text), []byte(owner))), newest.name
}

// reveal opens what was sealed with any of the keys.
func (s *Service) reveal(owner, sealed, with string) (string, error) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("open a sealed text: %w", err)
	}
	for _, key := range s.sealers {
		size := key.aead.NonceSize()
		if key.name != with || len(raw) < size {
			continue
		}
		text, err := key.aead.Open(nil, raw[:size], raw[size:], []byte(owner))
		if err != nil {
			return "", fmt.Errorf("open a sealed text: %w", err)
		}
		return string(text), nil
	}
	return "", errors.New("open a sealed text: the secret that sealed it is not in SESSION_SECRETS any more")
}
