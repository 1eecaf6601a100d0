package models

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// queryLog reports statements that fail. GORM's own loggers write out the text of every statement,
// values included, before they decide not to print it, which takes longer than a quick query does.
// Values never reach the log: they are people's.
type queryLog struct{}

var (
	_ logger.Interface  = queryLog{}
	_ gorm.ParamsFilter = queryLog{}
)

// LogMode keeps the one level there is.
func (l queryLog) LogMode(logger.LogLevel) logger.Interface { return l }

// Info passes on what GORM has to say.
func (queryLog) Info(ctx context.Context, msg string, _ ...any) { slog.InfoContext(ctx, msg) }

// Warn passes on what GORM has to say.
func (queryLog) Warn(ctx context.Context, msg string, _ ...any) { slog.WarnContext(ctx, msg) }

// Error passes on what GORM has to say.
func (queryLog) Error(ctx context.Context, msg string, _ ...any) { slog.ErrorContext(ctx, msg) }

// Trace is called after every statement. Rows that are missing or there already, requests that went
// away, and a database that cannot do anything now are answers rather than failures of a statement:
// whoever asked deals with them, and says so once.
func (queryLog) Trace(ctx context.Context, _ time.Time, text func() (string, int64), err error) {
	if err == nil || errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, gorm.ErrDuplicatedKey) ||
		errors.Is(err, context.Canceled) || Unavailable(err) {
		return
	}
	sql, rows := text()
	slog.ErrorContext(ctx, "query failed", "sql", sql, "rows", rows, "error", err)
}

// ParamsFilter keeps values out of the text.
func (queryLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}
