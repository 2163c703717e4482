-- How many reservations were made for orders that began after a time in milliseconds.
SELECT count(*) FROM inventory.reservation AS r JOIN cart.sales_order AS o ON o.id = r.order_id WHERE o.created_at > to_timestamp($1::bigint / 1000.0);
