-- name: EnsureStock :exec
-- Sorted, so that two writers who create the same rows wait for each other in one direction only.
INSERT INTO stock (sku, location_key, on_hand, reserved)
SELECT wanted.sku, wanted.location_key, 0, 0
FROM (SELECT unnest(@skus::text[]) AS sku, unnest(@location_keys::text[]) AS location_key) AS wanted
ORDER BY wanted.sku COLLATE "C", wanted.location_key COLLATE "C"
ON CONFLICT (sku, location_key) DO NOTHING;

-- name: LockStock :many
SELECT s.sku, s.location_key, s.on_hand, s.reserved, s.updated_at
FROM stock AS s
JOIN (SELECT unnest(@skus::text[]) AS sku, unnest(@location_keys::text[]) AS location_key) AS wanted
    ON s.sku = wanted.sku AND s.location_key = wanted.location_key
ORDER BY s.sku, s.location_key
LIMIT 50000
FOR NO KEY UPDATE OF s;

-- name: LockFreeStock :many
-- The stock a channel may take from, in the order in which it is locked; the caller sorts by priority.
SELECT s.sku, s.location_key, s.on_hand, s.reserved, s.updated_at, l.priority
FROM stock AS s
JOIN location AS l ON l.key = s.location_key
WHERE s.sku = ANY (@skus::text[]) AND l.active AND (l.channels = '{}' OR @channel::text = ANY (l.channels))
ORDER BY s.sku, s.location_key
LIMIT 50000
FOR NO KEY UPDATE OF s;

-- name: ApplyChanges :many
-- Moves counters of rows that LockStock has locked. A change of on_hand and its movement are one statement, which is why
-- on_hand cannot drift from the sum of the movements.
WITH change AS (
    SELECT unnest(@skus::text[]) AS sku, unnest(@location_keys::text[]) AS location_key,
           unnest(@on_hand_deltas::integer[]) AS on_hand_delta, unnest(@reserved_deltas::integer[]) AS reserved_delta
), moved AS (
    UPDATE stock
    SET on_hand = on_hand + change.on_hand_delta, reserved = reserved + change.reserved_delta, updated_at = now()
    FROM change
    WHERE stock.sku = change.sku AND stock.location_key = change.location_key
    RETURNING stock.sku, stock.location_key, stock.on_hand, stock.reserved, stock.updated_at, change.on_hand_delta
), logged AS (
    INSERT INTO stock_movement (sku, location_key, kind, delta, on_hand_after, actor, reason, reference, request_id)
    SELECT moved.sku, moved.location_key, @kind::text, moved.on_hand_delta, moved.on_hand,
           @actor::text, @reason::text, @reference::text, @request_id::text
    FROM moved
    WHERE moved.on_hand_delta <> 0
    ORDER BY moved.sku, moved.location_key
)
SELECT moved.sku, moved.location_key, moved.on_hand, moved.reserved, moved.updated_at
FROM moved
ORDER BY moved.sku, moved.location_key
LIMIT 50000;

-- name: ListStock :many
SELECT sku, location_key, on_hand, reserved, updated_at
FROM stock
WHERE (sku, location_key) > (@after_sku::text, @after_location::text)
ORDER BY sku, location_key
LIMIT @page_limit;

-- name: ListStockBySKU :many
SELECT sku, location_key, on_hand, reserved, updated_at
FROM stock
WHERE sku = ANY (@skus::text[]) AND (@location_key::text = '' OR location_key = @location_key)
  AND (sku, location_key) > (@after_sku::text, @after_location::text)
ORDER BY sku, location_key
LIMIT @page_limit;

-- name: ListStockByLocation :many
SELECT sku, location_key, on_hand, reserved, updated_at
FROM stock
WHERE location_key = @location_key AND sku > @after_sku::text
ORDER BY sku
LIMIT @page_limit;

-- name: ListMovements :many
SELECT id, sku, location_key, kind, delta, on_hand_after, actor, reason, reference, request_id, created_at
FROM stock_movement
WHERE sku = @sku AND id < @before AND (@location_key::text = '' OR location_key = @location_key)
ORDER BY id DESC
LIMIT @page_limit;

-- name: BatchGetAvailability :many
-- Reads no lock and waits for none, however busy the rows are. SKUs nobody knows are left out.
SELECT known.sku::text AS sku, least(sum(known.free), 1000000000)::integer AS available,
       bool_or(known.tracked)::boolean AS tracked, max(known.room)::integer AS backorder_available
FROM (
    SELECT s.sku, true AS tracked, 0 AS room,
           CASE WHEN l.active AND (l.channels = '{}' OR @channel::text = ANY (l.channels)) THEN s.on_hand - s.reserved ELSE 0 END AS free
    FROM stock AS s
    JOIN location AS l ON l.key = s.location_key
    WHERE s.sku = ANY (@skus::text[])
    UNION ALL
    SELECT b.sku, false, greatest(b.unit_limit - b.backordered, 0), 0
    FROM backorder AS b
    WHERE b.allowed AND b.sku = ANY (@skus::text[])
) AS known
GROUP BY known.sku
LIMIT 500;
