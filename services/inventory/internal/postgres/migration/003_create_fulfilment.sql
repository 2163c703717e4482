-- +goose Up

CREATE TABLE shipment (
    id              uuid        PRIMARY KEY,
    order_id        text        NOT NULL,
    reservation_id  uuid        NOT NULL,
    fingerprint     bytea       NOT NULL,
    carrier         text        NOT NULL CHECK (length(carrier) <= 100),
    tracking_number text        NOT NULL CHECK (length(tracking_number) <= 100),
    version         bigint      NOT NULL,
    actor           text        NOT NULL,
    request_id      text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX shipment_order ON shipment (order_id, created_at, id);

CREATE TABLE shipment_item (
    shipment_id  uuid    NOT NULL REFERENCES shipment (id),
    sku          text    COLLATE "C" NOT NULL,
    location_key text    COLLATE "C" NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, sku, location_key)
);

CREATE TABLE stock_return (
    id          uuid        PRIMARY KEY,
    order_id    text        NOT NULL,
    fingerprint bytea       NOT NULL,
    reason      text        NOT NULL,
    actor       text        NOT NULL,
    request_id  text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stock_return_order ON stock_return (order_id, created_at, id);

CREATE TABLE stock_return_item (
    return_id    uuid    NOT NULL REFERENCES stock_return (id),
    sku          text    COLLATE "C" NOT NULL,
    location_key text    COLLATE "C" NOT NULL REFERENCES location (key),
    restock      boolean NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, sku, location_key, restock)
);

-- What has happened is only ever added to: the serving role can neither rewrite nor remove it.
REVOKE UPDATE, DELETE, TRUNCATE ON
    stock_movement, reservation_key, allocation_release, allocation_release_item, shipment_item, stock_return,
    stock_return_item
FROM inventory_app;
REVOKE DELETE, TRUNCATE ON location, stock, backorder, reservation, shipment FROM inventory_app;

-- +goose Down
DROP TABLE stock_return_item, stock_return, shipment_item, shipment;
