-- +goose Up
CREATE TABLE users (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id         TEXT NOT NULL UNIQUE,
    email             TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL,
    password_hash     TEXT NOT NULL,
    email_verified_at DATETIME,
    disabled_at       DATETIME,
    locale            TEXT NOT NULL DEFAULT 'en-US',
    time_zone         TEXT NOT NULL DEFAULT 'UTC',
    created_at        DATETIME NOT NULL,
    updated_at        DATETIME NOT NULL
);

CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id     TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    billing_email TEXT NOT NULL,
    created_by    INTEGER NOT NULL REFERENCES users (id),
    suspended_at  DATETIME,
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL
);
CREATE INDEX accounts_created_by ON accounts (created_by);

CREATE TABLE memberships (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    UNIQUE (account_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE sessions (
    id_hash      TEXT PRIMARY KEY,
    public_id    TEXT NOT NULL UNIQUE,
    user_id      INTEGER REFERENCES users (id) ON DELETE CASCADE,
    account_id   INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    data         TEXT NOT NULL DEFAULT '',
    user_agent   TEXT NOT NULL DEFAULT '',
    ip           TEXT NOT NULL DEFAULT '',
    created_at   DATETIME NOT NULL,
    last_seen_at DATETIME NOT NULL,
    expires_at   DATETIME NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE tokens (
    id_hash    TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    used_at    DATETIME
);
CREATE INDEX tokens_user ON tokens (user_id, kind);

CREATE TABLE api_keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id    TEXT NOT NULL UNIQUE,
    account_id   INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    key_hash     TEXT NOT NULL UNIQUE,
    created_at   DATETIME NOT NULL,
    last_used_at DATETIME,
    revoked_at   DATETIME
);
CREATE INDEX api_keys_account ON api_keys (account_id);

CREATE TABLE projects (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id  TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    UNIQUE (account_id, name)
);
CREATE INDEX projects_account ON projects (account_id, created_at);

CREATE TABLE connections (
    key_hash       TEXT PRIMARY KEY,
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    seen_at        DATETIME NOT NULL
);

CREATE TABLE customers (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id     INTEGER NOT NULL REFERENCES accounts (id),
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    stripe_id      TEXT NOT NULL,
    email          TEXT NOT NULL DEFAULT '',
    currency       TEXT NOT NULL DEFAULT '',
    balance        BIGINT NOT NULL DEFAULT 0,
    card_brand     TEXT NOT NULL DEFAULT '',
    card_last4     TEXT NOT NULL DEFAULT '',
    card_exp_month BIGINT NOT NULL DEFAULT 0,
    card_exp_year  BIGINT NOT NULL DEFAULT 0,
    dispute_status TEXT NOT NULL DEFAULT '',
    deleted_at     DATETIME,
    replaced_at    DATETIME,
    synced_at      DATETIME,
    created_at     DATETIME NOT NULL,
    updated_at     DATETIME NOT NULL,
    UNIQUE (stripe_account, livemode, stripe_id)
);
CREATE UNIQUE INDEX customers_current ON customers (account_id, stripe_account, livemode) WHERE replaced_at IS NULL;
CREATE INDEX customers_stripe_id ON customers (stripe_id);

CREATE TABLE subscriptions (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id          INTEGER NOT NULL REFERENCES customers (id),
    stripe_account       TEXT NOT NULL,
    livemode             BOOLEAN NOT NULL,
    stripe_id            TEXT NOT NULL,
    kind                 TEXT NOT NULL,
    status               TEXT NOT NULL,
    lookup_key           TEXT NOT NULL,
    plan                 TEXT NOT NULL,
    currency             TEXT NOT NULL,
    amount               BIGINT NOT NULL,
    quantity             BIGINT NOT NULL,
    billing_interval     TEXT NOT NULL,
    mrr                  BIGINT NOT NULL,
    next_amount          BIGINT NOT NULL DEFAULT 0,
    started_at           DATETIME NOT NULL,
    current_period_start DATETIME NOT NULL,
    current_period_end   DATETIME NOT NULL,
    trial_start          DATETIME,
    trial_end            DATETIME,
    cancel_at_period_end BOOLEAN NOT NULL,
    cancel_at            DATETIME,
    canceled_at          DATETIME,
    cancel_reason        TEXT NOT NULL,
    ended_at             DATETIME,
    pause_behavior       TEXT NOT NULL,
    latest_invoice_id    TEXT NOT NULL,
    first_invoice_status TEXT NOT NULL,
    past_due_since       DATETIME,
    known_status         TEXT NOT NULL,
    known_plan           TEXT NOT NULL,
    unknown_since        DATETIME,
    synced_at            DATETIME NOT NULL,
    created_at           DATETIME NOT NULL,
    updated_at           DATETIME NOT NULL,
    UNIQUE (stripe_account, livemode, stripe_id)
);
CREATE INDEX subscriptions_customer ON subscriptions (customer_id);

CREATE TABLE subscription_items (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    stripe_id       TEXT NOT NULL,
    price_id        TEXT NOT NULL,
    product_id      TEXT NOT NULL,
    lookup_key      TEXT NOT NULL,
    unit_amount     BIGINT NOT NULL,
    currency        TEXT NOT NULL,
    quantity        BIGINT NOT NULL,
    billing_interval TEXT NOT NULL,
    usage_type      TEXT NOT NULL,
    UNIQUE (subscription_id, stripe_id)
);

CREATE TABLE invoices (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id          INTEGER NOT NULL REFERENCES customers (id),
    stripe_account       TEXT NOT NULL,
    livemode             BOOLEAN NOT NULL,
    stripe_id            TEXT NOT NULL,
    subscription_id      TEXT NOT NULL,
    number               TEXT NOT NULL,
    status               TEXT NOT NULL,
    billing_reason       TEXT NOT NULL,
    currency             TEXT NOT NULL,
    total                BIGINT NOT NULL,
    amount_due           BIGINT NOT NULL,
    amount_paid          BIGINT NOT NULL,
    amount_remaining     BIGINT NOT NULL,
    attempt_count        BIGINT NOT NULL,
    next_payment_attempt DATETIME,
    first_failed_at      DATETIME,
    period_start         DATETIME,
    period_end           DATETIME,
    hosted_url           TEXT NOT NULL,
    pdf_url              TEXT NOT NULL,
    paid_at              DATETIME,
    issued_at            DATETIME NOT NULL,
    created_at           DATETIME NOT NULL,
    updated_at           DATETIME NOT NULL,
    UNIQUE (stripe_account, livemode, stripe_id)
);
CREATE INDEX invoices_customer ON invoices (customer_id, issued_at);

CREATE TABLE customer_sync (
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    stripe_id      TEXT NOT NULL,
    dirty_seq      BIGINT NOT NULL,
    synced_seq     BIGINT NOT NULL DEFAULT 0,
    next_at        DATETIME NOT NULL,
    lease_token    TEXT NOT NULL DEFAULT '',
    lease_until    DATETIME,
    attempts       BIGINT NOT NULL DEFAULT 0,
    dead_at        DATETIME,
    last_error     TEXT NOT NULL DEFAULT '',
    last_ok_at     DATETIME,
    PRIMARY KEY (stripe_account, livemode, stripe_id)
);
CREATE INDEX customer_sync_due ON customer_sync (next_at) WHERE dirty_seq > synced_seq AND dead_at IS NULL;

CREATE TABLE webhook_events (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id      TEXT NOT NULL UNIQUE,
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    event_id       TEXT NOT NULL,
    type           TEXT NOT NULL,
    api_version    TEXT NOT NULL,
    object_id      TEXT NOT NULL,
    customer       TEXT NOT NULL,
    payload        BLOB NOT NULL,
    occurred_at    DATETIME NOT NULL,
    received_at    DATETIME NOT NULL,
    state          TEXT NOT NULL,
    dirty_seq      BIGINT NOT NULL,
    attempts       BIGINT NOT NULL DEFAULT 0,
    deliveries     BIGINT NOT NULL DEFAULT 1,
    last_error     TEXT NOT NULL DEFAULT '',
    done_at        DATETIME,
    UNIQUE (event_id, stripe_account, livemode)
);
CREATE INDEX webhook_events_customer ON webhook_events (customer, id);
CREATE INDEX webhook_events_state ON webhook_events (state, id);
CREATE INDEX webhook_events_type ON webhook_events (type, id);

CREATE TABLE facts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    fact_key       TEXT NOT NULL UNIQUE,
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    account_id     INTEGER NOT NULL REFERENCES accounts (id),
    customer_id    INTEGER NOT NULL REFERENCES customers (id),
    type           TEXT NOT NULL,
    object_id      TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    discount       BIGINT NOT NULL DEFAULT 0,
    mrr_before     BIGINT NOT NULL,
    mrr_after      BIGINT NOT NULL,
    plan           TEXT NOT NULL,
    occurred_at    DATETIME NOT NULL,
    recorded_at    DATETIME NOT NULL
);
CREATE INDEX facts_account ON facts (account_id, id);
CREATE INDEX facts_occurred ON facts (occurred_at);

CREATE TABLE mails (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id   TEXT NOT NULL UNIQUE,
    dedupe_key  TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    user_id     INTEGER,
    account_id  INTEGER,
    to_address  TEXT NOT NULL,
    subject     TEXT NOT NULL,
    html        TEXT NOT NULL,
    text        TEXT NOT NULL,
    secret      BOOLEAN NOT NULL,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    next_at     DATETIME NOT NULL,
    lease_token TEXT NOT NULL DEFAULT '',
    lease_until DATETIME,
    last_error  TEXT NOT NULL DEFAULT '',
    sent_at     DATETIME,
    created_at  DATETIME NOT NULL
);
CREATE INDEX mails_due ON mails (next_at) WHERE state = 'pending';
CREATE INDEX mails_account ON mails (account_id, id);
CREATE INDEX mails_user ON mails (user_id, id);

CREATE TABLE stripe_ops (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id     INTEGER NOT NULL REFERENCES accounts (id),
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    kind           TEXT NOT NULL,
    idem_key       TEXT NOT NULL UNIQUE,
    params         TEXT NOT NULL,
    state          TEXT NOT NULL,
    result         TEXT NOT NULL DEFAULT '',
    attempts       BIGINT NOT NULL DEFAULT 0,
    next_at        DATETIME NOT NULL,
    lease_token    TEXT NOT NULL DEFAULT '',
    lease_until    DATETIME,
    last_error     TEXT NOT NULL DEFAULT '',
    created_at     DATETIME NOT NULL,
    done_at        DATETIME
);
CREATE INDEX stripe_ops_due ON stripe_ops (next_at) WHERE state = 'pending';
CREATE INDEX stripe_ops_account ON stripe_ops (account_id, kind);

CREATE TABLE checkouts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id      TEXT NOT NULL UNIQUE,
    account_id     INTEGER NOT NULL REFERENCES accounts (id),
    user_id        INTEGER NOT NULL REFERENCES users (id),
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    stripe_id      TEXT NOT NULL,
    lookup_key     TEXT NOT NULL,
    quantity       BIGINT NOT NULL,
    trial_days     BIGINT NOT NULL,
    url            TEXT NOT NULL,
    state          TEXT NOT NULL,
    expires_at     DATETIME NOT NULL,
    created_at     DATETIME NOT NULL,
    updated_at     DATETIME NOT NULL
);
CREATE UNIQUE INDEX checkouts_open ON checkouts (account_id, stripe_account, livemode) WHERE state IN ('creating', 'open');
CREATE INDEX checkouts_stripe_id ON checkouts (stripe_id);

CREATE TABLE trials (
    account_id      INTEGER NOT NULL REFERENCES accounts (id),
    stripe_account  TEXT NOT NULL,
    livemode        BOOLEAN NOT NULL,
    user_id         INTEGER NOT NULL,
    subscription_id TEXT NOT NULL,
    started_at      DATETIME NOT NULL,
    PRIMARY KEY (account_id, stripe_account, livemode)
);
CREATE INDEX trials_user ON trials (user_id);

CREATE TABLE grants (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    plan       TEXT NOT NULL,
    source     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    starts_at  DATETIME NOT NULL,
    ends_at    DATETIME,
    created_at DATETIME NOT NULL
);
CREATE INDEX grants_account ON grants (account_id);

CREATE TABLE usage_events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    meter       TEXT NOT NULL,
    usage_key   TEXT NOT NULL,
    quantity    BIGINT NOT NULL,
    occurred_at DATETIME NOT NULL,
    recorded_at DATETIME NOT NULL,
    UNIQUE (account_id, meter, usage_key)
);
CREATE INDEX usage_events_meter ON usage_events (account_id, meter, occurred_at);

CREATE TABLE subscribers (
    account_id   INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    public_id    TEXT NOT NULL,
    name         TEXT NOT NULL,
    email        TEXT NOT NULL,
    customer     TEXT NOT NULL,
    plan         TEXT NOT NULL,
    status       TEXT NOT NULL,
    mrr          BIGINT NOT NULL,
    search       TEXT NOT NULL,
    created_at   DATETIME NOT NULL
);
-- One index for each order of the list, carrying what the list filters by, so that any page is found
-- in the index alone. The one on search gives the order of names, which it begins with, and with the
-- one on the date it is what a search reads from end to end: SQLite has no trigrams without a build tag.
CREATE INDEX subscribers_created ON subscribers (created_at, account_id, plan, status, search);
CREATE INDEX subscribers_mrr ON subscribers (mrr, account_id, plan, status);
CREATE INDEX subscribers_plan ON subscribers (plan, status, created_at, account_id);
CREATE INDEX subscribers_status ON subscribers (status, plan, created_at, account_id);
CREATE INDEX subscribers_search ON subscribers (search, account_id, plan, status, mrr, created_at);

-- +goose Down
DROP TABLE subscribers;
DROP TABLE usage_events;
DROP TABLE grants;
DROP TABLE trials;
DROP TABLE checkouts;
DROP TABLE stripe_ops;
DROP TABLE mails;
DROP TABLE facts;
DROP TABLE webhook_events;
DROP TABLE customer_sync;
DROP TABLE invoices;
DROP TABLE subscription_items;
DROP TABLE subscriptions;
DROP TABLE customers;
DROP TABLE connections;
DROP TABLE projects;
DROP TABLE api_keys;
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE memberships;
DROP TABLE accounts;
DROP TABLE users;
