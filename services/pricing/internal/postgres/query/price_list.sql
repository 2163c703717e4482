-- name: CreatePriceList :one
INSERT INTO price_list (key, name, currency_code, channels, country_codes, customer_groups, priority, valid_from, valid_until, active)
VALUES (@key, @name, @currency_code, @channels, @country_codes, @customer_groups, @priority, @valid_from, @valid_until, @active)
ON CONFLICT (key) DO NOTHING
RETURNING key, name, currency_code, channels, country_codes, customer_groups, priority, valid_from, valid_until, active, version,
    created_at, updated_at;

-- name: UpdatePriceList :one
UPDATE price_list
SET name = @name, channels = @channels, country_codes = @country_codes, customer_groups = @customer_groups,
    priority = @priority, valid_from = @valid_from, valid_until = @valid_until, active = @active,
    version = version + 1, updated_at = now()
WHERE key = @key AND version = @version
RETURNING key, name, currency_code, channels, country_codes, customer_groups, priority, valid_from, valid_until, active, version,
    created_at, updated_at;

-- name: GetPriceList :one
SELECT key, name, currency_code, channels, country_codes, customer_groups, priority, valid_from, valid_until, active, version,
    created_at, updated_at
FROM price_list
WHERE key = @key;

-- name: HoldPriceList :one
-- Keeps the list from being deleted while prices are set; other writers of prices do not wait.
SELECT key, name, currency_code, channels, country_codes, customer_groups, priority, valid_from, valid_until, active, version,
    created_at, updated_at
FROM price_list
WHERE key = @key
FOR KEY SHARE;

-- name: ListPriceLists :many
SELECT key, name, currency_code, channels, country_codes, customer_groups, priority, valid_from, valid_until, active, version,
    created_at, updated_at
FROM price_list
WHERE key > @after::text AND (@currency_code::text = '' OR currency_code = @currency_code::text)
ORDER BY key
LIMIT @max_rows;

-- name: DeletePriceList :execrows
DELETE FROM price_list WHERE key = @key AND version = @version;

-- name: SetPrices :execrows
-- Counts only prices that differ from before, so that the same file twice changes nothing. An amount of -1 stands for none,
-- since arrays of amounts cannot leave one out.
INSERT INTO price AS old (price_list_key, sku, min_quantity, amount_minor, compare_at_minor)
SELECT @price_list_key, e.sku, e.min_quantity, e.amount_minor, nullif(e.compare_at_minor, -1)
FROM (
    SELECT unnest(@skus::text[]) AS sku, unnest(@min_quantities::integer[]) AS min_quantity,
        unnest(@amounts::bigint[]) AS amount_minor, unnest(@compare_ats::bigint[]) AS compare_at_minor
) AS e
ON CONFLICT (price_list_key, sku, min_quantity) DO UPDATE
SET amount_minor = excluded.amount_minor, compare_at_minor = excluded.compare_at_minor, updated_at = now()
WHERE (old.amount_minor, old.compare_at_minor) IS DISTINCT FROM (excluded.amount_minor, excluded.compare_at_minor);

-- name: DeletePrices :execrows
DELETE FROM price AS p
USING (SELECT unnest(@skus::text[]) AS sku, unnest(@min_quantities::integer[]) AS min_quantity) AS e
WHERE p.price_list_key = @price_list_key AND p.sku = e.sku AND (e.min_quantity = 0 OR p.min_quantity = e.min_quantity);

-- name: ListPrices :many
SELECT sku, min_quantity, amount_minor, compare_at_minor, updated_at
FROM price
WHERE price_list_key = @price_list_key
  AND (sku, min_quantity) > (@after_sku::text, @after_min_quantity::integer)
ORDER BY sku, min_quantity
LIMIT @max_rows;

-- name: ListPricesOfSkus :many
SELECT sku, min_quantity, amount_minor, compare_at_minor, updated_at
FROM price
WHERE price_list_key = @price_list_key AND sku = ANY (@skus::text[])
  AND (sku, min_quantity) > (@after_sku::text, @after_min_quantity::integer)
ORDER BY sku, min_quantity
LIMIT @max_rows;

-- name: ListCandidates :many
-- Bounded by the SKUs asked for, which must be distinct. OFFSET 0 keeps the planner from reading the whole table for a large
-- page: each list that is for the buyer is probed once per SKU, in the key alone.
SELECT l.key, l.priority,
    (l.customer_groups <> '{}')::boolean AS for_group,
    (l.country_codes <> '{}')::boolean AS for_country,
    (l.channels <> '{}')::boolean AS for_channel,
    wanted.sku::text AS sku, p.min_quantity, p.amount_minor, p.compare_at_minor
FROM price_list AS l
CROSS JOIN (SELECT unnest(@skus::text[]) AS sku) AS wanted
CROSS JOIN LATERAL (
    SELECT tier.min_quantity, tier.amount_minor, tier.compare_at_minor
    FROM price AS tier
    WHERE tier.price_list_key = l.key AND tier.sku = wanted.sku
    OFFSET 0
) AS p
WHERE l.active AND l.currency_code = @currency_code
  AND (l.channels = '{}' OR @channel::text = ANY (l.channels))
  AND (l.country_codes = '{}' OR @country_code::text = ANY (l.country_codes))
  AND (l.customer_groups = '{}' OR l.customer_groups && @customer_groups::text[])
  AND (l.valid_from IS NULL OR l.valid_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
  AND (l.valid_until IS NULL OR l.valid_until > coalesce(sqlc.narg('at')::timestamptz, now()));
