package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

const (
	keyMark      = "tg_" // so that scanners for leaked secrets can tell what they found
	keyShown     = 6     // characters after the mark that stay visible
	keysMax      = 20    // per account
	keyNameMax   = 60
	keyUsedEvery = time.Minute // how stale "last used" may be
)

// CreateAPIKey makes a key that acts for the identity's account as its user. The secret is returned
// and never again known: the table has its hash.
func (s *Service) CreateAPIKey(ctx context.Context, id *Identity, name string) (models.APIKey, string, error) {
	name, code := cleanName(name, "api_key_name", keyNameMax)
	if code != "" {
		return models.APIKey{}, "", fault.Form(map[string]string{"name": code})
	}
	secret := keyMark + models.NewToken()
	key := models.APIKey{
		PublicID: models.NewPublicID("key"), AccountID: id.Account.ID, UserID: id.User.ID, Name: name,
		Prefix: secret[:len(keyMark)+keyShown], KeyHash: digest(secret), CreatedAt: s.clock(),
	}
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var live int64
		err := tx.Model(&models.APIKey{}).Where("account_id = ? AND revoked_at IS NULL", id.Account.ID).
			Count(&live).Error
		if err != nil {
			return fmt.Errorf("count keys: %w", err)
		}
		if live >= keysMax {
			return fault.New(fault.Conflict, "api_keys_full")
		}
		if err := tx.Create(&key).Error; err != nil {
			return fmt.Errorf("create key: %w", err)
		}
		return nil
	})
	if err != nil {
		return models.APIKey{}, "", err
	}
	return key, secret, nil
}

// APIKeys lists the account's keys that still work, newest first.
func (s *Service) APIKeys(ctx context.Context, id *Identity) ([]models.APIKey, error) {
	var keys []models.APIKey
	err := s.db.Read(ctx).Where("account_id = ? AND revoked_at IS NULL", id.Account.ID).
		Order("id DESC").Limit(keysMax).Find(&keys).Error
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// RevokeAPIKey ends one of the account's keys, at once.
func (s *Service) RevokeAPIKey(ctx context.Context, id *Identity, publicID string) error {
	if !PlausibleID(publicID) {
		return fault.New(fault.NotFound, "not_found")
	}
	revoked := s.db.Write(ctx).Model(&models.APIKey{}).
		Where("public_id = ? AND account_id = ? AND revoked_at IS NULL", publicID, id.Account.ID).
		Update("revoked_at", s.clock())
	if revoked.Error != nil {
		return fmt.Errorf("revoke key: %w", revoked.Error)
	}
	if revoked.RowsAffected == 0 {
		return fault.New(fault.NotFound, "not_found")
	}
	return nil
}

const findKeySQL = `SELECT api_keys.id, api_keys.public_id, api_keys.account_id, api_keys.user_id,
	api_keys.name, api_keys.prefix, api_keys.created_at, api_keys.last_used_at, ` + identityColumns + `
	FROM api_keys
	JOIN users ON users.id = api_keys.user_id
	JOIN accounts ON accounts.id = api_keys.account_id
	JOIN memberships ON memberships.account_id = accounts.id AND memberships.user_id = users.id
	WHERE api_keys.key_hash = ? AND api_keys.revoked_at IS NULL AND users.disabled_at IS NULL`

// IdentifyKey says whom a key acts for, in one query. A key dies with its user's membership. Whatever
// is wrong with it, the answer is unauthorized.
func (s *Service) IdentifyKey(ctx context.Context, secret string) (*Identity, error) {
	unknown := fault.New(fault.Unauthorized, "unauthorized")
	if !strings.HasPrefix(secret, keyMark) || !PlausibleID(secret) {
		return nil, unknown
	}
	id := &Identity{APIKey: &models.APIKey{}}
	key := id.APIKey
	targets := append([]any{
		&key.ID, &key.PublicID, &key.AccountID, &key.UserID, &key.Name, &key.Prefix, &key.CreatedAt, &key.LastUsedAt,
	}, id.scanTargets()...)
	err := s.db.Read(ctx).Raw(findKeySQL, digest(secret)).Row().Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, unknown
	}
	if err != nil {
		return nil, fmt.Errorf("find key: %w", err)
	}
	now := s.clock()
	if key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < keyUsedEvery {
		return id, nil
	}
	err = s.db.Write(ctx).Model(&models.APIKey{}).
		Where("id = ? AND (last_used_at IS NULL OR last_used_at <= ?)", key.ID, now.Add(-keyUsedEvery)).
		Update("last_used_at", now).Error
	if err != nil {
		return nil, fmt.Errorf("touch key: %w", err)
	}
	return id, nil
}
