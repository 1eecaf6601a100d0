-- +goose Up
-- What a trial is given to once, besides the account: the person, the mailbox and the card. The first to claim it has
-- it. Values are hashed: they are compared with each other, and never shown.
CREATE TABLE trial_claims (
    stripe_account  TEXT NOT NULL,
    livemode        BOOLEAN NOT NULL,
    claim           TEXT NOT NULL,
    kind            TEXT NOT NULL,
    account_id      BIGINT NOT NULL REFERENCES accounts (id),
    subscription_id TEXT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (stripe_account, livemode, claim)
);
CREATE INDEX trial_claims_account ON trial_claims (account_id);

-- A trial that is being ended uncharged, because somebody else's claim came first.
ALTER TABLE subscriptions ADD COLUMN trial_refused BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE subscriptions DROP COLUMN trial_refused;
DROP TABLE trial_claims;
