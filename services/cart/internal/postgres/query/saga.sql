-- name: InsertSaga :exec
INSERT INTO saga (id, kind, order_id, state, step, lease, lease_until, deadline, memory, traceparent)
VALUES (@id, @kind, @order_id, @state, @step, @lease,
    CASE WHEN @lease_seconds::float8 > 0 THEN clock_timestamp() + make_interval(secs => @lease_seconds::float8) ELSE '-infinity' END,
    CASE WHEN @deadline_seconds::float8 > 0 THEN clock_timestamp() + make_interval(secs => @deadline_seconds::float8) END,
    @memory, NULLIF(@traceparent::text, ''));

-- name: ClaimSagas :many
-- Leases what is due and free. Rows that another process is claiming are skipped.
UPDATE saga
SET lease = @lease, lease_until = clock_timestamp() + make_interval(secs => @lease_seconds::float8), version = version + 1
WHERE id IN (
    SELECT due.id FROM saga AS due
    WHERE due.state IN ('running', 'waiting', 'compensating') AND due.next_run_at <= clock_timestamp() AND due.lease_until <= clock_timestamp()
    ORDER BY due.next_run_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, order_id, state, step, version, lease, attempts, last_error, next_run_at, deadline,
    COALESCE(deadline <= clock_timestamp(), false)::boolean AS expired, wakes, cancel_requested, needs_attention, memory, history,
    COALESCE(traceparent, '')::text AS traceparent, extract(epoch FROM clock_timestamp() - created_at)::float8 AS age_seconds;

-- name: TakeSaga :one
UPDATE saga
SET lease = @lease, lease_until = clock_timestamp() + make_interval(secs => @lease_seconds::float8), version = version + 1
WHERE id = @id AND state IN ('running', 'waiting', 'compensating') AND next_run_at <= clock_timestamp() AND lease_until <= clock_timestamp()
RETURNING id, kind, order_id, state, step, version, lease, attempts, last_error, next_run_at, deadline,
    COALESCE(deadline <= clock_timestamp(), false)::boolean AS expired, wakes, cancel_requested, needs_attention, memory, history,
    COALESCE(traceparent, '')::text AS traceparent, extract(epoch FROM clock_timestamp() - created_at)::float8 AS age_seconds;

-- name: RenewSaga :execrows
UPDATE saga
SET lease_until = clock_timestamp() + make_interval(secs => @lease_seconds::float8)
WHERE id = @id AND lease = @lease AND state IN ('running', 'waiting', 'compensating');

-- name: SaveSaga :one
-- News that came since the saga was read end a wait at once. The deadline can only be taken away.
UPDATE saga
SET state = CASE WHEN @state::text = 'waiting' AND wakes <> @wakes THEN 'running' ELSE @state::text END,
    step = @step, attempts = @attempts, last_error = @last_error, needs_attention = @needs_attention,
    memory = @memory, history = @history, version = version + 1, updated_at = clock_timestamp(),
    deadline = CASE WHEN @keep_deadline::boolean THEN deadline END,
    next_run_at = CASE
        WHEN wakes <> @wakes THEN clock_timestamp()
        WHEN @keep_deadline::boolean THEN LEAST(clock_timestamp() + make_interval(secs => @delay_seconds::float8), GREATEST(deadline, clock_timestamp()))
        ELSE clock_timestamp() + make_interval(secs => @delay_seconds::float8)
    END,
    lease = CASE WHEN @lease_seconds::float8 > 0 THEN lease ELSE '' END,
    lease_until = CASE WHEN @lease_seconds::float8 > 0 THEN clock_timestamp() + make_interval(secs => @lease_seconds::float8) ELSE '-infinity' END
WHERE id = @id AND version = @version AND lease = @lease
RETURNING version, wakes, cancel_requested, COALESCE(deadline <= clock_timestamp(), false)::boolean AS expired;

-- name: GetSaga :one
SELECT id, kind, order_id, state, step, version, lease, attempts, last_error, next_run_at, deadline,
    COALESCE(deadline <= clock_timestamp(), false)::boolean AS expired, wakes, cancel_requested, needs_attention, memory, history,
    COALESCE(traceparent, '')::text AS traceparent, extract(epoch FROM clock_timestamp() - created_at)::float8 AS age_seconds
FROM saga
WHERE id = @id;

-- name: WakeSagas :exec
UPDATE saga
SET wakes = wakes + 1, next_run_at = clock_timestamp(), state = CASE WHEN state = 'waiting' THEN 'running' ELSE state END
WHERE order_id = @order_id AND state IN ('running', 'waiting', 'compensating');

-- name: CancelSaga :execrows
UPDATE saga
SET cancel_requested = true, wakes = wakes + 1, next_run_at = clock_timestamp(),
    state = CASE WHEN state = 'waiting' THEN 'running' ELSE state END
WHERE id = @id AND state IN ('running', 'waiting', 'compensating');

-- name: FindActiveSaga :one
SELECT id FROM saga
WHERE order_id = @order_id AND state IN ('running', 'waiting', 'compensating')
LIMIT 1;

-- name: CountActiveSagas :many
SELECT kind, state, count(*) AS total, count(*) FILTER (WHERE needs_attention) AS attention,
    COALESCE(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds
FROM saga
WHERE state IN ('running', 'waiting', 'compensating')
GROUP BY kind, state;

-- name: TakeEvent :execrows
INSERT INTO taken_event (event_id) VALUES (@event_id)
ON CONFLICT (event_id) DO NOTHING;

-- name: PurgeTakenEvents :execrows
DELETE FROM taken_event
WHERE event_id IN (
    SELECT old.event_id FROM taken_event AS old
    WHERE old.created_at < clock_timestamp() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.created_at
    LIMIT @max_rows
);

-- name: LockSaga :exec
SELECT id FROM saga WHERE id = @id FOR UPDATE;

-- name: ListActiveSagaIDs :many
SELECT id FROM saga
WHERE state IN ('running', 'waiting', 'compensating') AND (@state::text = '' OR state = @state)
    AND (@kind::text = '' OR kind = @kind) AND (@step::text = '' OR step = @step)
    AND created_at <= clock_timestamp() - make_interval(secs => @min_age_seconds::float8)
    AND (created_at, id) > (@after_time::timestamptz, @after_id::text)
ORDER BY created_at, id
LIMIT @max_rows;

-- name: ListEndedSagaIDs :many
SELECT id FROM saga
WHERE state = @state::text
    AND (@kind::text = '' OR kind = @kind) AND (@step::text = '' OR step = @step)
    AND created_at <= clock_timestamp() - make_interval(secs => @min_age_seconds::float8)
    AND (created_at, id) > (@after_time::timestamptz, @after_id::text)
ORDER BY created_at, id
LIMIT @max_rows;

-- name: ListSagaIDsOfOrder :many
SELECT id FROM saga
WHERE order_id = @order_id AND (@state::text = '' OR state = @state)
    AND (@kind::text = '' OR kind = @kind) AND (@step::text = '' OR step = @step)
    AND created_at <= clock_timestamp() - make_interval(secs => @min_age_seconds::float8)
    AND (created_at, id) > (@after_time::timestamptz, @after_id::text)
ORDER BY created_at, id
LIMIT @max_rows;

-- name: ListAttentionSagaIDs :many
-- An order that calls for a person is found by its checkout, whose id it shares.
SELECT id FROM saga
WHERE id IN (
        SELECT flagged.id FROM saga AS flagged WHERE flagged.needs_attention
        UNION ALL
        SELECT sales_order.id FROM sales_order WHERE sales_order.needs_attention
    )
    AND (@state::text = '' OR state = @state) AND (@order_id::text = '' OR order_id = @order_id)
    AND (@kind::text = '' OR kind = @kind) AND (@step::text = '' OR step = @step)
    AND created_at <= clock_timestamp() - make_interval(secs => @min_age_seconds::float8)
    AND (created_at, id) > (@after_time::timestamptz, @after_id::text)
ORDER BY created_at, id
LIMIT @max_rows;

-- name: FindSagaViews :many
SELECT saga.id, saga.kind, saga.order_id, saga.state, saga.step, saga.version, saga.attempts, saga.last_error, saga.next_run_at,
    saga.deadline, saga.cancel_requested, saga.history, saga.created_at, saga.updated_at,
    saga.lease_until > clock_timestamp() AS in_progress,
    floor(extract(epoch FROM clock_timestamp() - saga.created_at))::bigint AS age_seconds,
    (saga.needs_attention OR (saga.kind = 'checkout' AND sales_order.needs_attention))::boolean AS needs_attention,
    COALESCE(sales_order.number, '')::text AS order_number, sales_order.payment_id, sales_order.reservation_id
FROM saga JOIN sales_order ON sales_order.id = saga.order_id
WHERE saga.id = ANY(@ids::text[])
ORDER BY saga.created_at, saga.id
LIMIT 1000;

-- name: RetrySaga :execrows
-- Makes an active saga due. Counting up wakes keeps a run that is under way from waiting after it.
UPDATE saga
SET wakes = wakes + 1, next_run_at = clock_timestamp(), state = CASE WHEN state = 'waiting' THEN 'running' ELSE state END
WHERE id = @id AND state IN ('running', 'waiting', 'compensating');

-- name: CalmSaga :exec
-- Takes the call for a person off. The version takes the saga from a run that read the call and would write it again; the lease
-- is given back, so that another goes on at once.
UPDATE saga
SET needs_attention = false, attempts = 0, version = version + 1, lease = '', lease_until = '-infinity'
WHERE id = @id;

-- name: CalmOrder :exec
UPDATE sales_order
SET needs_attention = false, updated_at = clock_timestamp(), version = version + 1
WHERE id = @id AND needs_attention;

-- name: AppendSagaAction :one
INSERT INTO saga_action (saga_id, kind, actor, reason, state, step) VALUES (@saga_id, @kind, @actor, @reason, @state, @step)
RETURNING id, created_at;

-- name: ListSagaActions :many
SELECT id, saga_id, kind, actor, reason, state, step, created_at
FROM saga_action
WHERE saga_id = @saga_id AND id > @after_id
ORDER BY id
LIMIT @max_rows;
