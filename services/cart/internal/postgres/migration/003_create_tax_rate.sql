-- +goose Up

-- Dated tax rates. An empty region or postcode pattern means the whole country. Source "merchant" is what staff set; other
-- sources are delivered with migrations, which never touch the merchant's.
CREATE TABLE tax_rate (
    id               uuid        PRIMARY KEY,
    country          text        COLLATE "C" NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    region           text        COLLATE "C" NOT NULL DEFAULT '',
    postcode_pattern text        COLLATE "C" NOT NULL DEFAULT '',
    tax_class        text        COLLATE "C" NOT NULL CHECK (tax_class ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    rate_ppm         bigint      NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    name             text        NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    valid_from       date        NOT NULL,
    valid_until      date,
    source           text        NOT NULL,
    version          bigint      NOT NULL DEFAULT 1,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tax_rate_window CHECK (valid_until > valid_from)
);
CREATE UNIQUE INDEX tax_rate_key ON tax_rate (country, region, postcode_pattern, tax_class, valid_from, (source = 'merchant'));
CREATE INDEX tax_rate_class ON tax_rate (tax_class);

-- +goose Down
DROP TABLE tax_rate;
