-- name: MethodsOfChannel :many
-- A channel's own settings and the defaults; there are few methods.
SELECT channel, method, title, enabled, countries, currencies, minimums, position, version, updated_at
FROM payment_method
WHERE channel IN ('', @channel)
ORDER BY channel, method
LIMIT 200;

-- name: ListMethods :many
SELECT channel, method, title, enabled, countries, currencies, minimums, position, version, updated_at
FROM payment_method
WHERE (@only_channel::text = '' OR channel = @only_channel) AND (channel, method) > (@after_channel::text, @after_method::text)
ORDER BY channel, method
LIMIT @batch;

-- name: InsertMethod :one
INSERT INTO payment_method (channel, method, title, enabled, countries, currencies, minimums, position)
VALUES (@channel, @method, @title, @enabled, @countries, @currencies, @minimums, @position)
ON CONFLICT (channel, method) DO NOTHING
RETURNING version, updated_at;

-- name: UpdateMethod :one
UPDATE payment_method
SET title = @title, enabled = @enabled, countries = @countries, currencies = @currencies, minimums = @minimums,
    position = @position, version = version + 1, updated_at = now()
WHERE channel = @channel AND method = @method AND version = @version
RETURNING version, updated_at;
