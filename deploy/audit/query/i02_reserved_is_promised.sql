-- invariant: I2
-- meaning: what is reserved is what held and committed reservations still owe, no more and no less

-- part: reserved and backordered units are those of open reservations
-- checked: inventory.allocation
WITH owed AS (
    SELECT a.sku, a.location_key, sum(a.quantity - a.shipped - a.released) AS units
    FROM inventory.allocation AS a
    JOIN inventory.reservation AS r ON r.id = a.reservation_id
    WHERE r.state IN ('held', 'committed')
    GROUP BY a.sku, a.location_key
), counted AS (
    SELECT s.sku, s.location_key, s.reserved AS units FROM inventory.stock AS s
    UNION ALL
    SELECT b.sku, '', b.backordered FROM inventory.backorder AS b
)
SELECT sku || ' at ' || coalesce(nullif(location_key, ''), 'no place') AS id,
       format('counted %s, open reservations owe %s', counted.units, owed.units) AS what
FROM counted
FULL JOIN owed USING (sku, location_key)
WHERE coalesce(counted.units, 0) <> coalesce(owed.units, 0);

-- part: an allocation counts the units of its parcels and releases
-- checked: inventory.allocation
WITH parcels AS (
    SELECT s.reservation_id, i.sku, i.location_key, sum(i.quantity) AS units
    FROM inventory.shipment_item AS i
    JOIN inventory.shipment AS s ON s.id = i.shipment_id
    GROUP BY s.reservation_id, i.sku, i.location_key
), releases AS (
    SELECT e.reservation_id, i.sku, i.location_key, sum(i.quantity) AS units
    FROM inventory.allocation_release_item AS i
    JOIN inventory.allocation_release AS e ON e.id = i.release_id
    GROUP BY e.reservation_id, i.sku, i.location_key
), marked AS (
    SELECT reservation_id, sku, location_key, shipped, released FROM inventory.allocation WHERE shipped > 0 OR released > 0
)
SELECT reservation_id || ' ' || sku AS id,
       format('shipped %s, in parcels %s; released %s, in releases %s', marked.shipped, parcels.units, marked.released, releases.units) AS what
FROM marked
FULL JOIN parcels USING (reservation_id, sku, location_key)
FULL JOIN releases USING (reservation_id, sku, location_key)
WHERE coalesce(marked.shipped, 0) <> coalesce(parcels.units, 0) OR coalesce(marked.released, 0) <> coalesce(releases.units, 0);
