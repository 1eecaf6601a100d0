package models

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"example.com/tollgate/internal/fault"
)

// ListMails reads one page of mails, newest first, whose address or subject contains query, and how
// many there are. page counts from 1. The bodies are left out: a list shows none.
func (db *DB) ListMails(ctx context.Context, query string, page, perPage int) ([]Mail, int64, error) {
	matching := func() *gorm.DB {
		tx := db.Read(ctx).Model(&Mail{})
		if query != "" {
			pattern := "%" + likeEscaper().Replace(strings.ToLower(query)) + "%"
			tx = tx.Where(`LOWER(to_address) LIKE ? ESCAPE '\' OR LOWER(subject) LIKE ? ESCAPE '\'`, pattern, pattern)
		}
		return tx
	}
	var total int64
	if err := matching().Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("count mails: %w", err)
	}
	var mails []Mail
	err := matching().Omit("html", "text").Order("id DESC").
		Offset((page - 1) * perPage).Limit(perPage).Find(&mails).Error
	if err != nil {
		return nil, 0, fmt.Errorf("list mails: %w", err)
	}
	return mails, total, nil
}

// FindMail reads one mail whole.
func (db *DB) FindMail(ctx context.Context, publicID string) (Mail, error) {
	var m Mail
	err := db.Read(ctx).Where("public_id = ?", publicID).Take(&m).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Mail{}, fault.New(fault.NotFound, "not_found")
	}
	if err != nil {
		return Mail{}, fmt.Errorf("find mail: %w", err)
	}
	return m, nil
}

// likeEscaper makes text mean itself within a LIKE pattern whose escape is a backslash.
func likeEscaper() *strings.Replacer { return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`) }
