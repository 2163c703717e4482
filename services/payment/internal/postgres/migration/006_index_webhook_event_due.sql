-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY webhook_event_due ON webhook_event (next_try_at) WHERE next_try_at IS NOT NULL;
