-- name: LockStructure :exec
SELECT pg_advisory_xact_lock(hashtextextended('catalogue structure', 0));

-- name: ShareStructure :exec
SELECT pg_advisory_xact_lock_shared(hashtextextended('catalogue structure', 0));

-- name: ListChannels :many
SELECT key, name, currencies, default_currency, countries, default_country, locales, default_locale, is_default, version,
    created_at, updated_at
FROM channel
WHERE key > @after::text
ORDER BY key
LIMIT @max_rows;

-- name: InsertChannel :exec
INSERT INTO channel (key, name, currencies, default_currency, countries, default_country, locales, default_locale, is_default,
    version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: UpdateChannel :exec
UPDATE channel
SET name = $2, currencies = $3, default_currency = $4, countries = $5, default_country = $6, locales = $7,
    default_locale = $8, is_default = $9, version = $10, updated_at = $11
WHERE key = $1;

-- name: ClearDefaultChannel :exec
UPDATE channel SET is_default = false, version = version + 1, updated_at = now() WHERE is_default;

-- name: MarkAllStale :exec
INSERT INTO stale_product (product_id) SELECT id FROM product ON CONFLICT DO NOTHING;

-- name: MarkCategoryStale :exec
INSERT INTO stale_product (product_id)
SELECT DISTINCT pc.product_id
FROM product_category pc
JOIN category c ON c.id = pc.category_id
WHERE c.id = @category_id::uuid OR c.ancestor_ids @> ARRAY[@category_id::uuid]
ON CONFLICT DO NOTHING;

-- name: TakeStale :many
DELETE FROM stale_product
WHERE product_id IN (SELECT s.product_id FROM stale_product s ORDER BY s.product_id LIMIT @max_rows FOR UPDATE SKIP LOCKED)
RETURNING product_id;
