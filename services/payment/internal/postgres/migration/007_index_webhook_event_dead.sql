-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY webhook_event_dead ON webhook_event (received_at, event_id) WHERE state = 'dead';
