-- name: ListLivePromotions :many
-- The promotions that may apply to a basket: the automatic ones, whose number is bounded when they are made, and those of
-- its codes. An unknown, disabled, ended or foreign code gives no row, so that it costs what any other costs.
SELECT p.id, p.key, p.name, p.version, p.rule, p.exclusive, p.priority, p.limit_total, p.limit_per_customer,
    coalesce(t.used, 0)::bigint AS used, coalesce(m.used, 0)::integer AS customer_used,
    ''::text AS code, 0::integer AS code_max_uses, 0::integer AS code_used
FROM promotion AS p
LEFT JOIN promotion_counter AS t ON t.promotion_id = p.id
LEFT JOIN promotion_customer AS m ON m.promotion_id = p.id AND m.customer_key = @customer_key
WHERE p.trigger = 'automatic' AND p.archived_at IS NULL AND p.active
  AND (p.valid_from IS NULL OR p.valid_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
  AND (p.valid_until IS NULL OR p.valid_until > coalesce(sqlc.narg('at')::timestamptz, now()))
UNION ALL
SELECT p.id, p.key, p.name, p.version, p.rule, p.exclusive, p.priority, p.limit_total, p.limit_per_customer,
    coalesce(t.used, 0)::bigint, coalesce(m.used, 0)::integer,
    c.code::text, c.max_uses, c.used
FROM coupon_code AS c
JOIN promotion AS p ON p.id = c.promotion_id
LEFT JOIN promotion_counter AS t ON t.promotion_id = p.id
LEFT JOIN promotion_customer AS m ON m.promotion_id = p.id AND m.customer_key = @customer_key
WHERE c.code = ANY (@codes::text[]) AND c.disabled_at IS NULL
  AND (c.valid_until IS NULL OR c.valid_until > coalesce(sqlc.narg('at')::timestamptz, now()))
  AND (c.customer_key = '' OR c.customer_key = @customer_key)
  AND p.trigger = 'code' AND p.archived_at IS NULL AND p.active
  AND (p.valid_from IS NULL OR p.valid_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
  AND (p.valid_until IS NULL OR p.valid_until > coalesce(sqlc.narg('at')::timestamptz, now()));

-- name: HoldAttempts :exec
SELECT pg_advisory_xact_lock(hashtextextended('coupon_attempt/' || @subject::text, 0));

-- name: CountAttempts :one
SELECT count(*) AS rejected,
    coalesce(1000 * extract(epoch FROM clock_timestamp() - min(a.rejected_at)), 0)::bigint AS oldest_millis
FROM (
    SELECT rejected_at FROM coupon_attempt
    WHERE subject = @subject AND rejected_at > clock_timestamp() - interval '1 minute'
    ORDER BY rejected_at DESC
    LIMIT 10
) AS a;

-- name: RecordAttempt :exec
INSERT INTO coupon_attempt (subject) VALUES (@subject);

-- name: PurgeAttempts :execrows
DELETE FROM coupon_attempt WHERE id IN (
    SELECT old.id FROM coupon_attempt AS old
    WHERE old.rejected_at < clock_timestamp() - interval '10 minutes'
    ORDER BY old.rejected_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED
);
