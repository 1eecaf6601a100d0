-- +goose Up
-- When there is next something to tell an owner by the calendar. What is there already is looked at once.
ALTER TABLE subscriptions ADD COLUMN notice_at TIMESTAMPTZ;
UPDATE subscriptions SET notice_at = updated_at WHERE ended_at IS NULL;
CREATE INDEX subscriptions_notice ON subscriptions (notice_at) WHERE notice_at IS NOT NULL;

-- What about an invoice needs its owner, and when its payment was last tried.
ALTER TABLE subscriptions ADD COLUMN attention TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN action_required BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE invoices ADD COLUMN tried_at TIMESTAMPTZ;

-- The card that is charged by default, so that a change of it is noticed.
ALTER TABLE customers ADD COLUMN payment_method TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE customers DROP COLUMN payment_method;
ALTER TABLE invoices DROP COLUMN tried_at;
ALTER TABLE invoices DROP COLUMN action_required;
ALTER TABLE subscriptions DROP COLUMN attention;
DROP INDEX subscriptions_notice;
ALTER TABLE subscriptions DROP COLUMN notice_at;
