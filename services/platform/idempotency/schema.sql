-- Stored answers of mutating calls. Every service that has such calls copies this into its first migration.
CREATE TABLE idempotency_key (
    principal   text        NOT NULL,
    rpc         text        NOT NULL,
    request_id  text        NOT NULL CHECK (length(request_id) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL,
    state       text        NOT NULL CHECK (state IN ('in_flight', 'done')),
    response    bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL,
    done_at     timestamptz,
    PRIMARY KEY (principal, rpc, request_id),
    CHECK ((state = 'done') = (response IS NOT NULL AND done_at IS NOT NULL))
) WITH (fillfactor = 80);

-- For the purge. created_at never changes, so answering a call stays a heap-only update.
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
