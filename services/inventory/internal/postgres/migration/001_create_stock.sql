-- +goose Up

-- SKUs and keys are compared byte by byte, so that a sort in Go and one in SQL agree: locks are taken in that order.

CREATE TABLE location (
    key          text        COLLATE "C" PRIMARY KEY CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    country_code text        NOT NULL CHECK (country_code ~ '^[A-Z]{2}$'),
    channels     text[]      NOT NULL,
    priority     integer     NOT NULL CHECK (priority BETWEEN 0 AND 10000),
    active       boolean     NOT NULL,
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN location.channels IS 'Channels served; empty serves all.';

-- The hot table: half of every page stays free so that updates stay on it (HOT), and no index names a column that moves.
CREATE TABLE stock (
    sku          text        COLLATE "C" NOT NULL CHECK (length(sku) BETWEEN 1 AND 64),
    location_key text        COLLATE "C" NOT NULL REFERENCES location (key),
    on_hand      integer     NOT NULL CHECK (on_hand <= 1000000000),
    reserved     integer     NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sku, location_key),
    CONSTRAINT stock_reserved_range CHECK (reserved BETWEEN 0 AND on_hand)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX stock_location ON stock (location_key, sku);
COMMENT ON TABLE stock IS 'on_hand = sum of stock_movement.delta; reserved = sum of open allocations at the location.';

-- Units sold without stock are counted here and not in stock, which is why stock_reserved_range has no exception.
CREATE TABLE backorder (
    sku         text        COLLATE "C" PRIMARY KEY CHECK (length(sku) BETWEEN 1 AND 64),
    allowed     boolean     NOT NULL,
    unit_limit  integer     NOT NULL CHECK (unit_limit BETWEEN 0 AND 1000000),
    backordered integer     NOT NULL DEFAULT 0 CHECK (backordered >= 0),
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON COLUMN backorder.backordered IS 'Sum of open allocations of the SKU without a location. A lowered limit may be below it.';

CREATE TABLE stock_movement (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku           text        COLLATE "C" NOT NULL,
    location_key  text        COLLATE "C" NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('set', 'adjust', 'ship', 'return')),
    delta         integer     NOT NULL CHECK (delta <> 0),
    on_hand_after integer     NOT NULL CHECK (on_hand_after >= 0),
    actor         text        NOT NULL,
    reason        text        NOT NULL,
    reference     text        NOT NULL,
    request_id    text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stock_movement_sku ON stock_movement (sku, id);

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

-- For the purge. created_at never changes, so answering a call stays a heap-only update.
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);

-- +goose Down
DROP TABLE idempotency_key, stock_movement, backorder, stock, location;
