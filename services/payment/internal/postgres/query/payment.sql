-- name: InsertPayment :one
-- No row when the id is taken.
INSERT INTO payment (
    id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount, separates_capture,
    token, return_url, state, attempt_scopes, request_id, actor, void_requested, void_id, void_request_id, void_actor
) VALUES (
    @id, @order_id, @cart_id, @customer_reference, @channel, @country, @method, @provider, @currency, @amount, @separates_capture,
    @token, @return_url, @state, @attempt_scopes, @request_id, @actor, @void_requested, @void_id, @void_request_id, @void_actor
) ON CONFLICT (id) DO NOTHING
RETURNING created_at;

-- name: InsertAuthorization :one
-- A new payment with the operation that opens it; no row when the id is taken.
WITH opened AS (
    INSERT INTO payment (
        id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount, separates_capture,
        token, return_url, state, attempt_scopes, request_id, actor
    ) VALUES (
        @id, @order_id, @cart_id, @customer_reference, @channel, @country, @method, @provider, @currency, @amount, @separates_capture,
        @token, @return_url, @state, @attempt_scopes, @request_id, @actor
    ) ON CONFLICT (id) DO NOTHING
    RETURNING payment.id, payment.order_id, payment.provider, payment.amount, payment.currency, payment.request_id, payment.actor, payment.created_at
), added AS (
    INSERT INTO operation (
        id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor, next_check_at
    )
    SELECT @operation_id, opened.id, opened.order_id, opened.provider, 'authorize', 'sending', opened.amount, opened.currency, false,
        opened.id, opened.request_id, opened.actor, now() + make_interval(secs => @wait_seconds::float8)
    FROM opened
)
SELECT opened.created_at FROM opened;

-- name: GetPayment :one
SELECT id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount, separates_capture,
    token, return_url, state, authorized, captured, refunded, voided, capture_reserved, refund_reserved, closing,
    decline_reason, next_action, capture_before, void_requested, void_id, void_request_id, void_actor, attempt_scopes,
    request_id, actor, version, created_at, updated_at
FROM payment
WHERE id = @id;

-- name: LockPayment :one
SELECT id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount, separates_capture,
    token, return_url, state, authorized, captured, refunded, voided, capture_reserved, refund_reserved, closing,
    decline_reason, next_action, capture_before, void_requested, void_id, void_request_id, void_actor, attempt_scopes,
    request_id, actor, version, created_at, updated_at
FROM payment
WHERE id = @id
FOR UPDATE;

-- name: PaymentsOfOrders :many
-- The newest 50 of each order.
SELECT p.id, p.order_id, p.cart_id, p.customer_reference, p.channel, p.country, p.method, p.provider, p.currency, p.amount,
    p.separates_capture, p.token, p.return_url, p.state, p.authorized, p.captured, p.refunded, p.voided, p.capture_reserved,
    p.refund_reserved, p.closing, p.decline_reason, p.next_action, p.capture_before, p.void_requested, p.void_id,
    p.void_request_id, p.void_actor, p.attempt_scopes, p.request_id, p.actor, p.version, p.created_at, p.updated_at
FROM unnest(@order_ids::text[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount, separates_capture,
        token, return_url, state, authorized, captured, refunded, voided, capture_reserved, refund_reserved, closing,
        decline_reason, next_action, capture_before, void_requested, void_id, void_request_id, void_actor, attempt_scopes,
        request_id, actor, version, created_at, updated_at
    FROM payment
    WHERE payment.order_id = wanted.order_id
    ORDER BY payment.created_at DESC
    LIMIT 50
) AS p
ORDER BY p.order_id, p.created_at, p.id
LIMIT 1000;

-- name: SavePayment :exec
UPDATE payment
SET state = @state, authorized = @authorized, captured = @captured, refunded = @refunded, voided = @voided,
    capture_reserved = @capture_reserved, refund_reserved = @refund_reserved, closing = @closing,
    decline_reason = @decline_reason, next_action = @next_action, capture_before = @capture_before,
    void_requested = @void_requested, void_id = @void_id, void_request_id = @void_request_id, void_actor = @void_actor,
    version = version + 1, updated_at = now()
WHERE id = @id;

-- name: LapsedPayments :many
SELECT id
FROM payment
WHERE capture_before < now() AND state IN ('authorized', 'partially_captured') AND NOT void_requested AND capture_reserved = 0
ORDER BY capture_before
LIMIT @batch;

-- name: ExpiringPayments :many
-- Authorizations that end within a time and whose owner was not told yet.
SELECT p.id
FROM payment AS p
WHERE p.capture_before > now() AND p.capture_before <= now() + make_interval(secs => @within_seconds::float8)
    AND p.state IN ('authorized', 'partially_captured') AND NOT p.void_requested
    AND NOT EXISTS (SELECT FROM expiry_notice AS told WHERE told.payment_id = p.id)
ORDER BY p.capture_before
LIMIT @batch;

-- name: InsertExpiryNotice :execrows
INSERT INTO expiry_notice (payment_id) VALUES (@payment_id)
ON CONFLICT (payment_id) DO NOTHING;

-- name: CountExpiring :one
SELECT count(*)
FROM payment
WHERE capture_before > now() AND capture_before <= now() + make_interval(secs => @within_seconds::float8)
    AND state IN ('authorized', 'partially_captured') AND NOT void_requested;

-- name: OperationsOfPayment :many
-- A payment has few operations; the limit only bounds what is read. The payment's version tells whether they belong to the
-- payment as it was read before.
SELECT o.id, o.payment_id, o.order_id, o.provider, o.kind, o.status, o.amount, o.currency, o.final, o.undo, o.acted, o.integrity,
    o.caller_id, o.request_id, o.actor, o.provider_reference, o.failure_reason, o.attempts, o.needs_attention, o.created_at,
    o.updated_at, extract(epoch FROM now() - o.created_at)::float8 AS age_seconds, p.version AS payment_version, now()::timestamptz AS read_at
FROM operation AS o
JOIN payment AS p ON p.id = o.payment_id
WHERE o.payment_id = @payment_id
ORDER BY o.created_at, o.id
LIMIT 1000;

-- name: OperationsOfPayments :many
SELECT o.id, o.payment_id, o.order_id, o.provider, o.kind, o.status, o.amount, o.currency, o.final, o.undo, o.acted, o.integrity,
    o.caller_id, o.request_id, o.actor, o.provider_reference, o.failure_reason, o.attempts, o.needs_attention, o.created_at,
    o.updated_at, extract(epoch FROM now() - o.created_at)::float8 AS age_seconds, p.version AS payment_version, now()::timestamptz AS read_at
FROM operation AS o
JOIN payment AS p ON p.id = o.payment_id
WHERE o.payment_id = ANY(@payment_ids::text[])
ORDER BY o.payment_id, o.created_at, o.id
LIMIT 20000;

-- name: InsertOperation :exec
INSERT INTO operation (
    id, payment_id, order_id, provider, kind, status, amount, currency, final, undo, caller_id, request_id, actor, next_check_at
) VALUES (
    @id, @payment_id, @order_id, @provider, @kind, @status, @amount, @currency, @final, @undo, @caller_id, @request_id, @actor,
    now() + make_interval(secs => @wait_seconds::float8)
);

-- name: SaveOperation :exec
UPDATE operation
SET status = @status, undo = @undo, acted = @acted, integrity = @integrity, provider_reference = @provider_reference,
    failure_reason = @failure_reason, needs_attention = @needs_attention, updated_at = now(),
    next_check_at = CASE WHEN @status IN ('failed', 'ok') THEN NULL ELSE now() + make_interval(secs => @wait_seconds::float8) END
WHERE id = @id;

-- name: BeginCapture :one
-- The guards are taken before the provider is called: reserved, captured and released never exceed what is authorized.
WITH reserved AS (
    UPDATE payment
    SET capture_reserved = capture_reserved + @amount, closing = closing OR @final::boolean, version = version + 1, updated_at = now()
    WHERE payment.id = @payment_id AND payment.currency = @currency AND separates_capture AND NOT void_requested AND NOT closing
      AND state <> 'integrity_failure' AND (NOT @final::boolean OR capture_reserved = 0)
      AND authorized - captured - voided - capture_reserved >= @amount
      AND (capture_before IS NULL OR capture_before > now())
    RETURNING payment.id, payment.order_id, payment.provider
), added AS (
    INSERT INTO operation (
        id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor, next_check_at
    )
    SELECT @id, reserved.id, reserved.order_id, reserved.provider, 'capture', 'sending', @amount, @currency, @final::boolean, @caller_id,
        @request_id, @actor, now() + make_interval(secs => @wait_seconds::float8)
    FROM reserved
    RETURNING operation.payment_id, operation.order_id, operation.provider, operation.created_at
)
SELECT added.order_id, added.provider, added.created_at, auth.provider_reference AS authorization_reference
FROM added
JOIN operation AS auth ON auth.payment_id = added.payment_id AND auth.kind = 'authorize';

-- name: BeginRefund :one
-- The guards are taken before the provider is called: reserved and refunded never exceed what is captured.
WITH reserved AS (
    UPDATE payment
    SET refund_reserved = refund_reserved + @amount, version = version + 1, updated_at = now()
    WHERE payment.id = @payment_id AND payment.currency = @currency AND captured - refunded - refund_reserved >= @amount
    RETURNING payment.id, payment.order_id, payment.provider
), added AS (
    INSERT INTO operation (
        id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor, next_check_at
    )
    SELECT @id, reserved.id, reserved.order_id, reserved.provider, 'refund', 'sending', @amount, @currency, false, @caller_id,
        @request_id, @actor, now() + make_interval(secs => @wait_seconds::float8)
    FROM reserved
    RETURNING operation.payment_id, operation.order_id, operation.provider, operation.created_at
)
SELECT added.order_id, added.provider, added.created_at, auth.provider_reference AS authorization_reference
FROM added
JOIN operation AS auth ON auth.payment_id = added.payment_id AND auth.kind = 'authorize';

-- name: ClaimDueOperations :many
UPDATE operation
SET next_check_at = now() + make_interval(secs => @lease_seconds::float8), attempts = attempts + 1
WHERE id IN (
    SELECT due.id
    FROM operation AS due
    WHERE due.next_check_at <= now()
    ORDER BY due.next_check_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
)
RETURNING payment_id, id;

-- name: ClaimOperation :execrows
UPDATE operation
SET next_check_at = now() + make_interval(secs => @lease_seconds::float8), attempts = attempts + 1
WHERE id = @id AND next_check_at IS NOT NULL AND (status <> 'sending' OR next_check_at <= now());

-- name: OwnerOfOperation :one
SELECT payment_id
FROM operation
WHERE id = @id AND provider = @provider;

-- name: MeasureOperations :one
SELECT count(*) FILTER (WHERE status IN ('sending', 'unknown')) AS in_doubt,
    coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE status IN ('sending', 'unknown'))), 0)::float8 AS oldest_seconds
FROM operation
WHERE next_check_at IS NOT NULL;

-- name: CountAttention :one
SELECT count(*) FROM operation WHERE needs_attention;
