-- +goose Up
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

CREATE TABLE channel (
    key              text COLLATE "C" PRIMARY KEY CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name             text        NOT NULL,
    currencies       text[]      NOT NULL CHECK (cardinality(currencies) > 0),
    default_currency text        NOT NULL CHECK (default_currency = ANY (currencies)),
    countries        text[]      NOT NULL CHECK (cardinality(countries) > 0),
    default_country  text        NOT NULL CHECK (default_country = ANY (countries)),
    locales          text[]      NOT NULL CHECK (cardinality(locales) > 0),
    default_locale   text        NOT NULL CHECK (default_locale = ANY (locales)),
    is_default       boolean     NOT NULL,
    version          bigint      NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX channel_one_default ON channel (is_default) WHERE is_default;

CREATE TABLE category (
    id               uuid PRIMARY KEY,
    handle           text COLLATE "C" NOT NULL CONSTRAINT category_handle_key UNIQUE,
    name             text        NOT NULL,
    description_html text        NOT NULL,
    parent_id        uuid REFERENCES category (id),
    ancestor_ids     uuid[]      NOT NULL,
    position         integer     NOT NULL,
    sort_path        text COLLATE "C" NOT NULL,
    translations     jsonb       NOT NULL,
    version          bigint      NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX category_sort_path ON category (sort_path);
CREATE INDEX category_parent ON category (parent_id, name);
CREATE INDEX category_ancestors ON category USING gin (ancestor_ids);

CREATE TABLE product (
    id               uuid PRIMARY KEY,
    version          bigint      NOT NULL,
    handle           text COLLATE "C" NOT NULL CONSTRAINT product_handle_key UNIQUE,
    title            text        NOT NULL,
    description_html text        NOT NULL,
    vendor           text        NOT NULL,
    product_type     text        NOT NULL,
    options          jsonb       NOT NULL,
    media            jsonb       NOT NULL,
    tags             text[]      NOT NULL,
    attributes       jsonb       NOT NULL,
    translations     jsonb       NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);

-- The SKU is the identity of a variant in the whole shop, case-sensitive. The picture is kept here too, so that a cart is
-- answered from two tables.
CREATE TABLE variant (
    sku               text COLLATE "C" PRIMARY KEY CHECK (sku ~ '^[!-~]([ -~]{0,62}[!-~])?$'),
    product_id        uuid    NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    position          integer NOT NULL,
    option_values     text[]  NOT NULL,
    barcode           text    NOT NULL,
    weight_grams      integer NOT NULL CHECK (weight_grams >= 0),
    requires_shipping boolean NOT NULL,
    tax_class         text    NOT NULL,
    image_url         text    NOT NULL,
    image_alt         text    NOT NULL
);
CREATE INDEX variant_product ON variant (product_id, position);

CREATE TABLE product_category (
    product_id  uuid NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    category_id uuid NOT NULL REFERENCES category (id),
    PRIMARY KEY (product_id, category_id)
);
CREATE INDEX product_category_category ON product_category (category_id, product_id);

CREATE TABLE publication (
    product_id   uuid NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    channel_key  text COLLATE "C" NOT NULL REFERENCES channel (key),
    status       text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
    published_at timestamptz,
    PRIMARY KEY (product_id, channel_key),
    CHECK (status <> 'published' OR published_at IS NOT NULL)
);

-- A product with all its parts in one row, for reading it by one statement.
CREATE VIEW product_whole AS
SELECT p.id, p.version, p.handle, p.title, p.description_html, p.vendor, p.product_type, p.options, p.media, p.tags,
    p.attributes, p.translations, p.created_at, p.updated_at,
    coalesce((SELECT json_agg(json_build_array(v.sku, v.option_values, v.barcode, v.weight_grams, v.requires_shipping, v.tax_class)
        ORDER BY v.position) FROM variant v WHERE v.product_id = p.id), '[]')::json AS variants,
    coalesce((SELECT json_agg(json_build_array(u.channel_key, u.status, u.published_at) ORDER BY u.channel_key)
        FROM publication u WHERE u.product_id = p.id), '[]')::json AS publications,
    ARRAY(SELECT pc.category_id FROM product_category pc WHERE pc.product_id = p.id ORDER BY pc.category_id)::uuid[] AS category_ids,
    ARRAY(SELECT DISTINCT unnest(c.ancestor_ids || c.id) AS up FROM product_category pc JOIN category c ON c.id = pc.category_id
        WHERE pc.product_id = p.id ORDER BY up)::uuid[] AS ancestor_ids
FROM product p;

CREATE TABLE collection (
    id               uuid PRIMARY KEY,
    handle           text COLLATE "C" NOT NULL CONSTRAINT collection_handle_key UNIQUE,
    name             text        NOT NULL,
    description_html text        NOT NULL,
    translations     jsonb       NOT NULL,
    version          bigint      NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);

CREATE TABLE collection_product (
    collection_id uuid    NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    position      integer NOT NULL,
    product_id    uuid    NOT NULL CONSTRAINT collection_product_product_id_fkey REFERENCES product (id) ON DELETE CASCADE,
    PRIMARY KEY (collection_id, product_id)
);
CREATE INDEX collection_product_order ON collection_product (collection_id, position);
CREATE INDEX collection_product_product ON collection_product (product_id);

-- The read model of lists, search and carts: a product as one channel shows it in one locale, written by the transaction that
-- changes the product. facets holds categories (with ancestors), tags, vendor and attribute values as tokens, so that one
-- index serves every filter. document holds, beside the words, one lexeme that names channel, locale and status, so that one
-- index serves every search.
CREATE TABLE listing (
    product_id     uuid NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    channel_key    text COLLATE "C" NOT NULL REFERENCES channel (key),
    locale         text COLLATE "C" NOT NULL,
    status         text COLLATE "C" NOT NULL,
    sort_at        timestamptz NOT NULL,
    sort_title     text COLLATE "C" NOT NULL,
    published_at   timestamptz,
    handle         text        NOT NULL,
    title          text        NOT NULL,
    vendor         text        NOT NULL,
    product_type   text        NOT NULL,
    image_url      text        NOT NULL,
    image_alt      text        NOT NULL,
    skus           text[]      NOT NULL,
    variant_titles text[]      NOT NULL,
    category_ids   uuid[]      NOT NULL,
    tags           text[]      NOT NULL,
    facets         text[]      NOT NULL,
    version        bigint      NOT NULL,
    updated_at     timestamptz NOT NULL,
    text_hash      bytea       NOT NULL, -- of everything that is indexed
    document       tsvector    NOT NULL,
    PRIMARY KEY (product_id, channel_key, locale)
) WITH (fillfactor = 80);
CREATE INDEX listing_newest ON listing (channel_key, locale, status, sort_at DESC, product_id DESC);
CREATE INDEX listing_title ON listing (channel_key, locale, status, sort_title, product_id);
-- Without the pending list: a search must not pay for the writes before it.
CREATE INDEX listing_facets ON listing USING gin (facets) WITH (fastupdate = off);
CREATE INDEX listing_document ON listing USING gin (document) WITH (fastupdate = off);

-- Products to list again after a change of channels or categories.
CREATE TABLE stale_product (
    product_id uuid PRIMARY KEY REFERENCES product (id) ON DELETE CASCADE
);

-- The catalogue's own words, for correcting misspelt searches. Only ever added to.
CREATE TABLE search_word (
    locale text COLLATE "C" NOT NULL,
    word   text COLLATE "C" NOT NULL,
    PRIMARY KEY (locale, word)
);
CREATE INDEX search_word_trigrams ON search_word USING gist (word gist_trgm_ops);

-- Each word with one letter left out, and whole: two words that meet here are about one typing error apart.
CREATE TABLE search_typo (
    locale   text COLLATE "C" NOT NULL,
    deletion text COLLATE "C" NOT NULL,
    word     text COLLATE "C" NOT NULL,
    PRIMARY KEY (locale, deletion, word)
);

-- Translated names of attribute values, for facets.
CREATE TABLE facet_label (
    locale text COLLATE "C" NOT NULL,
    token  text COLLATE "C" NOT NULL,
    label  text NOT NULL,
    PRIMARY KEY (locale, token)
);

-- +goose Down
DROP VIEW product_whole;
DROP TABLE facet_label, search_typo, search_word, stale_product, listing, collection_product, collection, publication, product_category,
    variant, product, category, channel, idempotency_key;
