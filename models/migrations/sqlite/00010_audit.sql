-- +goose Up
-- Who did what, when and from where. Rows are written once: they are never changed, and none is deleted within a year.
-- They refer to accounts and people by number and not by a foreign key, so that they outlive what they are about.
CREATE TABLE audit_entries (
    id         INTEGER PRIMARY KEY,
    public_id  TEXT NOT NULL UNIQUE,
    at         DATETIME NOT NULL,
    action     TEXT NOT NULL,
    account_id INTEGER,
    actor_id   INTEGER,
    as_admin   BOOLEAN NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    ip         TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX audit_entries_account ON audit_entries (account_id, id);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, id);

-- +goose StatementBegin
CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entries_last BEFORE DELETE ON audit_entries WHEN OLD.at > datetime('now', '-365 days')
BEGIN SELECT RAISE(ABORT, 'the audit log is kept for a year'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit_entries;
