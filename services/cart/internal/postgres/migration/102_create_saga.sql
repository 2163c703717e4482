-- +goose Up

-- Durable machines: checkouts, refunds, shipments. A run holds lease until lease_until and writes under version only.
CREATE TABLE saga (
    id               text        PRIMARY KEY,
    kind             text        NOT NULL,
    order_id         text        NOT NULL REFERENCES sales_order (id),
    state            text        NOT NULL CHECK (state IN ('running', 'waiting', 'compensating', 'done', 'failed')),
    step             text        NOT NULL,
    version          bigint      NOT NULL DEFAULT 1,
    lease            text        NOT NULL DEFAULT '',
    lease_until      timestamptz NOT NULL DEFAULT '-infinity',
    attempts         integer     NOT NULL DEFAULT 0,
    last_error       text        NOT NULL DEFAULT '',
    next_run_at      timestamptz NOT NULL DEFAULT now(),
    deadline         timestamptz,
    wakes            bigint      NOT NULL DEFAULT 0,
    cancel_requested boolean     NOT NULL DEFAULT false,
    needs_attention  boolean     NOT NULL DEFAULT false,
    memory           jsonb       NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

-- What is due. Sagas that ended are in no index of this kind, so that looking for work costs the same for ever.
CREATE INDEX saga_due ON saga (next_run_at) WHERE state IN ('running', 'waiting', 'compensating');
CREATE INDEX saga_active_by_order ON saga (order_id) WHERE state IN ('running', 'waiting', 'compensating');

-- Events of other services that were taken, each once.
CREATE TABLE taken_event (
    event_id   text        PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX taken_event_by_time ON taken_event (created_at);

-- +goose Down
DROP TABLE taken_event;
DROP TABLE saga;
