-- Ends the time of checkouts that wait for their buyers, as if it had gone by.
UPDATE cart.saga SET deadline = now() - interval '1 second', next_run_at = now() WHERE order_id = ANY ($1::text[]) AND state = 'waiting';
