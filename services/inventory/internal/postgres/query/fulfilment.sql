-- name: InsertShipment :execrows
INSERT INTO shipment (id, order_id, reservation_id, fingerprint, carrier, tracking_number, version, actor, request_id)
VALUES (@id, @order_id, @reservation_id, @fingerprint, @carrier, @tracking_number, 1, @actor, @request_id)
ON CONFLICT (id) DO NOTHING;

-- name: InsertShipmentItems :exec
INSERT INTO shipment_item (shipment_id, sku, location_key, quantity)
SELECT @shipment_id, unnest(@skus::text[]), unnest(@location_keys::text[]), unnest(@quantities::integer[]);

-- name: UpdateShipment :execrows
UPDATE shipment
SET carrier = @carrier, tracking_number = @tracking_number, version = version + 1, updated_at = now()
WHERE id = @id AND version = @version;

-- name: GetShipment :one
SELECT id, order_id, reservation_id, fingerprint, carrier, tracking_number, version, created_at, updated_at
FROM shipment
WHERE id = @id;

-- name: ListShipments :many
SELECT id, order_id, reservation_id, fingerprint, carrier, tracking_number, version, created_at, updated_at
FROM shipment
WHERE order_id = @order_id AND (created_at, id) > (@after_time::timestamptz, @after_id::uuid)
ORDER BY created_at, id
LIMIT @page_limit;

-- name: ListShipmentItems :many
SELECT shipment_id, sku, location_key, quantity
FROM shipment_item
WHERE shipment_id = ANY (@ids::uuid[])
ORDER BY shipment_id, sku, location_key
LIMIT 500000;

-- name: LockShipments :many
-- Returns of one order are decided one after the other: each locks what was shipped.
SELECT id FROM shipment WHERE order_id = @order_id ORDER BY id LIMIT 10000 FOR NO KEY UPDATE;

-- name: ReturnableItems :many
-- What each SKU of an order shipped, what came back, and the location that shipped it last.
SELECT sent.sku, sent.shipped, coalesce(back.returned, 0)::integer AS returned, sent.last_location
FROM (
    SELECT i.sku, sum(i.quantity)::integer AS shipped,
           ((array_agg(i.location_key ORDER BY s.created_at DESC, s.id DESC, i.location_key))[1])::text AS last_location
    FROM shipment AS s
    JOIN shipment_item AS i ON i.shipment_id = s.id
    WHERE s.order_id = @order_id
    GROUP BY i.sku
) AS sent
LEFT JOIN (
    SELECT i.sku, sum(i.quantity)::integer AS returned
    FROM stock_return AS r
    JOIN stock_return_item AS i ON i.return_id = r.id
    WHERE r.order_id = @order_id
    GROUP BY i.sku
) AS back ON back.sku = sent.sku
ORDER BY sent.sku
LIMIT 10000;

-- name: InsertReturn :execrows
INSERT INTO stock_return (id, order_id, fingerprint, reason, actor, request_id)
VALUES (@id, @order_id, @fingerprint, @reason, @actor, @request_id)
ON CONFLICT (id) DO NOTHING;

-- name: InsertReturnItems :exec
INSERT INTO stock_return_item (return_id, sku, location_key, restock, quantity)
SELECT @return_id, unnest(@skus::text[]), unnest(@location_keys::text[]), unnest(@restocks::boolean[]),
       unnest(@quantities::integer[]);

-- name: GetReturn :one
SELECT id, order_id, fingerprint, reason, created_at FROM stock_return WHERE id = @id;

-- name: ListReturns :many
SELECT id, order_id, fingerprint, reason, created_at
FROM stock_return
WHERE order_id = @order_id AND (created_at, id) > (@after_time::timestamptz, @after_id::uuid)
ORDER BY created_at, id
LIMIT @page_limit;

-- name: ListReturnItems :many
SELECT return_id, sku, location_key, restock, quantity
FROM stock_return_item
WHERE return_id = ANY (@ids::uuid[])
ORDER BY return_id, sku, location_key, restock
LIMIT 500000;
