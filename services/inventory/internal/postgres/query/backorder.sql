-- name: UpsertBackorderPolicy :one
INSERT INTO backorder (sku, allowed, unit_limit)
VALUES (@sku, @allowed, @unit_limit)
ON CONFLICT (sku) DO UPDATE SET allowed = excluded.allowed, unit_limit = excluded.unit_limit, updated_at = now()
RETURNING sku, allowed, unit_limit, backordered, updated_at;

-- name: GetBackorderPolicy :one
SELECT sku, allowed, unit_limit, backordered, updated_at FROM backorder WHERE sku = @sku;

-- name: LockBackorders :many
SELECT sku FROM backorder WHERE sku = ANY (@skus::text[]) ORDER BY sku LIMIT 500 FOR NO KEY UPDATE;

-- name: ReduceBackorders :exec
UPDATE backorder
SET backordered = backorder.backordered - paid.quantity, updated_at = now()
FROM (SELECT unnest(@skus::text[]) AS sku, unnest(@quantities::integer[]) AS quantity) AS paid
WHERE backorder.sku = paid.sku;

-- name: FillableReservations :many
-- Committed reservations, oldest first, that wait for units a location of their channel has free now.
SELECT r.id
FROM allocation AS a
JOIN reservation AS r ON r.id = a.reservation_id AND r.state = 'committed'
WHERE a.location_key = '' AND a.quantity > a.released
  AND EXISTS (
      SELECT 1
      FROM stock AS s
      JOIN location AS l ON l.key = s.location_key
      WHERE s.sku = a.sku AND s.on_hand > s.reserved AND l.active
        AND (l.channels = '{}' OR r.channel = ANY (l.channels))
  )
GROUP BY r.id, r.created_at
ORDER BY r.created_at, r.id
LIMIT @batch;

-- name: TakeFromBackordered :exec
-- Takes units out of the backordered rows of one reservation. A row that is left without any goes: its units now stand
-- with a location.
WITH taken AS (
    SELECT unnest(@skus::text[]) AS sku, unnest(@quantities::integer[]) AS quantity
), emptied AS (
    DELETE FROM allocation
    USING taken
    WHERE allocation.reservation_id = @reservation_id AND allocation.sku = taken.sku AND allocation.location_key = ''
      AND allocation.quantity = taken.quantity
)
UPDATE allocation
SET quantity = allocation.quantity - taken.quantity
FROM taken
WHERE allocation.reservation_id = @reservation_id AND allocation.sku = taken.sku AND allocation.location_key = ''
  AND allocation.quantity > taken.quantity;

-- name: AddToAllocations :exec
INSERT INTO allocation (reservation_id, sku, location_key, quantity)
SELECT @reservation_id, given.sku, given.location_key, given.quantity
FROM (SELECT unnest(@skus::text[]) AS sku, unnest(@location_keys::text[]) AS location_key,
             unnest(@quantities::integer[]) AS quantity) AS given
ON CONFLICT (reservation_id, sku, location_key) DO UPDATE SET quantity = allocation.quantity + excluded.quantity;
