-- +goose Up
-- Operations of several calls remember how far they have come.
ALTER TABLE stripe_ops ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE stripe_ops ADD COLUMN recovery_point TEXT NOT NULL DEFAULT '';
CREATE INDEX stripe_ops_subject ON stripe_ops (subject, id) WHERE subject <> '';

-- +goose Down
DROP INDEX stripe_ops_subject;
ALTER TABLE stripe_ops DROP COLUMN recovery_point;
ALTER TABLE stripe_ops DROP COLUMN subject;
