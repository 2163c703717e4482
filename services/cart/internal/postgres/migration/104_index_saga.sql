-- +goose NO TRANSACTION
-- +goose Up

-- The lists of the people who look after sagas: what has not ended, what calls for a person, all of one order, how others ended.
CREATE INDEX CONCURRENTLY IF NOT EXISTS saga_active_by_time ON saga (created_at, id) WHERE state IN ('running', 'waiting', 'compensating');
CREATE INDEX CONCURRENTLY IF NOT EXISTS saga_attention_by_time ON saga (created_at, id) WHERE needs_attention;
CREATE INDEX CONCURRENTLY IF NOT EXISTS saga_by_order ON saga (order_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS saga_by_time ON saga (created_at, id);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS saga_by_time;
DROP INDEX CONCURRENTLY IF EXISTS saga_by_order;
DROP INDEX CONCURRENTLY IF EXISTS saga_attention_by_time;
DROP INDEX CONCURRENTLY IF EXISTS saga_active_by_time;
