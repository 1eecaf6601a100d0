-- +goose Up
-- Where the comparison with Stripe stands, one row for each kind of it. event_at is Stripe's time, the others are ours.
CREATE TABLE reconcile_cursors (
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    kind           TEXT NOT NULL,
    event_id       TEXT NOT NULL DEFAULT '',
    event_at       DATETIME NOT NULL,
    next_at        DATETIME NOT NULL,
    lease_token    TEXT NOT NULL DEFAULT '',
    lease_until    DATETIME,
    last_ok_at     DATETIME,
    last_error     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (stripe_account, livemode, kind)
);

-- What each run found. position is where a sweep goes on after it was interrupted.
CREATE TABLE reconcile_runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id      TEXT NOT NULL UNIQUE,
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    kind           TEXT NOT NULL,
    origin         TEXT NOT NULL,
    state          TEXT NOT NULL,
    phase          TEXT NOT NULL DEFAULT '',
    position       TEXT NOT NULL DEFAULT '',
    seen           BIGINT NOT NULL DEFAULT 0,
    missed         BIGINT NOT NULL DEFAULT 0,
    drift          BIGINT NOT NULL DEFAULT 0,
    unknown        BIGINT NOT NULL DEFAULT 0,
    losing         BIGINT NOT NULL DEFAULT 0,
    paying         BIGINT NOT NULL DEFAULT 0,
    forced         BOOLEAN NOT NULL DEFAULT FALSE,
    reason         TEXT NOT NULL DEFAULT '',
    error          TEXT NOT NULL DEFAULT '',
    approved_by    TEXT NOT NULL DEFAULT '',
    approved_at    DATETIME,
    started_at     DATETIME NOT NULL,
    finished_at    DATETIME
);
CREATE INDEX reconcile_runs_newest ON reconcile_runs (stripe_account, livemode, kind, id);

-- What differed. It is healed once a sync has covered dirty_seq of its customer.
CREATE TABLE reconcile_drifts (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id    INTEGER NOT NULL REFERENCES reconcile_runs (id) ON DELETE CASCADE,
    customer  TEXT NOT NULL,
    object    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    detail    TEXT NOT NULL,
    loses     BOOLEAN NOT NULL,
    dirty_seq BIGINT NOT NULL DEFAULT 0,
    found_at  DATETIME NOT NULL,
    healed_at DATETIME,
    UNIQUE (run_id, object)
);
CREATE INDEX reconcile_drifts_customer ON reconcile_drifts (customer) WHERE healed_at IS NULL;
CREATE INDEX reconcile_drifts_found ON reconcile_drifts (found_at);

-- What a sweep has met at Stripe, so that it can ask about what it has not. Gone when the sweep is over.
CREATE TABLE reconcile_seen (
    run_id    INTEGER NOT NULL REFERENCES reconcile_runs (id) ON DELETE CASCADE,
    stripe_id TEXT NOT NULL,
    PRIMARY KEY (run_id, stripe_id)
);

-- +goose Down
DROP TABLE reconcile_seen;
DROP TABLE reconcile_drifts;
DROP TABLE reconcile_runs;
DROP TABLE reconcile_cursors;
