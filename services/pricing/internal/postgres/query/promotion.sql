-- name: CreatePromotion :one
INSERT INTO promotion (id, key, name, trigger, rule, exclusive, priority, limit_total, limit_per_customer, limit_per_code,
    valid_from, valid_until, active)
VALUES (@id, @key, @name, @trigger, @rule, @exclusive, @priority, @limit_total, @limit_per_customer, @limit_per_code,
    @valid_from, @valid_until, @active)
ON CONFLICT (key) DO NOTHING
RETURNING id;

-- name: UpdatePromotion :exec
UPDATE promotion
SET name = @name, rule = @rule, exclusive = @exclusive, priority = @priority, limit_total = @limit_total,
    limit_per_customer = @limit_per_customer, limit_per_code = @limit_per_code, valid_from = @valid_from,
    valid_until = @valid_until, active = @active, version = version + 1, updated_at = now()
WHERE id = @id;

-- name: ArchivePromotion :exec
UPDATE promotion
SET active = false, archived_at = now(), version = version + 1, updated_at = now()
WHERE key = @key;

-- name: GetPromotion :one
-- Uses of a promotion without a limit are counted up to 10,000.
SELECT p.id, p.key, p.name, p.trigger, p.rule, p.exclusive, p.priority, p.limit_total, p.limit_per_customer, p.limit_per_code,
    p.valid_from, p.valid_until, p.active, p.version, p.archived_at, p.created_at, p.updated_at,
    coalesce(c.used, (
        SELECT count(*) FROM (
            SELECT 1 FROM promotion_use AS u WHERE u.promotion_id = p.id AND u.counting LIMIT 10000
        ) AS counted
    ))::bigint AS used
FROM promotion AS p
LEFT JOIN promotion_counter AS c ON c.promotion_id = p.id
WHERE p.key = @key;

-- name: LockPromotion :one
-- Waits for every transaction that holds a use of the promotion under way, and makes later ones wait.
SELECT id FROM promotion WHERE key = @key FOR UPDATE;

-- name: ListPromotions :many
SELECT p.id, p.key, p.name, p.trigger, p.rule, p.exclusive, p.priority, p.limit_total, p.limit_per_customer, p.limit_per_code,
    p.valid_from, p.valid_until, p.active, p.version, p.archived_at, p.created_at, p.updated_at,
    coalesce(c.used, (
        SELECT count(*) FROM (
            SELECT 1 FROM promotion_use AS u WHERE u.promotion_id = p.id AND u.counting LIMIT 10000
        ) AS counted
    ))::bigint AS used
FROM promotion AS p
LEFT JOIN promotion_counter AS c ON c.promotion_id = p.id
WHERE p.key > @after::text
  AND (@state::text = 'all' OR (@state::text = 'archived') = (p.archived_at IS NOT NULL))
ORDER BY p.key
LIMIT @max_rows;

-- name: CountAutomatic :one
SELECT count(*) FROM promotion WHERE trigger = 'automatic' AND archived_at IS NULL;

-- name: DropCounter :exec
DELETE FROM promotion_counter WHERE promotion_id = @promotion_id;

-- name: RecountTotal :exec
INSERT INTO promotion_counter (promotion_id, limit_total, used)
SELECT @promotion_id, @limit_total, count(*) FROM promotion_use AS u WHERE u.promotion_id = @promotion_id AND u.counting;

-- name: DropCustomers :exec
DELETE FROM promotion_customer WHERE promotion_id = @promotion_id;

-- name: RecountCustomers :exec
INSERT INTO promotion_customer (promotion_id, customer_key, used)
SELECT u.promotion_id, u.customer_key, count(*)
FROM promotion_use AS u
WHERE u.promotion_id = @promotion_id AND u.counting
GROUP BY u.promotion_id, u.customer_key;

-- name: CreateCoupons :many
INSERT INTO coupon_code (code, promotion_id, max_uses, customer_key, valid_until)
SELECT unnest(@codes::text[]), @promotion_id, @max_uses, @customer_key, sqlc.narg('valid_until')
ON CONFLICT (code) DO NOTHING
RETURNING code, max_uses, used, customer_key, valid_until, disabled_at, created_at;

-- name: ListCoupons :many
SELECT c.code, c.promotion_id, p.key AS promotion_key, c.max_uses, c.customer_key, c.valid_until, c.disabled_at, c.created_at,
    (CASE WHEN c.max_uses > 0 THEN c.used ELSE (
        SELECT count(*) FROM (
            SELECT 1 FROM promotion_use AS u WHERE u.code = c.code AND u.counting LIMIT 10000
        ) AS counted
    ) END)::bigint AS used
FROM coupon_code AS c
JOIN promotion AS p ON p.id = c.promotion_id
WHERE c.promotion_id = @promotion_id AND c.code > @after::text
ORDER BY c.code
LIMIT @max_rows;

-- name: DisableCoupon :execrows
UPDATE coupon_code SET disabled_at = coalesce(disabled_at, now()) WHERE code = @code;

-- name: GetCoupon :one
SELECT c.code, c.promotion_id, p.key AS promotion_key, c.max_uses, c.customer_key, c.valid_until, c.disabled_at, c.created_at,
    (CASE WHEN c.max_uses > 0 THEN c.used ELSE (
        SELECT count(*) FROM (
            SELECT 1 FROM promotion_use AS u WHERE u.code = c.code AND u.counting LIMIT 10000
        ) AS counted
    ) END)::bigint AS used
FROM coupon_code AS c
JOIN promotion AS p ON p.id = c.promotion_id
WHERE c.code = @code;
