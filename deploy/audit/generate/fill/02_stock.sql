-- Stock, its movements, and what was promised, shipped and returned.
INSERT INTO inventory.location (key, name, country_code, channels, priority, active, version) VALUES ('warehouse', 'Warehouse', 'GB', '{}', 1, true, 1);

INSERT INTO inventory.reservation_key (id) SELECT reservation FROM plan;
INSERT INTO inventory.reservation (id, order_id, channel, state, fingerprint, actor, request_id, expires_at, created_at, committed_at, closed_at)
SELECT reservation, id, 'uk-web', CASE kind WHEN 'failed' THEN 'released' WHEN 'waiting' THEN 'held' ELSE 'committed' END, decode(md5(id), 'hex'),
       'service:cart', 'req-' || i, CASE kind WHEN 'waiting' THEN now() + interval '72 hours' ELSE at + interval '15 minutes' END, at,
       CASE WHEN kind NOT IN ('failed', 'waiting') THEN at + interval '1 second' END, CASE kind WHEN 'failed' THEN at + interval '1 second' END
FROM plan;
INSERT INTO inventory.allocation (reservation_id, sku, location_key, quantity, shipped, released)
SELECT reservation, sku1, 'warehouse', 1, CASE WHEN kind IN ('shipped', 'returned') THEN 1 ELSE 0 END, CASE kind WHEN 'cancelled' THEN 1 ELSE 0 END FROM plan
UNION ALL
SELECT reservation, sku2, 'warehouse', 2, CASE WHEN kind IN ('shipped', 'returned') THEN 2 ELSE 0 END, CASE kind WHEN 'cancelled' THEN 2 ELSE 0 END FROM plan;

INSERT INTO inventory.allocation_release (id, reservation_id, fingerprint, actor, request_id, created_at)
SELECT refund::uuid, reservation, decode(md5(id), 'hex'), 'service:cart', 'req-refund-' || i, at FROM plan WHERE kind = 'cancelled';
INSERT INTO inventory.allocation_release_item (release_id, sku, location_key, quantity)
SELECT refund::uuid, sku1, 'warehouse', 1 FROM plan WHERE kind = 'cancelled'
UNION ALL
SELECT refund::uuid, sku2, 'warehouse', 2 FROM plan WHERE kind = 'cancelled';

INSERT INTO inventory.shipment (id, order_id, reservation_id, fingerprint, carrier, tracking_number, version, actor, request_id, created_at)
SELECT shipment, id, reservation, decode(md5(id), 'hex'), 'Royal Mail', 'RM' || i, 1, 'service:cart', 'req-ship-' || i, at FROM plan WHERE kind IN ('shipped', 'returned');
INSERT INTO inventory.shipment_item (shipment_id, sku, location_key, quantity)
SELECT shipment, sku1, 'warehouse', 1 FROM plan WHERE kind IN ('shipped', 'returned')
UNION ALL
SELECT shipment, sku2, 'warehouse', 2 FROM plan WHERE kind IN ('shipped', 'returned');
INSERT INTO inventory.stock_return (id, order_id, fingerprint, reason, actor, request_id, created_at)
SELECT refund::uuid, id, decode(md5(id), 'hex'), 'changed my mind', 'service:cart', 'req-refund-' || i, at FROM plan WHERE kind = 'returned';
INSERT INTO inventory.stock_return_item (return_id, sku, location_key, restock, quantity)
SELECT refund::uuid, sku1, 'warehouse', true, 1 FROM plan WHERE kind = 'returned';

INSERT INTO inventory.stock_movement (sku, location_key, kind, delta, on_hand_after, actor, reason, reference, request_id, created_at)
SELECT sku, 'warehouse', kind, delta, sum(delta) OVER (PARTITION BY sku ORDER BY i, step ROWS UNBOUNDED PRECEDING), 'service:cart', '', reference, request, at
FROM (
    SELECT 'SKU-' || k AS sku, 0 AS i, 0 AS step, 'set' AS kind, 100000000 AS delta, '' AS reference, 'req-count-' || k AS request, now() - interval '40 days' AS at
    FROM generate_series(0, {skus} - 1) AS k
    UNION ALL
    SELECT sku1, i, 1, 'ship', -1, shipment::text, 'req-ship-' || i, at FROM plan WHERE kind IN ('shipped', 'returned')
    UNION ALL
    SELECT sku2, i, 2, 'ship', -2, shipment::text, 'req-ship-' || i, at FROM plan WHERE kind IN ('shipped', 'returned')
    UNION ALL
    SELECT sku1, i, 3, 'return', 1, refund, 'req-refund-' || i, at FROM plan WHERE kind = 'returned'
) AS moves
ORDER BY i, step, sku;

INSERT INTO inventory.stock (sku, location_key, on_hand, reserved)
SELECT m.sku, 'warehouse', m.units, coalesce(o.units, 0)
FROM (SELECT sku, sum(delta) AS units FROM inventory.stock_movement GROUP BY sku) AS m
LEFT JOIN (
    SELECT a.sku, sum(a.quantity - a.shipped - a.released) AS units
    FROM inventory.allocation AS a
    JOIN inventory.reservation AS r ON r.id = a.reservation_id
    WHERE r.state IN ('held', 'committed')
    GROUP BY a.sku
) AS o ON o.sku = m.sku;
