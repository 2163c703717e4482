-- +goose Up

-- Addresses that customers keep.
CREATE TABLE saved_address (
    id               uuid        PRIMARY KEY,
    customer_id      text        COLLATE "C" NOT NULL CHECK (customer_id <> ''),
    label            text        NOT NULL,
    address          jsonb       NOT NULL,
    default_shipping boolean     NOT NULL,
    default_billing  boolean     NOT NULL,
    version          bigint      NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX saved_address_customer ON saved_address (customer_id, id);
CREATE UNIQUE INDEX saved_address_shipping ON saved_address (customer_id) WHERE default_shipping;
CREATE UNIQUE INDEX saved_address_billing ON saved_address (customer_id) WHERE default_billing;

-- +goose Down
DROP TABLE saved_address;
