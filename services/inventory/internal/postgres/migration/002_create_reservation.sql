-- +goose Up

-- Every reservation id ever seen. Its rows never change, so inserting here first settles who owns an id without ever
-- waiting for somebody who waits for stock: locks are taken in the order key, reservation, stock, backorder.
CREATE TABLE reservation_key (
    id uuid PRIMARY KEY
);

CREATE TABLE reservation (
    id           uuid        PRIMARY KEY,
    order_id     text        NOT NULL,
    channel      text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired', 'refused')),
    fingerprint  bytea,
    refusal      jsonb,
    actor        text        NOT NULL,
    request_id   text        NOT NULL,
    expires_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    committed_at timestamptz,
    closed_at    timestamptz,
    CHECK (state <> 'refused' OR refusal IS NOT NULL),
    CHECK (state NOT IN ('held', 'committed') OR (fingerprint IS NOT NULL AND expires_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX reservation_held_expiry ON reservation (expires_at) WHERE state = 'held';
COMMENT ON COLUMN reservation.fingerprint IS 'SHA-256 of order, channel and lines; NULL when it was released before it was asked for.';
COMMENT ON COLUMN reservation.refusal IS 'Short lines as [{sku, requested, available}].';

-- The allocations of a held reservation never change: expiry and release may read them in the statement that closes it.
-- Rows are only written by the statement that writes their reservation, or under its lock once it is committed.
CREATE TABLE allocation (
    reservation_id uuid    NOT NULL,
    sku            text    COLLATE "C" NOT NULL,
    location_key   text    COLLATE "C" NOT NULL,
    quantity       integer NOT NULL CHECK (quantity > 0),
    shipped        integer NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    released       integer NOT NULL DEFAULT 0 CHECK (released >= 0),
    PRIMARY KEY (reservation_id, sku, location_key),
    CHECK (shipped + released <= quantity),
    CHECK (location_key <> '' OR shipped = 0)
) WITH (fillfactor = 80);
CREATE INDEX allocation_backordered ON allocation (sku, reservation_id) WHERE location_key = '';
COMMENT ON COLUMN allocation.location_key IS 'Empty: backordered, no stock behind it yet.';

CREATE TABLE allocation_release (
    id             uuid        PRIMARY KEY,
    reservation_id uuid        NOT NULL,
    fingerprint    bytea       NOT NULL,
    actor          text        NOT NULL,
    request_id     text        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX allocation_release_reservation ON allocation_release (reservation_id);

CREATE TABLE allocation_release_item (
    release_id   uuid    NOT NULL REFERENCES allocation_release (id),
    sku          text    COLLATE "C" NOT NULL,
    location_key text    COLLATE "C" NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (release_id, sku, location_key)
);

-- +goose Down
DROP TABLE allocation_release_item, allocation_release, allocation, reservation, reservation_key;
