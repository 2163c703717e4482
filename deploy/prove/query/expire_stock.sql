-- Ends the time of stock that is held for orders that were placed, as if it had gone by: only they must be sold all the same.
UPDATE inventory.reservation SET expires_at = now() - interval '1 second'
WHERE state = 'held' AND id::text IN (SELECT reservation_id FROM cart.sales_order WHERE status = 'placed');
