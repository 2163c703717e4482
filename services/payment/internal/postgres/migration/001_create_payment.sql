-- +goose Up

-- Ids are compared byte by byte: keyset pages and locks follow one order everywhere.

CREATE TABLE payment_method (
    channel    text        COLLATE "C" NOT NULL CHECK (channel ~ '^([a-z0-9][a-z0-9-]{0,62})?$'),
    method     text        COLLATE "C" NOT NULL CHECK (method ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    title      text        NOT NULL CHECK (length(title) BETWEEN 1 AND 80),
    enabled    boolean     NOT NULL,
    countries  text[]      NOT NULL,
    currencies text[]      NOT NULL,
    minimums   jsonb       NOT NULL,
    position   integer     NOT NULL CHECK (position BETWEEN 0 AND 1000),
    version    bigint      NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, method)
);
COMMENT ON COLUMN payment_method.channel IS 'Empty: the default of every channel without a row of its own for the method.';
COMMENT ON COLUMN payment_method.countries IS 'Empty: every country. The same for currencies.';
COMMENT ON COLUMN payment_method.minimums IS 'Smallest amounts in minor units by currency.';

CREATE TABLE payment (
    id                 text        COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 8 AND 64),
    order_id           text        COLLATE "C" NOT NULL,
    cart_id            text        NOT NULL,
    customer_reference text        NOT NULL,
    channel            text        NOT NULL,
    country            text        NOT NULL,
    method             text        NOT NULL,
    provider           text        NOT NULL,
    currency           text        NOT NULL,
    amount             bigint      NOT NULL CHECK (amount >= 0),
    separates_capture  boolean     NOT NULL,
    token              text        NOT NULL,
    return_url         text        NOT NULL,
    state              text        NOT NULL,
    authorized         bigint      NOT NULL DEFAULT 0 CHECK (authorized BETWEEN 0 AND amount),
    captured           bigint      NOT NULL DEFAULT 0 CHECK (captured >= 0),
    refunded           bigint      NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    voided             bigint      NOT NULL DEFAULT 0 CHECK (voided >= 0),
    capture_reserved   bigint      NOT NULL DEFAULT 0 CHECK (capture_reserved >= 0),
    refund_reserved    bigint      NOT NULL DEFAULT 0 CHECK (refund_reserved >= 0),
    closing            boolean     NOT NULL DEFAULT false,
    decline_reason     text        NOT NULL DEFAULT '',
    next_action        jsonb,
    capture_before     timestamptz,
    void_requested     boolean     NOT NULL DEFAULT false,
    void_id            text        NOT NULL DEFAULT '',
    void_request_id    text        NOT NULL DEFAULT '',
    void_actor         text        NOT NULL DEFAULT '',
    attempt_scopes     text[]      NOT NULL,
    request_id         text        NOT NULL,
    actor              text        NOT NULL,
    version            bigint      NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_captured_within_authorized CHECK (captured + capture_reserved + voided <= authorized),
    CONSTRAINT payment_refunded_within_captured CHECK (refunded + refund_reserved <= captured)
) WITH (fillfactor = 70);
CREATE INDEX payment_order ON payment (order_id, created_at);
CREATE INDEX payment_created ON payment (created_at, id);
CREATE INDEX payment_lapse ON payment (capture_before) WHERE state IN ('authorized', 'partially_captured');
COMMENT ON TABLE payment IS 'State and sums are computed from the operations and stored here to be guarded and read.';
COMMENT ON COLUMN payment.attempt_scopes IS 'Scopes in which this payment counts as an attempt until it succeeds.';

CREATE TABLE operation (
    id                 text        COLLATE "C" PRIMARY KEY,
    payment_id         text        COLLATE "C" NOT NULL REFERENCES payment (id),
    order_id           text        NOT NULL,
    provider           text        NOT NULL,
    kind               text        NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    status             text        NOT NULL CHECK (status IN ('sending', 'unknown', 'pending', 'failed', 'ok')),
    amount             bigint      NOT NULL CHECK (amount >= 0),
    currency           text        NOT NULL,
    final              boolean     NOT NULL,
    undo               boolean     NOT NULL DEFAULT false,
    acted              boolean     NOT NULL DEFAULT false,
    integrity          boolean     NOT NULL DEFAULT false,
    caller_id          text        NOT NULL,
    request_id         text        NOT NULL,
    actor              text        NOT NULL,
    provider_reference text        NOT NULL DEFAULT '',
    failure_reason     text        NOT NULL DEFAULT '',
    attempts           integer     NOT NULL DEFAULT 1,
    needs_attention    boolean     NOT NULL DEFAULT false,
    next_check_at      timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operation_caller UNIQUE (payment_id, kind, caller_id),
    CONSTRAINT operation_checked CHECK ((next_check_at IS NULL) = (status IN ('failed', 'ok')))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX operation_provider_reference ON operation (provider, provider_reference) WHERE provider_reference <> '';
CREATE INDEX operation_due ON operation (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX operation_attention ON operation (id) WHERE needs_attention;
COMMENT ON COLUMN operation.id IS 'Idempotency key and merchant reference at the provider.';
COMMENT ON COLUMN operation.undo IS 'A void was asked while the outcome was open: what it takes goes back.';
COMMENT ON COLUMN operation.acted IS 'The buyer has done their part.';
COMMENT ON COLUMN operation.next_check_at IS 'When the provider is asked for the outcome.';

-- Refused card attempts and tries of gift card codes. One row a scope, so that a limit is one conditional update.
CREATE TABLE attempt (
    scope   text          PRIMARY KEY,
    maximum integer       NOT NULL CHECK (maximum > 0),
    slots   timestamptz[] NOT NULL
) WITH (fillfactor = 70);
COMMENT ON COLUMN attempt.slots IS 'Times of the attempts that count, at most maximum in a window.';

CREATE TABLE webhook_event (
    provider      text        NOT NULL,
    event_id      text        NOT NULL,
    operation_key text        NOT NULL,
    outcome       jsonb       NOT NULL,
    body          bytea       NOT NULL,
    state         text        NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'parked', 'applied', 'dead')),
    tries         integer     NOT NULL DEFAULT 0,
    conflicts     integer     NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    received_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhook_event_parked ON webhook_event (next_try_at) WHERE state = 'parked';
CREATE INDEX webhook_event_received ON webhook_event (received_at);
COMMENT ON COLUMN webhook_event.conflicts IS 'How often the id came again with another body. The first body stays.';

-- Stored answers of the calls that carry a request_id as their key.
CREATE TABLE idempotency_key (
    principal   text        NOT NULL,
    rpc         text        NOT NULL,
    request_id  text        NOT NULL CHECK (length(request_id) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL,
    state       text        NOT NULL CHECK (state IN ('in_flight', 'done')),
    response    bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL,
    done_at     timestamptz,
    PRIMARY KEY (principal, rpc, request_id),
    CHECK ((state = 'done') = (response IS NOT NULL AND done_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
