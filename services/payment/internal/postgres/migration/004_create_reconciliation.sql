-- +goose Up

CREATE TABLE reconciliation (
    id           text        COLLATE "C" PRIMARY KEY,
    provider     text        NOT NULL,
    window_from  timestamptz NOT NULL,
    window_until timestamptz NOT NULL,
    matched      bigint      NOT NULL,
    ours_only    bigint      NOT NULL,
    theirs_only  bigint      NOT NULL,
    amount       bigint      NOT NULL,
    currency     bigint      NOT NULL,
    duplicate    bigint      NOT NULL,
    timing       bigint      NOT NULL,
    actor        text        NOT NULL,
    request_id   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reconciliation_window CHECK (window_from < window_until)
);
CREATE UNIQUE INDEX reconciliation_request ON reconciliation (actor, request_id) WHERE request_id <> '';
CREATE INDEX reconciliation_created ON reconciliation (created_at);
COMMENT ON TABLE reconciliation IS 'Comparisons of our operations with a provider''s report, with counts of movements.';

CREATE TABLE reconciliation_finding (
    id                 text        COLLATE "C" PRIMARY KEY,
    provider           text        NOT NULL,
    class              text        NOT NULL CHECK (class IN ('ours_only', 'theirs_only', 'amount', 'currency', 'duplicate', 'timing')),
    kind               text        NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    operation_key      text        NOT NULL,
    order_id           text        NOT NULL,
    provider_reference text        NOT NULL,
    our_status         text        NOT NULL,
    their_status       text        NOT NULL,
    our_amount         bigint      NOT NULL,
    our_currency       text        NOT NULL,
    their_amount       bigint      NOT NULL,
    their_currency     text        NOT NULL,
    moved_at           timestamptz NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    closed_at          timestamptz,
    CONSTRAINT reconciliation_finding_once UNIQUE (provider, class, kind, operation_key)
);
CREATE INDEX reconciliation_finding_open ON reconciliation_finding (provider, moved_at) WHERE closed_at IS NULL;
COMMENT ON COLUMN reconciliation_finding.closed_at IS 'When a comparison no longer found it.';

-- Authorizations whose owner was told that they end soon: each is told once.
CREATE TABLE expiry_notice (
    payment_id text        COLLATE "C" PRIMARY KEY REFERENCES payment (id),
    created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE webhook_event ADD COLUMN last_error text NOT NULL DEFAULT '';
COMMENT ON COLUMN webhook_event.last_error IS 'Why it was put off or given up last.';
