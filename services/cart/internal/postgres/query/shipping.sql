-- name: ZonesOf :many
-- All zones of a channel and currency; 1,000 is far above what any channel has.
SELECT key, name, channel, currency, locations, priority, methods, version, updated_at
FROM shipping_zone
WHERE channel = @channel AND currency = @currency
ORDER BY key
LIMIT 1000;

-- name: GetZone :one
SELECT key, name, channel, currency, locations, priority, methods, version, updated_at
FROM shipping_zone
WHERE key = @key;

-- name: ListZones :many
SELECT key, name, channel, currency, locations, priority, methods, version, updated_at
FROM shipping_zone
WHERE (@channel::text = '' OR channel = @channel) AND key > @after
ORDER BY key
LIMIT @page;

-- name: InsertZone :one
INSERT INTO shipping_zone (key, name, channel, currency, locations, priority, methods)
VALUES (@key, @name, @channel, @currency, @locations, @priority, @methods)
ON CONFLICT (key) DO NOTHING
RETURNING version, updated_at;

-- name: UpdateZone :one
UPDATE shipping_zone
SET name = @name, channel = @channel, currency = @currency, locations = @locations, priority = @priority, methods = @methods,
    version = version + 1, updated_at = now()
WHERE key = @key AND version = @version
RETURNING version, updated_at;

-- name: DeleteZone :execrows
DELETE FROM shipping_zone WHERE key = @key AND (@version::bigint = 0 OR version = @version);
