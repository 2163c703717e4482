-- invariant: I3
-- meaning: no SKU is ever promised beyond what is there

-- part: reserved is between nothing and what is on hand
-- checked: inventory.stock
SELECT sku || ' at ' || location_key AS id, format('on hand %s, reserved %s', on_hand, reserved) AS what
FROM inventory.stock
WHERE reserved < 0 OR reserved > on_hand;

-- part: no movement ever left less than nothing
-- checked: inventory.stock_movement
SELECT 'movement ' || id AS id, format('%s at %s: %s on hand after it', sku, location_key, on_hand_after) AS what
FROM inventory.stock_movement
WHERE on_hand_after < 0;

-- part: the database itself refuses to oversell
-- checked: pg_catalog.pg_constraint WHERE conname = 'stock_reserved_range'
SELECT 'stock_reserved_range' AS id, 'the check on reserved and on_hand is gone or was not validated' AS what
WHERE NOT EXISTS (
    SELECT 1
    FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
    WHERE n.nspname = 'inventory' AND t.relname = 'stock' AND c.conname = 'stock_reserved_range' AND c.contype = 'c' AND c.convalidated
);
