-- +goose Up
-- An invitation to join an account, which was mailed to one address; only the hash of its token is kept. One that was
-- sent again is another row, and the older one is revoked.
CREATE TABLE invitations (
    id          INTEGER PRIMARY KEY,
    public_id   TEXT NOT NULL UNIQUE,
    account_id  INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    email       TEXT NOT NULL,
    role        TEXT NOT NULL,
    token_hash  TEXT NOT NULL UNIQUE,
    invited_by  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  DATETIME NOT NULL,
    expires_at  DATETIME NOT NULL,
    accepted_at DATETIME,
    revoked_at  DATETIME
);
CREATE UNIQUE INDEX invitations_open ON invitations (account_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_made ON invitations (account_id, created_at);
CREATE INDEX invitations_expire ON invitations (expires_at);

-- An account has one owner, whatever two hand-overs at once make of it.
CREATE UNIQUE INDEX memberships_owner ON memberships (account_id) WHERE role = 'owner';

-- +goose Down
DROP INDEX memberships_owner;
DROP TABLE invitations;
