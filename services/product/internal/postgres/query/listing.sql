-- name: DeleteOtherListings :exec
DELETE FROM listing
WHERE product_id = ANY (@product_ids::uuid[]) AND NOT (channel_key || '/' || locale = ANY (@kept::text[]));

-- name: ListingTexts :many
SELECT product_id, channel_key, locale, text_hash FROM listing WHERE product_id = ANY (@product_ids::uuid[]) LIMIT 100000;

-- name: TouchListing :batchexec
-- For a listing whose words, filters and places in lists are as they were: nothing that is indexed changes.
UPDATE listing
SET published_at = @published_at, handle = @handle, vendor = @vendor, product_type = @product_type, image_url = @image_url,
    image_alt = @image_alt, variant_titles = @variant_titles, version = @version, updated_at = @updated_at
WHERE product_id = @product_id AND channel_key = @channel_key AND locale = @locale;

-- name: UpsertListing :batchexec
INSERT INTO listing (product_id, channel_key, locale, status, sort_at, sort_title, published_at, handle, title, vendor,
    product_type, image_url, image_alt, skus, variant_titles, category_ids, tags, facets, version, updated_at, text_hash, document)
VALUES (@product_id, @channel_key, @locale, @status, @sort_at, @sort_title, @published_at, @handle, @title, @vendor,
    @product_type, @image_url, @image_alt, @skus, @variant_titles, @category_ids, @tags, @facets, @version, @updated_at, @text_hash,
    setweight(to_tsvector((@config::text)::regconfig, @text_a::text) || to_tsvector('simple', @text_a::text), 'A')
        || setweight(to_tsvector((@config::text)::regconfig, @text_b::text) || to_tsvector('simple', @text_b::text), 'B')
        || setweight(to_tsvector('simple', @text_c::text), 'C')
        || setweight(to_tsvector((@config::text)::regconfig, @text_d::text), 'D')
        || array_to_tsvector(ARRAY[@scope::text]))
ON CONFLICT (product_id, channel_key, locale) DO UPDATE
SET status = excluded.status, sort_at = excluded.sort_at, sort_title = excluded.sort_title,
    published_at = excluded.published_at, handle = excluded.handle, title = excluded.title, vendor = excluded.vendor,
    product_type = excluded.product_type, image_url = excluded.image_url, image_alt = excluded.image_alt, skus = excluded.skus,
    variant_titles = excluded.variant_titles, category_ids = excluded.category_ids, tags = excluded.tags,
    facets = excluded.facets, version = excluded.version, updated_at = excluded.updated_at, text_hash = excluded.text_hash,
    document = excluded.document;

-- name: AddWords :batchexec
WITH added AS (
    INSERT INTO search_word (locale, word) VALUES (@locale, @word) ON CONFLICT DO NOTHING
)
INSERT INTO search_typo (locale, deletion, word)
SELECT @locale, unnest(@deletions::text[]), @word
ON CONFLICT DO NOTHING;

-- name: UnknownWords :many
SELECT w.word::text AS word
FROM unnest(@words::text[]) AS w (word)
WHERE NOT EXISTS (SELECT 1 FROM search_word s WHERE s.locale = @locale AND s.word = w.word)
ORDER BY w.word;

-- name: SetLabels :batchexec
INSERT INTO facet_label (locale, token, label) VALUES ($1, $2, $3)
ON CONFLICT (locale, token) DO UPDATE SET label = excluded.label WHERE facet_label.label <> excluded.label;

-- name: FacetLabels :many
SELECT token, label FROM facet_label WHERE locale = @locale AND token = ANY (@tokens::text[]) LIMIT 10000;

-- name: WordsOneErrorAway :many
SELECT DISTINCT word FROM search_typo WHERE locale = @locale AND deletion = ANY (@deletions::text[]) ORDER BY word LIMIT 100;

-- name: WordsLike :many
-- The nearest by trigrams, walked in that order from the index.
SELECT word FROM search_word WHERE locale = @locale ORDER BY word <-> @word::text LIMIT 20;

-- name: Sellable :many
-- The read model of the locale answers; a product that a new channel has not listed yet answers for itself, unpublished.
SELECT v.sku, v.product_id, v.tax_class, v.requires_shipping, v.weight_grams, v.image_url, v.image_alt,
    coalesce(l.handle, (SELECT p.handle FROM product p WHERE p.id = v.product_id), '')::text AS handle,
    coalesce(l.title, (SELECT p.title FROM product p WHERE p.id = v.product_id), '')::text AS title,
    coalesce(l.variant_titles[array_position(l.skus, v.sku::text)], array_to_string(v.option_values, ' / '), '')::text
        AS variant_title,
    coalesce(l.category_ids, '{}')::uuid[] AS category_ids,
    coalesce(l.tags, '{}')::text[] AS tags,
    coalesce(l.status = 'published', false)::boolean AS published,
    coalesce(l.version, (SELECT p.version FROM product p WHERE p.id = v.product_id), 0)::bigint AS product_version
FROM variant v
LEFT JOIN listing l ON l.product_id = v.product_id AND l.channel_key = @channel_key AND l.locale = @locale
WHERE v.sku = ANY (@skus::text[])
LIMIT 500;
