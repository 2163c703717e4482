-- name: GetOrderUse :one
SELECT order_id, generation, state, fingerprint, customer_key, currency_code, expires_at, created_at, updated_at
FROM order_use
WHERE order_id = @order_id;

-- name: LockOrderUse :one
SELECT order_id, generation, state, fingerprint, customer_key, currency_code, expires_at, created_at, updated_at
FROM order_use
WHERE order_id = @order_id
FOR UPDATE;

-- name: LockDue :one
SELECT order_id, generation, state, fingerprint, customer_key, currency_code, expires_at, created_at, updated_at
FROM order_use
WHERE state = 'reserved' AND expires_at <= now()
ORDER BY expires_at
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: ExpireEmpty :execrows
-- Orders that use no promotion hold nothing: a batch of them ends in one statement.
UPDATE order_use SET state = 'expired', updated_at = now() WHERE order_id IN (
    SELECT due.order_id FROM order_use AS due
    WHERE due.state = 'reserved' AND due.expires_at <= now()
      AND NOT EXISTS (SELECT 1 FROM promotion_use AS u WHERE u.order_id = due.order_id)
    ORDER BY due.expires_at
    LIMIT @max_rows
    FOR UPDATE OF due SKIP LOCKED
);

-- name: InsertOrderUse :one
INSERT INTO order_use (order_id, generation, state, fingerprint, customer_key, currency_code, expires_at)
VALUES (@order_id, @generation, @state, @fingerprint, @customer_key, @currency_code,
    now() + make_interval(secs => sqlc.narg('ttl_seconds')::float8))
ON CONFLICT (order_id) DO NOTHING
RETURNING order_id, generation, state, fingerprint, customer_key, currency_code, expires_at, created_at, updated_at;

-- name: UpdateOrderUse :one
UPDATE order_use
SET generation = @generation, state = @state, fingerprint = @fingerprint, customer_key = @customer_key,
    currency_code = @currency_code, updated_at = now(),
    expires_at = coalesce(now() + make_interval(secs => sqlc.narg('ttl_seconds')::float8), expires_at)
WHERE order_id = @order_id
RETURNING order_id, generation, state, fingerprint, customer_key, currency_code, expires_at, created_at, updated_at;

-- name: ListUses :many
-- Bounded by the promotions one quote can use.
SELECT u.promotion_id, p.key AS promotion_key, coalesce(u.code, '')::text AS code, (coalesce(c.max_uses, 0) > 0)::boolean AS code_limited,
    u.amount_minor
FROM promotion_use AS u
JOIN promotion AS p ON p.id = u.promotion_id
LEFT JOIN coupon_code AS c ON c.code = u.code
WHERE u.order_id = @order_id
ORDER BY u.promotion_id;

-- name: DeleteUses :exec
DELETE FROM promotion_use WHERE order_id = @order_id;

-- name: InsertUses :exec
INSERT INTO promotion_use (order_id, promotion_id, code, customer_key, amount_minor, counting)
SELECT @order_id, e.promotion_id, nullif(e.code, ''), @customer_key, e.amount_minor, true
FROM (
    SELECT unnest(@promotion_ids::uuid[]) AS promotion_id, unnest(@codes::text[]) AS code, unnest(@amounts::bigint[]) AS amount_minor
) AS e;

-- name: SetCounting :exec
UPDATE promotion_use SET counting = @counting WHERE order_id = @order_id;

-- name: HoldPromotions :many
-- Keeps limits from changing while uses are taken or given back; other orders do not wait.
SELECT id, version, limit_total, limit_per_customer
FROM promotion
WHERE id = ANY (@ids::uuid[])
ORDER BY id
FOR KEY SHARE;

-- name: TakeTotal :execrows
UPDATE promotion_counter SET used = used + 1 WHERE promotion_id = @promotion_id AND used < limit_total;

-- name: TakeCustomer :execrows
INSERT INTO promotion_customer AS m (promotion_id, customer_key, used)
VALUES (@promotion_id, @customer_key, 1)
ON CONFLICT (promotion_id, customer_key) DO UPDATE SET used = m.used + 1 WHERE m.used < @max_uses::integer;

-- name: TakeCode :execrows
UPDATE coupon_code SET used = used + 1 WHERE code = @code AND used < max_uses;

-- name: GiveTotal :exec
UPDATE promotion_counter SET used = used - 1 WHERE promotion_id = @promotion_id;

-- name: GiveCustomer :exec
UPDATE promotion_customer SET used = used - 1 WHERE promotion_id = @promotion_id AND customer_key = @customer_key;

-- name: GiveCode :exec
UPDATE coupon_code SET used = used - 1 WHERE code = @code;

-- name: PurgeOrderUses :execrows
DELETE FROM order_use WHERE order_id IN (
    SELECT old.order_id FROM order_use AS old
    WHERE old.state IN ('released', 'expired') AND old.updated_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.updated_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED
);
