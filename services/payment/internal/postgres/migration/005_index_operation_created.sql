-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY operation_created ON operation (created_at, id);
