-- +goose Up

-- Keys, SKUs and codes compare by byte, in the order Go sorts them.
CREATE TABLE price_list (
    key             text COLLATE "C" PRIMARY KEY,
    name            text        NOT NULL,
    currency_code   text COLLATE "C" NOT NULL,
    channels        text[]      NOT NULL,
    country_codes   text[]      NOT NULL,
    customer_groups text[]      NOT NULL,
    priority        integer     NOT NULL,
    valid_from      timestamptz,
    valid_until     timestamptz,
    active          boolean     NOT NULL,
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT price_list_window CHECK (valid_from < valid_until)
);

CREATE INDEX price_list_currency ON price_list (currency_code, key);

-- The key holds all that a batch read needs, so that it never visits the table.
CREATE TABLE price (
    price_list_key   text COLLATE "C" NOT NULL REFERENCES price_list (key) ON DELETE CASCADE,
    sku              text COLLATE "C" NOT NULL,
    min_quantity     integer     NOT NULL CHECK (min_quantity >= 1),
    amount_minor     bigint      NOT NULL CHECK (amount_minor >= 0),
    compare_at_minor bigint CHECK (compare_at_minor >= 0),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (price_list_key, sku, min_quantity) INCLUDE (amount_minor, compare_at_minor)
);

CREATE TABLE promotion (
    id                 uuid PRIMARY KEY,
    key                text COLLATE "C" NOT NULL CONSTRAINT promotion_key UNIQUE,
    name               text        NOT NULL,
    trigger            text        NOT NULL CHECK (trigger IN ('automatic', 'code')),
    rule               jsonb       NOT NULL,
    exclusive          boolean     NOT NULL,
    priority           integer     NOT NULL,
    limit_total        bigint      NOT NULL CHECK (limit_total >= 0),
    limit_per_customer integer     NOT NULL CHECK (limit_per_customer >= 0),
    limit_per_code     integer     NOT NULL CHECK (limit_per_code >= 0),
    valid_from         timestamptz,
    valid_until        timestamptz,
    active             boolean     NOT NULL,
    version            bigint      NOT NULL DEFAULT 1,
    archived_at        timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT promotion_window CHECK (valid_from < valid_until)
);

CREATE INDEX promotion_automatic ON promotion (id) WHERE trigger = 'automatic' AND archived_at IS NULL;

-- The counter of a promotion with a limit. It is apart from the promotion, because it is written by every order.
CREATE TABLE promotion_counter (
    promotion_id uuid PRIMARY KEY REFERENCES promotion (id),
    limit_total  bigint NOT NULL CHECK (limit_total > 0),
    used         bigint NOT NULL CHECK (used >= 0),
    CONSTRAINT promotion_counter_limit CHECK (used <= limit_total)
) WITH (fillfactor = 50);

-- The counters of a promotion with a limit per customer.
CREATE TABLE promotion_customer (
    promotion_id uuid NOT NULL REFERENCES promotion (id),
    customer_key text COLLATE "C" NOT NULL,
    used         integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (promotion_id, customer_key)
) WITH (fillfactor = 80);

-- A code with max_uses 0 has no limit and no counter: used stays 0.
CREATE TABLE coupon_code (
    code         text COLLATE "C" PRIMARY KEY,
    promotion_id uuid        NOT NULL REFERENCES promotion (id),
    max_uses     integer     NOT NULL CHECK (max_uses >= 0),
    used         integer     NOT NULL DEFAULT 0 CHECK (used >= 0),
    customer_key text COLLATE "C" NOT NULL,
    valid_until  timestamptz,
    disabled_at  timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT coupon_code_limit CHECK (used <= max_uses)
) WITH (fillfactor = 80);

CREATE INDEX coupon_code_promotion ON coupon_code (promotion_id, code);

-- How far an order's use of promotions has come. A tombstone has no fingerprint.
CREATE TABLE order_use (
    order_id      text COLLATE "C" PRIMARY KEY,
    generation    integer     NOT NULL CHECK (generation >= 0),
    state         text        NOT NULL CHECK (state IN ('reserved', 'redeemed', 'released', 'expired')),
    fingerprint   text        NOT NULL,
    customer_key  text COLLATE "C" NOT NULL,
    currency_code text        NOT NULL,
    expires_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (state <> 'reserved' OR expires_at IS NOT NULL)
) WITH (fillfactor = 80);

CREATE INDEX order_use_due ON order_use (expires_at) WHERE state = 'reserved';
CREATE INDEX order_use_ended ON order_use (updated_at) WHERE state IN ('released', 'expired');

-- The promotions of an order. counting says whether they count against limits now.
CREATE TABLE promotion_use (
    order_id     text COLLATE "C" NOT NULL REFERENCES order_use (order_id) ON DELETE CASCADE,
    promotion_id uuid    NOT NULL REFERENCES promotion (id),
    code         text COLLATE "C" REFERENCES coupon_code (code),
    customer_key text COLLATE "C" NOT NULL,
    amount_minor bigint  NOT NULL CHECK (amount_minor >= 0),
    counting     boolean NOT NULL,
    PRIMARY KEY (order_id, promotion_id)
) WITH (fillfactor = 80);

CREATE INDEX promotion_use_promotion ON promotion_use (promotion_id, customer_key) WHERE counting;
CREATE INDEX promotion_use_code ON promotion_use (code) WHERE counting AND code IS NOT NULL;

-- Rejected tries of coupon codes; only those of the last minute matter.
CREATE TABLE coupon_attempt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject     text COLLATE "C" NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX coupon_attempt_subject ON coupon_attempt (subject, rejected_at);
CREATE INDEX coupon_attempt_rejected_at ON coupon_attempt (rejected_at);

-- Stored answers of mutating calls. Every service that has such calls copies this into its first migration.
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

-- For the purge. created_at never changes, so answering a call stays a heap-only update.
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);

-- +goose Down

DROP TABLE idempotency_key, coupon_attempt, promotion_use, order_use, coupon_code, promotion_customer, promotion_counter,
    promotion, price, price_list;
