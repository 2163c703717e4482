-- +goose Up

-- How a channel sells. A channel without a row has the defaults.
CREATE TABLE channel_settings (
    channel                   text        COLLATE "C" PRIMARY KEY CHECK (channel ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    capture                   text        NOT NULL CHECK (capture IN ('at_placement', 'at_shipment')),
    tax_display               text        NOT NULL CHECK (tax_display IN ('by_destination', 'inclusive', 'exclusive')),
    rounding                  text        NOT NULL,
    order_prefix              text        NOT NULL CHECK (length(order_prefix) <= 12),
    shipping_tax_class        text        NOT NULL,
    shipping_tax_proportional boolean     NOT NULL,
    home_country              text        NOT NULL,
    remove_home_tax           boolean     NOT NULL,
    version                   bigint      NOT NULL DEFAULT 1,
    updated_at                timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE channel_settings;
