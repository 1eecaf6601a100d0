package models

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// AuditPerPage is how many entries a page of the audit log shows, and auditExport how many the export gives at most.
const (
	AuditPerPage = 50
	auditExport  = 50_000
)

// AuditEntry is something that somebody did. Its rows are written once: the database refuses to change them, and to
// delete them within a year. Subject is the public id of what it was done to; Detail is what was typed, for actions
// whose form holds no secret. AsAdmin says that it was done by who runs the product, and not by a member.
type AuditEntry struct {
	ID        int64
	PublicID  string
	At        time.Time
	Action    string
	AccountID *int64
	ActorID   *int64
	AsAdmin   bool
	Subject   string
	Detail    string
	IP        string `gorm:"column:ip"`
	UserAgent string
	RequestID string
}

// AuditRow is an entry with the names of whoever did it and of whom or what it was done to, as they are called now.
// Of somebody who has been erased nothing but the number is left.
type AuditRow struct {
	AuditEntry
	ActorName, ActorEmail      string
	SubjectName                string
	AccountPublic, AccountName string
}

// AuditFilter narrows the log: to an account, or by a query, which is the whole of an address or of a public id.
// Page counts from 1.
type AuditFilter struct {
	AccountID int64
	Query     string
	Page      int
}

// RecordAudit writes an entry. One without an account is about the first one that its actor belongs to.
func (db *DB) RecordAudit(ctx context.Context, entry AuditEntry) error {
	entry.PublicID = NewPublicID("log")
	if entry.AccountID == nil && entry.ActorID != nil {
		var ids []int64
		err := db.Read(ctx).Model(&Membership{}).Where("user_id = ?", *entry.ActorID).Order("id").Limit(1).Pluck("account_id", &ids).Error
		if err != nil {
			return fmt.Errorf("find the account of an audit entry: %w", err)
		}
		if len(ids) > 0 {
			entry.AccountID = &ids[0]
		}
	}
	if err := db.Write(ctx).Create(&entry).Error; err != nil {
		return fmt.Errorf("write an audit entry: %w", err)
	}
	return nil
}

// ListAudit reads one page of the log, newest first, and how many entries match.
func (db *DB) ListAudit(ctx context.Context, f AuditFilter) ([]AuditRow, int64, error) {
	match, err := db.matchAudit(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	var total int64
	if err := match(db.Read(ctx).Table("audit_entries e")).Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("count audit entries: %w", err)
	}
	var rows []AuditRow
	err = match(db.auditRows(ctx)).Limit(AuditPerPage).Offset((f.Page - 1) * AuditPerPage).Scan(&rows).Error
	if err != nil {
		return nil, 0, fmt.Errorf("list audit entries: %w", err)
	}
	return rows, total, nil
}

// ExportAudit reads the newest entries that match, up to a limit that a spreadsheet bears.
func (db *DB) ExportAudit(ctx context.Context, f AuditFilter) ([]AuditRow, error) {
	match, err := db.matchAudit(ctx, f)
	if err != nil {
		return nil, err
	}
	var rows []AuditRow
	if err := match(db.auditRows(ctx)).Limit(auditExport).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("export audit entries: %w", err)
	}
	return rows, nil
}

func (db *DB) auditRows(ctx context.Context) *gorm.DB {
	return db.Read(ctx).Table("audit_entries e").
		Select(`e.*, u.name AS actor_name, u.email AS actor_email, COALESCE(s.name, k.name, '') AS subject_name,
			a.public_id AS account_public, a.name AS account_name`).
		Joins("LEFT JOIN users u ON u.id = e.actor_id").
		Joins("LEFT JOIN users s ON s.public_id = e.subject").
		Joins("LEFT JOIN api_keys k ON k.public_id = e.subject").
		Joins("LEFT JOIN accounts a ON a.id = e.account_id").
		Order("e.id DESC")
}

// matchAudit gives the condition of a filter. What a query names is found first, so that the log itself is read by its
// own indexes.
func (db *DB) matchAudit(ctx context.Context, f AuditFilter) (func(*gorm.DB) *gorm.DB, error) {
	column, value := "", any(nil)
	table, named := "", ""
	switch query := strings.ToLower(strings.TrimSpace(f.Query)); {
	case query == "":
	case strings.HasPrefix(query, "acct_"):
		table, named, column, value = "accounts", "public_id", "account_id", query
	case strings.HasPrefix(query, "user_"):
		table, named, column, value = "users", "public_id", "actor_id", query
	default:
		table, named, column, value = "users", "email", "actor_id", query
	}
	var ids []int64
	if table != "" {
		if err := db.Read(ctx).Table(table).Where(named+" = ?", value).Limit(1).Pluck("id", &ids).Error; err != nil {
			return nil, fmt.Errorf("find whom the audit log is asked about: %w", err)
		}
	}
	return func(query *gorm.DB) *gorm.DB {
		if f.AccountID != 0 {
			query = query.Where("e.account_id = ?", f.AccountID)
		}
		if column != "" {
			query = query.Where("e."+column+" IN ?", append(ids, -1))
		}
		return query
	}, nil
}
