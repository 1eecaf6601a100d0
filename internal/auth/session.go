package auth

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/sessions"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// Identify says who makes a browser's request, or nil. Without a cookie of ours it asks nothing;
// with one it makes one query, and every few minutes writes down that the browser was seen.
func (s *Service) Identify(r *http.Request) (*Identity, error) {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return nil, err
	}
	id, _ := session.Values[identityKey].(*Identity)
	if id == nil {
		return nil, nil
	}
	return id, s.touch(r.Context(), id)
}

// HadSession reports whether the browser still carries the cookie of a session. Where nobody is
// signed in, that session has ended since.
func (s *Service) HadSession(r *http.Request) bool {
	_, err := r.Cookie(s.cookies.session)
	return err == nil
}

func (s *Service) touch(ctx context.Context, id *Identity) error {
	now := s.clock()
	if now.Sub(id.Session.LastSeenAt) < seenEvery {
		return nil
	}
	err := s.db.Write(ctx).Model(&models.Session{}).
		Where("id_hash = ? AND last_seen_at < ?", id.Session.IDHash, now.Add(-seenEvery)).
		Update("last_seen_at", now).Error
	if err != nil {
		return fmt.Errorf("touch session: %w", err)
	}
	id.Session.LastSeenAt = now
	return nil
}

// Begin signs a user in on this browser, under a new id. The session that was there before, whoever
// it belonged to, ends. Where the user has a second factor it opens no session: the browser is halfway,
// the answer is code_needed, and Finish does the rest. There is no other way in, so none can forget it.
func (s *Service) Begin(w http.ResponseWriter, r *http.Request, user models.User, ip string) error {
	row, err := s.findTOTP(s.db.Read(r.Context()), user.ID)
	if err != nil {
		return err
	}
	if row != nil && row.ConfirmedAt != nil {
		return s.beginHalf(w, r, user)
	}
	return s.open(w, r, user, ip)
}

// open makes the session of a user who has shown everything that is asked for.
func (s *Service) open(w http.ResponseWriter, r *http.Request, user models.User, ip string) error {
	account, err := s.homeAccount(r.Context(), user.ID)
	if err != nil {
		return err
	}
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return err
	}
	if session.ID != "" {
		err := s.db.Write(r.Context()).Where("id_hash = ?", digest(session.ID)).Delete(&models.Session{}).Error
		if err != nil {
			return fmt.Errorf("end the previous session: %w", err)
		}
	}
	session.ID, session.IsNew = "", true
	session.Values = map[any]any{ownerKey: owner{
		userID: user.ID, accountID: account, userAgent: r.UserAgent(), ip: ip,
	}}
	session.Options = s.cookieOptions(int(sessionAbsolute.Seconds()))
	if err := session.Save(r, w); err != nil {
		return err
	}
	s.dropFormCookie(w, r)
	return nil
}

// homeAccount is the account a user works in after signing in: the first that is theirs.
func (s *Service) homeAccount(ctx context.Context, userID int64) (int64, error) {
	var ids []int64
	err := s.db.Read(ctx).Model(&models.Membership{}).Where("user_id = ?", userID).
		Order("id").Limit(1).Pluck("account_id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("find an account: %w", err)
	}
	if len(ids) == 0 {
		return 0, fault.New(fault.Forbidden, "forbidden")
	}
	return ids[0], nil
}

// End signs the browser out: its row goes, so that a copy of the cookie is worth nothing.
func (s *Service) End(w http.ResponseWriter, r *http.Request) error {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return err
	}
	session.Options = s.cookieOptions(-1)
	return session.Save(r, w)
}

// Rotate gives the browser's session a new id, after what made it worth more or less.
func (s *Service) Rotate(w http.ResponseWriter, r *http.Request) error {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return err
	}
	if session.ID == "" {
		return nil
	}
	fresh := models.NewToken()
	err = s.db.Write(r.Context()).Model(&models.Session{}).Where("id_hash = ?", digest(session.ID)).
		Update("id_hash", digest(fresh)).Error
	if err != nil {
		return fmt.Errorf("rotate session: %w", err)
	}
	session.ID = fresh
	value, err := s.seal(s.cookies.session, fresh)
	if err != nil {
		return err
	}
	if id, ok := session.Values[identityKey].(*Identity); ok {
		id.Session.IDHash = digest(fresh)
	}
	http.SetCookie(w, sessions.NewCookie(s.cookies.session, value, session.Options))
	return nil
}

// Sessions lists the browsers that are signed in as this user, the latest seen first.
func (s *Service) Sessions(ctx context.Context, id *Identity) ([]models.Session, error) {
	var list []models.Session
	now := s.clock()
	err := s.db.Read(ctx).Where("user_id = ? AND expires_at > ? AND last_seen_at > ?",
		id.User.ID, now, now.Add(-sessionIdle)).
		Order("last_seen_at DESC, id_hash").Limit(sessionsPerUser).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// RevokeSession signs one of the user's browsers out.
func (s *Service) RevokeSession(ctx context.Context, id *Identity, publicID string) error {
	if !PlausibleID(publicID) {
		return fault.New(fault.NotFound, "not_found")
	}
	gone := s.db.Write(ctx).Where("public_id = ? AND user_id = ?", publicID, id.User.ID).Delete(&models.Session{})
	if gone.Error != nil {
		return fmt.Errorf("revoke session: %w", gone.Error)
	}
	if gone.RowsAffected == 0 {
		return fault.New(fault.NotFound, "not_found")
	}
	return nil
}

// RevokeOtherSessions signs every browser of the user out but this one.
func (s *Service) RevokeOtherSessions(ctx context.Context, id *Identity) error {
	err := s.db.Write(ctx).Where("user_id = ? AND id_hash <> ?", id.User.ID, id.Session.IDHash).
		Delete(&models.Session{}).Error
	if err != nil {
		return fmt.Errorf("revoke sessions: %w", err)
	}
	return nil
}

// PlausibleID spares the database what no public id of ours contains. Postgres would answer some of
// it with an error and not with nothing.
func PlausibleID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// flashKey is where a session keeps the notice for the next page.
const flashKey = "flash"

// Notice is what just happened, for the page after the redirect. Code chooses the words.
type Notice struct{ Kind, Code string }

// SetFlash leaves a notice for the browser's next page. Anonymous browsers have nowhere to keep one.
func (s *Service) SetFlash(w http.ResponseWriter, r *http.Request, notice Notice) error {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil || session.ID == "" {
		return err
	}
	session.Values[flashKey] = notice.Kind + " " + notice.Code
	return session.Save(r, w)
}

// TakeFlash gives the notice that was left, once.
func (s *Service) TakeFlash(w http.ResponseWriter, r *http.Request) (Notice, bool, error) {
	session, err := Store{s}.Get(r, s.cookies.session)
	if err != nil {
		return Notice{}, false, err
	}
	text, found := session.Values[flashKey].(string)
	if !found {
		return Notice{}, false, nil
	}
	delete(session.Values, flashKey)
	kind, code, _ := strings.Cut(text, " ")
	return Notice{Kind: kind, Code: code}, true, session.Save(r, w)
}
