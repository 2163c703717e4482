-- +goose Up

-- The trace of the request that began the saga, so that whoever takes it up goes on with it. Nothing else reads it, and a saga
-- without one runs as well.
ALTER TABLE saga ADD COLUMN traceparent text;

-- +goose Down
ALTER TABLE saga DROP COLUMN traceparent;
