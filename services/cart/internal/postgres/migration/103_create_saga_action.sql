-- +goose Up

-- How a saga got where it is: its last stays at steps, written whenever the saga is.
ALTER TABLE saga ADD COLUMN history jsonb NOT NULL DEFAULT '[]';

-- What people did to sagas: rows are only ever added.
CREATE TABLE saga_action (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    saga_id    text        NOT NULL REFERENCES saga (id),
    kind       text        NOT NULL CHECK (kind IN ('resume', 'compensate', 'handled')),
    actor      jsonb       NOT NULL,
    reason     text        NOT NULL CHECK (reason <> ''),
    state      text        NOT NULL,
    step       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX saga_action_by_saga ON saga_action (saga_id, id);

-- Who did what stays as it was written, also when somebody would rather it did not.
REVOKE UPDATE, DELETE, TRUNCATE ON saga_action FROM cart_app;

-- +goose Down
DROP TABLE saga_action;
ALTER TABLE saga DROP COLUMN history;
