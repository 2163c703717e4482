-- How many units of some things are reserved.
SELECT coalesce(sum(reserved), 0)::bigint FROM inventory.stock WHERE sku = ANY ($1::text[]);
