-- invariant: I1
-- meaning: what a place has of a SKU is what was received, less what left, plus or minus what was counted

-- part: on hand is the sum of the movements
-- checked: inventory.stock
SELECT sku || ' at ' || location_key AS id, format('on hand %s, movements add up to %s', s.on_hand, m.moved) AS what
FROM inventory.stock AS s
FULL JOIN (
    SELECT sku, location_key, sum(delta) AS moved FROM inventory.stock_movement GROUP BY sku, location_key
) AS m USING (sku, location_key)
WHERE coalesce(s.on_hand, 0) <> coalesce(m.moved, 0);

-- part: every parcel left the stock, every restocked return came back to it
-- checked: inventory.shipment_item
WITH moved AS (
    SELECT sku, location_key, sum(delta) FILTER (WHERE kind = 'ship') AS shipped, sum(delta) FILTER (WHERE kind = 'return') AS returned
    FROM inventory.stock_movement
    WHERE kind IN ('ship', 'return')
    GROUP BY sku, location_key
), parcels AS (
    SELECT sku, location_key, sum(quantity) AS units FROM inventory.shipment_item GROUP BY sku, location_key
), returns AS (
    SELECT sku, location_key, sum(quantity) AS units FROM inventory.stock_return_item WHERE restock GROUP BY sku, location_key
)
SELECT sku || ' at ' || location_key AS id,
       format('moved out %s, in parcels %s; moved in %s, in returns %s', -moved.shipped, parcels.units, moved.returned, returns.units) AS what
FROM moved
FULL JOIN parcels USING (sku, location_key)
FULL JOIN returns USING (sku, location_key)
WHERE -coalesce(moved.shipped, 0) <> coalesce(parcels.units, 0) OR coalesce(moved.returned, 0) <> coalesce(returns.units, 0);
