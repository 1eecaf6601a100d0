package auth

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/gob"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
	"gorm.io/gorm"

	"example.com/tollgate/models"
)

const (
	sessionIdle     = 14 * 24 * time.Hour // without a visit
	sessionAbsolute = 60 * 24 * time.Hour // whatever happens
	seenEvery       = 5 * time.Minute     // how stale "last seen" may be, which saves a write per request
	sessionsPerUser = 50                  // the oldest go first
	maxSessionData  = 4 << 10             // of encoded values
)

// valueKey marks values of a session that live as long as the request and are not stored.
type valueKey int

const (
	identityKey valueKey = iota // *Identity
	ownerKey                    // owner: who a session that is about to be saved belongs to
)

// owner is what a new session's row says about its browser.
type owner struct {
	userID, accountID int64
	userAgent, ip     string
}

// Store keeps sessions of gorilla/sessions in our own table. It is only ever asked through Service.
type Store struct{ s *Service }

var _ sessions.Store = Store{}

// Get gives the request's session, loading it at most once per request.
func (st Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(st, name)
}

// New loads the session that the cookie names. A cookie that is missing, foreign, revoked or expired
// gives an empty session and no error: it means nobody is signed in. The error is our database's.
func (st Store) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(st, name)
	session.IsNew = true
	session.Options = st.s.cookieOptions(int(sessionAbsolute.Seconds()))
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	id := st.s.unseal(name, cookie.Value)
	if id == "" {
		return session, nil
	}
	identity, err := st.s.findSession(r.Context(), digest(id))
	if err != nil || identity == nil {
		return session, err
	}
	session.ID, session.IsNew = id, false
	session.Values = decodeValues(identity.Session.Data)
	session.Values[identityKey] = identity
	return session, nil
}

// Save writes the session's row and cookie. A session without an id gets a fresh one; one with a
// negative MaxAge is deleted in both places.
func (st Store) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	ctx := r.Context()
	if session.Options.MaxAge < 0 {
		if session.ID != "" {
			err := st.s.db.Write(ctx).Where("id_hash = ?", digest(session.ID)).Delete(&models.Session{}).Error
			if err != nil {
				return fmt.Errorf("delete session: %w", err)
			}
		}
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	data, err := encodeValues(session.Values)
	if err != nil {
		return err
	}
	if session.ID != "" {
		return st.update(ctx, digest(session.ID), data)
	}
	who, ok := session.Values[ownerKey].(owner)
	if !ok {
		return errors.New("save session: nobody owns it") // anonymous visitors have none
	}
	session.ID = models.NewToken()
	if err := st.insert(ctx, digest(session.ID), data, who); err != nil {
		return err
	}
	value, err := st.s.seal(session.Name(), session.ID)
	if err != nil {
		return err
	}
	http.SetCookie(w, sessions.NewCookie(session.Name(), value, session.Options))
	return nil
}

func (st Store) update(ctx context.Context, hash, data string) error {
	err := st.s.db.Write(ctx).Model(&models.Session{}).Where("id_hash = ?", hash).Update("data", data).Error
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}

func (st Store) insert(ctx context.Context, hash, data string, who owner) error {
	now := st.s.clock()
	row := models.Session{
		IDHash: hash, PublicID: models.NewPublicID("sess"),
		UserID: &who.userID, AccountID: &who.accountID, Data: data,
		UserAgent: Clip(who.userAgent, 300), IP: Clip(who.ip, 45),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(sessionAbsolute), ConfirmedAt: &now,
	}
	err := st.s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		keep := tx.Model(&models.Session{}).Select("id_hash").Where("user_id = ?", who.userID).
			Order("last_seen_at DESC, created_at DESC").Limit(sessionsPerUser)
		return tx.Where("user_id = ? AND id_hash <> ? AND id_hash NOT IN (?)", who.userID, hash, keep).
			Delete(&models.Session{}).Error
	})
	if err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	return nil
}

// cookieOptions: Lax, because people come back from the payment page by a link of another site.
func (s *Service) cookieOptions(maxAge int) *sessions.Options {
	return &sessions.Options{
		Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: s.cookies.secure, SameSite: http.SameSiteLaxMode,
	}
}

// identityColumns and scanTargets go together: the one query of a request reads exactly these.
const identityColumns = `users.id, users.public_id, users.email, users.name, users.password_hash,
	users.email_verified_at, users.locale, users.time_zone, users.created_at,
	accounts.id, accounts.public_id, accounts.name, accounts.billing_email, accounts.created_by,
	accounts.suspended_at, accounts.created_at, memberships.role`

func (id *Identity) scanTargets() []any {
	u, a := &id.User, &id.Account
	return []any{
		&u.ID, &u.PublicID, &u.Email, &u.Name, &u.PasswordHash,
		&u.EmailVerifiedAt, &u.Locale, &u.TimeZone, &u.CreatedAt,
		&a.ID, &a.PublicID, &a.Name, &a.BillingEmail, &a.CreatedBy,
		&a.SuspendedAt, &a.CreatedAt, &id.Role,
	}
}

// findSessionSQL is asked by every request of a signed-in browser; the cast is the one that models.Read
// speaks of.
const findSessionSQL = `SELECT sessions.id_hash, sessions.public_id, sessions.user_id, sessions.account_id,
	sessions.data, sessions.user_agent, sessions.ip, sessions.created_at, sessions.last_seen_at,
	sessions.expires_at, sessions.confirmed_at, ` + identityColumns + `
	FROM sessions
	JOIN users ON users.id = sessions.user_id
	JOIN accounts ON accounts.id = sessions.account_id
	JOIN memberships ON memberships.account_id = accounts.id AND memberships.user_id = users.id
	WHERE sessions.id_hash = CAST(? AS TEXT) AND sessions.expires_at > ? AND sessions.last_seen_at > ?
	AND users.disabled_at IS NULL`

// findSession is the one query of a signed-in request. It gives nil where nobody is signed in.
func (s *Service) findSession(ctx context.Context, hash string) (*Identity, error) {
	id, now := &Identity{}, s.clock()
	row := &id.Session
	targets := append([]any{
		&row.IDHash, &row.PublicID, &row.UserID, &row.AccountID, &row.Data, &row.UserAgent, &row.IP,
		&row.CreatedAt, &row.LastSeenAt, &row.ExpiresAt, &row.ConfirmedAt,
	}, id.scanTargets()...)
	err := s.db.Read(ctx).Raw(findSessionSQL, hash, now, now.Add(-sessionIdle)).Row().Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load session: %w", err)
	}
	return id, nil
}

// encodeValues leaves out what lives only as long as the request.
func encodeValues(values map[any]any) (string, error) {
	stored := map[any]any{}
	for key, value := range values {
		if _, transient := key.(valueKey); !transient {
			stored[key] = value
		}
	}
	if len(stored) == 0 {
		return "", nil
	}
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(stored); err != nil {
		return "", fmt.Errorf("encode session: %w", err)
	}
	if data.Len() > maxSessionData {
		return "", fmt.Errorf("encode session: %d bytes are too many", data.Len())
	}
	return base64.StdEncoding.EncodeToString(data.Bytes()), nil
}

// decodeValues never fails: values of an older version of the program are worth less than staying
// signed in.
func decodeValues(data string) map[any]any {
	values := map[any]any{}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(raw) == 0 {
		return values
	}
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&values); err != nil {
		return map[any]any{}
	}
	return values
}
