-- +goose Up
-- What came back: refunds and disputes, and the charge by which they are found.
ALTER TABLE invoices ADD COLUMN charge_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN payment_intent_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN amount_refunded BIGINT NOT NULL DEFAULT 0;
CREATE INDEX invoices_charge ON invoices (charge_id) WHERE charge_id <> '';

CREATE TABLE refunds (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id    INTEGER NOT NULL REFERENCES customers (id),
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    stripe_id      TEXT NOT NULL,
    charge_id      TEXT NOT NULL,
    invoice_id     TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    status         TEXT NOT NULL,
    reason         TEXT NOT NULL,
    issued_at      DATETIME NOT NULL,
    created_at     DATETIME NOT NULL,
    updated_at     DATETIME NOT NULL,
    UNIQUE (stripe_account, livemode, stripe_id)
);
CREATE INDEX refunds_customer ON refunds (customer_id, issued_at);

CREATE TABLE disputes (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id    INTEGER NOT NULL REFERENCES customers (id),
    stripe_account TEXT NOT NULL,
    livemode       BOOLEAN NOT NULL,
    stripe_id      TEXT NOT NULL,
    charge_id      TEXT NOT NULL,
    invoice_id     TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    status         TEXT NOT NULL,
    reason         TEXT NOT NULL,
    due_by         DATETIME,
    opened_at      DATETIME NOT NULL,
    created_at     DATETIME NOT NULL,
    updated_at     DATETIME NOT NULL,
    UNIQUE (stripe_account, livemode, stripe_id)
);
CREATE INDEX disputes_customer ON disputes (customer_id, opened_at);

-- +goose Down
DROP TABLE disputes;
DROP TABLE refunds;
DROP INDEX invoices_charge;
ALTER TABLE invoices DROP COLUMN amount_refunded;
ALTER TABLE invoices DROP COLUMN payment_intent_id;
ALTER TABLE invoices DROP COLUMN charge_id;
