-- name: InsertLocation :one
INSERT INTO location (key, name, country_code, channels, priority, active, version)
VALUES (@key, @name, @country_code, @channels, @priority, true, 1)
ON CONFLICT (key) DO NOTHING
RETURNING key, name, country_code, channels, priority, active, version, created_at, updated_at;

-- name: UpdateLocation :one
UPDATE location
SET name = @name, country_code = @country_code, channels = @channels, priority = @priority, active = @active,
    version = version + 1, updated_at = now()
WHERE key = @key AND version = @version
RETURNING key, name, country_code, channels, priority, active, version, created_at, updated_at;

-- name: ListLocations :many
SELECT key, name, country_code, channels, priority, active, version, created_at, updated_at
FROM location
WHERE key > @after AND (@channel::text = '' OR channels = '{}' OR @channel = ANY (channels))
ORDER BY key
LIMIT @page_limit;

-- name: KnownLocations :many
SELECT key FROM location WHERE key = ANY (@keys::text[]) LIMIT 1000;
