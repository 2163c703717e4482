-- +goose NO TRANSACTION
-- +goose Up

-- Only of carts with a limited SKU, and only as long as they count: buyers of anything else never touch it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS reservation_customer ON reservation (customer_key, created_at)
    WHERE customer_key IS NOT NULL AND state IN ('held', 'committed');

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS reservation_customer;
