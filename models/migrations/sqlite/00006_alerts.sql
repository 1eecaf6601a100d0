-- +goose Up
-- What a person should look at. Of one kind and key at most one is open: seeing it again counts it up.
CREATE TABLE alerts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id      TEXT NOT NULL UNIQUE,
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    kind           TEXT NOT NULL,
    alert_key      TEXT NOT NULL,
    account_id     BIGINT,
    subject        TEXT NOT NULL,
    detail         TEXT NOT NULL,
    count          BIGINT NOT NULL,
    first_at       DATETIME NOT NULL,
    last_at        DATETIME NOT NULL,
    mailed_at      DATETIME,
    resolved_at    DATETIME,
    resolved_by    TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX alerts_open ON alerts (stripe_account, livemode, kind, alert_key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_history ON alerts (stripe_account, livemode, resolved_at);

-- The payment that a fact about money is about, for the lines that are logged of payments.
ALTER TABLE facts ADD COLUMN payment_id TEXT NOT NULL DEFAULT '';

-- Payloads are kept for a month, and the rows for good. Of what is trimmed only the newest is looked for.
ALTER TABLE webhook_events ADD COLUMN trimmed_at DATETIME;
CREATE INDEX webhook_events_trimmed ON webhook_events (id) WHERE trimmed_at IS NOT NULL;

-- What was given up on is counted every minute, and there should be next to none of it.
CREATE INDEX customer_sync_dead ON customer_sync (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX stripe_ops_dead ON stripe_ops (id) WHERE state = 'dead';
CREATE INDEX mails_dead ON mails (next_at) WHERE state = 'dead';

-- +goose Down
DROP INDEX mails_dead;
DROP INDEX stripe_ops_dead;
DROP INDEX customer_sync_dead;
DROP INDEX webhook_events_trimmed;
ALTER TABLE webhook_events DROP COLUMN trimmed_at;
ALTER TABLE facts DROP COLUMN payment_id;
DROP TABLE alerts;
