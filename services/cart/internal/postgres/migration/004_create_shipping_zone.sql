-- +goose Up

-- Where a channel delivers. locations and methods are documents: they are only read and written whole.
CREATE TABLE shipping_zone (
    key        text        COLLATE "C" PRIMARY KEY CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    channel    text        COLLATE "C" NOT NULL,
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    locations  jsonb       NOT NULL,
    priority   integer     NOT NULL,
    methods    jsonb       NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX shipping_zone_channel ON shipping_zone (channel, currency, key);

-- +goose Down
DROP TABLE shipping_zone;
