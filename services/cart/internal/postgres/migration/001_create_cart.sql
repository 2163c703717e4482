-- +goose Up

-- Stored answers of mutating calls.
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

-- What buyers are about to buy. No index names a column that changes with every write, so that changes stay heap-only.
CREATE TABLE cart (
    id               text        COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z2-7]{26}$'),
    channel          text        COLLATE "C" NOT NULL,
    currency         text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    country          text        NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    locale           text        NOT NULL,
    customer_id      text        COLLATE "C" NOT NULL DEFAULT '',
    state            text        NOT NULL CHECK (state IN ('active', 'checking_out', 'converted', 'merged', 'expired')),
    version          bigint      NOT NULL DEFAULT 1,
    email            text        NOT NULL DEFAULT '',
    note             text        NOT NULL DEFAULT '',
    shipping_address jsonb,
    billing_address  jsonb,
    shipping_method  text        NOT NULL DEFAULT '',
    coupons          text[]      NOT NULL DEFAULT '{}',
    gift_cards       jsonb       NOT NULL DEFAULT '[]',
    order_id         text        NOT NULL DEFAULT '',
    merged_into      text        NOT NULL DEFAULT '',
    priced           json,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    -- A cart that is being bought, or was, names the order; any other names none.
    CONSTRAINT cart_order CHECK ((state IN ('checking_out', 'converted')) = (order_id <> '')),
    CONSTRAINT cart_merged CHECK ((state = 'merged') = (merged_into <> ''))
) WITH (fillfactor = 60);
COMMENT ON COLUMN cart.priced IS 'What the cart cost when that was last worked out: every figure, its trace and the time.';

-- A customer has at most one active cart per channel.
CREATE UNIQUE INDEX cart_active ON cart (customer_id, channel) WHERE state = 'active' AND customer_id <> '';
CREATE INDEX cart_idle ON cart (created_at) WHERE state = 'active' AND customer_id = '';
CREATE INDEX cart_ended ON cart (created_at) WHERE state IN ('merged', 'expired');

CREATE TABLE cart_line (
    cart_id  text    COLLATE "C" NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
    id       text    COLLATE "C" NOT NULL,
    position integer NOT NULL,
    sku      text    COLLATE "C" NOT NULL CHECK (length(sku) BETWEEN 1 AND 64),
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    PRIMARY KEY (cart_id, id),
    CONSTRAINT cart_line_sku UNIQUE (cart_id, sku)
) WITH (fillfactor = 80);

-- +goose Down
DROP TABLE cart_line;
DROP TABLE cart;
DROP TABLE idempotency_key;
