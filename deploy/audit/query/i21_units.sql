-- invariant: I21
-- meaning: no more is shipped than was ordered, returned than was shipped, restocked than was returned

-- part: the counters of every line are within bounds
-- checked: cart.order_line
SELECT order_id AS id, format('line %s: ordered %s, shipped %s, cancelled %s, returned %s', id, quantity, shipped, cancelled, returned) AS what
FROM cart.order_line
WHERE shipped + cancelled > quantity OR returned > shipped OR shipped < 0 OR cancelled < 0 OR returned < 0;

-- part: the counters of every allocation are within bounds
-- checked: inventory.allocation
SELECT reservation_id || ' ' || sku AS id, format('allocated %s, shipped %s, released %s', quantity, shipped, released) AS what
FROM inventory.allocation
WHERE shipped + released > quantity OR shipped < 0 OR released < 0;

-- part: orders and parcels agree on what was shipped and came back
-- checked: inventory.shipment
WITH parcels AS (
    SELECT s.order_id, i.sku, sum(i.quantity) AS units
    FROM inventory.shipment_item AS i
    JOIN inventory.shipment AS s ON s.id = i.shipment_id
    GROUP BY s.order_id, i.sku
), returns AS (
    SELECT r.order_id, i.sku, sum(i.quantity) AS units
    FROM inventory.stock_return_item AS i
    JOIN inventory.stock_return AS r ON r.id = i.return_id
    GROUP BY r.order_id, i.sku
), sold AS (
    SELECT order_id, sku, sum(shipped) AS shipped, sum(returned) AS returned
    FROM cart.order_line
    WHERE shipped > 0
    GROUP BY order_id, sku
)
SELECT order_id AS id, format('%s: order says %s shipped and %s returned, parcels %s, returns %s', sku, sold.shipped, sold.returned, parcels.units, returns.units) AS what
FROM sold
FULL JOIN parcels USING (order_id, sku)
FULL JOIN returns USING (order_id, sku)
WHERE (coalesce(sold.shipped, 0) <> coalesce(parcels.units, 0) OR coalesce(sold.returned, 0) <> coalesce(returns.units, 0)
       OR coalesce(returns.units, 0) > coalesce(parcels.units, 0))
  AND NOT EXISTS (SELECT 1 FROM cart.saga AS s WHERE s.order_id = coalesce(sold.order_id, parcels.order_id, returns.order_id)
                  AND s.state IN ('running', 'waiting', 'compensating'));
