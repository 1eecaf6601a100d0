// Package auth knows who somebody is: it signs people up, in and out, remembers their browsers,
// proves their addresses, and lets their programs in by key. What they pay is no concern of it.
//
// A browser is remembered by a row of the sessions table. Its cookie holds 128 random bits, signed;
// the row holds only their hash, so a copy of the database opens no session. One joined query turns
// a cookie into an Identity, on every request: a session that was revoked, a user who was disabled
// and a member who was removed are out at their next click. A request without a cookie asks nothing.
//
// A user may have a second factor, an authenticator app. Begin, the one way in, then opens no session but
// leaves the browser halfway, and Finish takes the code. Dangerous actions want a proof that is not
// old: Confirm takes one, and signing in is one.
//
// Whoever asks must learn nothing about who else is here. Signing in takes the same time and gives
// the same answer for a wrong password and an unknown address, and so does asking for a new
// password. Signing up is the exception that a form which signs in at once cannot avoid; SignUp says
// how far it goes.
package auth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"example.com/tollgate/internal/mail"
	"example.com/tollgate/models"
)

// Options is what a Service needs.
type Options struct {
	DB      *models.DB
	Outbox  *mail.Outbox
	Now     func() time.Time // the wall clock: sessions do not travel in time
	AppName string
	AppURL  string // the origin in every link that is mailed, whatever Host a request came with

	// SessionSecrets sign cookies and form tokens, newest first. Older ones are still accepted, so
	// that a secret can be replaced without signing anybody out. At least one is needed.
	SessionSecrets []string

	// ForgotPace is how long an answer to "I forgot my password" takes at least, so that its time
	// does not tell whether a mail was written. Zero means a quarter of a second.
	ForgotPace time.Duration
}

// Service is the whole of signing in. Its methods are safe for concurrent use.
type Service struct {
	db      *models.DB
	outbox  *mail.Outbox
	now     func() time.Time
	appName string
	appURL  string
	pace    time.Duration

	passwords *passwords
	cookies   cookieNames
	codecs    []securecookie.Codec
	formKeys  [][]byte // newest first
	sealers   []sealer // newest first
}

// New makes a Service.
func New(o Options) (*Service, error) {
	if len(o.SessionSecrets) == 0 {
		return nil, errors.New("auth: at least one session secret is needed")
	}
	if o.ForgotPace == 0 {
		o.ForgotPace = 250 * time.Millisecond
	}
	u, err := url.Parse(o.AppURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("auth: %q is no origin", o.AppURL)
	}
	s := &Service{
		db: o.DB, outbox: o.Outbox, now: o.Now, appName: o.AppName,
		appURL: strings.TrimRight(o.AppURL, "/"), pace: o.ForgotPace,
		passwords: newPasswords(o.AppName), cookies: nameCookies(u.Scheme == "https"),
	}
	if err := s.deriveKeys(o.SessionSecrets); err != nil {
		return nil, err
	}
	return s, nil
}

// clock is now as the tables keep it.
func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Identity is who makes a request, and for which account. A request has one or is anonymous.
type Identity struct {
	Session models.Session // zero when a program came with a key
	APIKey  *models.APIKey // nil when a browser came with a session
	User    models.User
	Account models.Account
	Role    models.Role
}

// Admin reports whether this is one of the named administrators. The address counts only once it is
// verified: otherwise anybody could sign up with an administrator's address first. A key is never
// an administrator.
func (id *Identity) Admin(emails []string) bool {
	return id != nil && id.APIKey == nil && id.User.EmailVerifiedAt != nil &&
		slices.Contains(emails, id.User.Email)
}

// Verified reports whether the user has proven the address.
func (id *Identity) Verified() bool { return id != nil && id.User.EmailVerifiedAt != nil }
