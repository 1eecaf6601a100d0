-- +goose Up
-- Operations of several calls remember how far they have come.
ALTER TABLE stripe_ops ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE stripe_ops ADD COLUMN recovery_point TEXT NOT NULL DEFAULT '';
CREATE INDEX stripe_ops_subject ON stripe_ops (subject, id) WHERE subject <> '';

-- What a subscription is about to become: by a schedule, or by a change that waits for its payment.
ALTER TABLE subscriptions ADD COLUMN schedule_id TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_lookup_key TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_at TIMESTAMPTZ;
ALTER TABLE subscriptions ADD COLUMN pending_lookup_key TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN pending_until TIMESTAMPTZ;
ALTER TABLE subscriptions ADD COLUMN pending_url TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE subscriptions DROP COLUMN pending_url;
ALTER TABLE subscriptions DROP COLUMN pending_until;
ALTER TABLE subscriptions DROP COLUMN pending_lookup_key;
ALTER TABLE subscriptions DROP COLUMN next_at;
ALTER TABLE subscriptions DROP COLUMN next_lookup_key;
ALTER TABLE subscriptions DROP COLUMN schedule_id;
DROP INDEX stripe_ops_subject;
ALTER TABLE stripe_ops DROP COLUMN recovery_point;
ALTER TABLE stripe_ops DROP COLUMN subject;
