-- +goose Up
-- A user's authenticator app. The secret is sealed with a key made of a session secret; sealed_with names that key, so
-- that what an older one sealed can be found and sealed anew. Nothing is asked for until a code has confirmed it. used_step is the
-- time step of the last code that was accepted, tries are the wrong ones since tries_since.
CREATE TABLE totps (
    user_id      BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       TEXT NOT NULL,
    sealed_with  TEXT NOT NULL,
    used_step    BIGINT NOT NULL DEFAULT 0,
    tries        BIGINT NOT NULL DEFAULT 0,
    tries_since  TIMESTAMPTZ NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ
);

-- What gets a user in without the app. Each works once; only hashes are kept.
CREATE TABLE recovery_codes (
    code_hash  TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    used_at    TIMESTAMPTZ
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- When whoever uses the session last proved who they are, which dangerous actions ask for.
ALTER TABLE sessions ADD COLUMN confirmed_at TIMESTAMPTZ;

-- +goose Down
ALTER TABLE sessions DROP COLUMN confirmed_at;
DROP TABLE recovery_codes;
DROP TABLE totps;
