-- name: FindCart :one
SELECT cart.id, cart.channel, cart.currency, cart.country, cart.locale, cart.customer_id, cart.state, cart.version, cart.email, cart.note,
    cart.shipping_address, cart.billing_address, cart.shipping_method, cart.coupons, cart.gift_cards, cart.order_id, cart.merged_into,
    cart.priced, cart.created_at, cart.updated_at,
    coalesce(line.ids, '{}')::text[] AS line_ids, coalesce(line.skus, '{}')::text[] AS line_skus,
    coalesce(line.quantities, '{}')::integer[] AS line_quantities
FROM cart
LEFT JOIN LATERAL (
    SELECT array_agg(l.id ORDER BY l.position) AS ids, array_agg(l.sku ORDER BY l.position) AS skus,
        array_agg(l.quantity ORDER BY l.position) AS quantities
    FROM cart_line l
    WHERE l.cart_id = cart.id
) line ON true
WHERE cart.id = @id;

-- name: FindActiveCartID :one
SELECT id FROM cart WHERE customer_id = @customer_id AND channel = @channel AND state = 'active' AND customer_id <> '';

-- name: InsertCart :one
WITH made AS (
    INSERT INTO cart (id, channel, currency, country, locale, customer_id, state, email, note, shipping_address, billing_address,
        shipping_method, coupons, gift_cards, priced)
    VALUES (@id, @channel, @currency, @country, @locale, @customer_id, 'active', @email, @note, sqlc.narg(shipping_address),
        sqlc.narg(billing_address), @shipping_method, @coupons::text[], @gift_cards, sqlc.narg(priced))
    RETURNING id, version, created_at, updated_at
), lines AS (
    INSERT INTO cart_line (cart_id, id, position, sku, quantity)
    SELECT @id, unnest(@line_ids::text[]), unnest(@positions::integer[]), unnest(@skus::text[]), unnest(@quantities::integer[])
)
SELECT version, created_at, updated_at FROM made;

-- name: SaveCart :one
WITH saved AS (
    UPDATE cart
    SET country = @country, locale = @locale, email = @email, note = @note, shipping_address = sqlc.narg(shipping_address),
        billing_address = sqlc.narg(billing_address), shipping_method = @shipping_method, coupons = @coupons::text[],
        gift_cards = @gift_cards, priced = sqlc.narg(priced), version = version + 1, updated_at = now()
    WHERE cart.id = @id AND version = @version AND state = 'active'
    RETURNING cart.id AS saved_id, version, updated_at
), gone AS (
    DELETE FROM cart_line
    WHERE cart_line.cart_id IN (SELECT saved_id FROM saved) AND NOT (cart_line.id = ANY (@line_ids::text[]))
), wanted AS (
    SELECT unnest(@line_ids::text[]) AS line_id, unnest(@positions::integer[]) AS place, unnest(@skus::text[]) AS line_sku,
        unnest(@quantities::integer[]) AS units
), kept AS (
    INSERT INTO cart_line AS line (cart_id, id, position, sku, quantity)
    SELECT saved_id, line_id, place, line_sku, units FROM saved, wanted
    ON CONFLICT (cart_id, id) DO UPDATE SET position = excluded.position, quantity = excluded.quantity
    WHERE line.position <> excluded.position OR line.quantity <> excluded.quantity
)
SELECT version, updated_at FROM saved;

-- name: KeepPrice :exec
UPDATE cart SET priced = @priced WHERE id = @id AND version = @version AND state = 'active';

-- name: SetMerged :execrows
UPDATE cart
SET state = 'merged', merged_into = @merged_into, version = version + 1, updated_at = now()
WHERE id = @id AND version = @version AND state = 'active';

-- name: FreezeCart :execrows
UPDATE cart
SET state = 'checking_out', order_id = @order_id, version = version + 1, updated_at = now()
WHERE id = @id AND version = @version AND state = 'active';

-- name: GetCartState :one
SELECT state, order_id, version FROM cart WHERE id = @id;

-- name: LockCheckingOut :one
SELECT customer_id, channel FROM cart WHERE id = @id AND order_id = @order_id AND state = 'checking_out' FOR UPDATE;

-- name: LockCustomer :exec
SELECT pg_advisory_xact_lock(hashtextextended(@customer_id::text || ' ' || @channel::text, 7));

-- name: LockActiveCart :one
SELECT id FROM cart WHERE customer_id = @customer_id AND channel = @channel AND state = 'active' AND customer_id <> '' FOR UPDATE;

-- name: ReopenCart :exec
UPDATE cart
SET state = 'active', order_id = '', version = version + 1, updated_at = now()
WHERE id = @id AND order_id = @order_id AND state = 'checking_out';

-- name: ConvertCart :exec
UPDATE cart
SET state = 'converted', version = version + 1, updated_at = now()
WHERE id = @id AND order_id = @order_id AND state = 'checking_out';

-- name: MoveLines :exec
-- Lines of SKUs that the other cart has too always fit; of the rest as many as the line limit leaves room for.
WITH room AS (
    SELECT 500 - count(*) AS free, coalesce(max(position), 0) AS last FROM cart_line WHERE cart_line.cart_id = @into_id
), ranked AS (
    SELECT l.id, l.position, l.sku, l.quantity, h.sku IS NOT NULL AS had,
        row_number() OVER (PARTITION BY h.sku IS NULL ORDER BY l.position) AS place
    FROM cart_line l
    LEFT JOIN cart_line h ON h.cart_id = @into_id AND h.sku = l.sku
    WHERE l.cart_id = @from_id
)
INSERT INTO cart_line AS line (cart_id, id, position, sku, quantity)
SELECT @into_id, ranked.id, room.last + ranked.position, ranked.sku, ranked.quantity
FROM ranked, room
WHERE ranked.had OR ranked.place <= room.free
ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = least(1000000, line.quantity + excluded.quantity);

-- name: AbsorbCart :exec
UPDATE cart AS kept
SET email = CASE WHEN kept.email = '' THEN gone.email ELSE kept.email END,
    shipping_address = coalesce(kept.shipping_address, gone.shipping_address),
    billing_address = coalesce(kept.billing_address, gone.billing_address),
    priced = NULL, version = kept.version + 1, updated_at = now()
FROM cart AS gone
WHERE kept.id = @into_id AND gone.id = @from_id;

-- name: MergeCheckingOut :exec
UPDATE cart
SET state = 'merged', merged_into = @merged_into, order_id = '', version = version + 1, updated_at = now()
WHERE id = @id AND order_id = @order_id AND state = 'checking_out';

-- name: ExpireCarts :execrows
UPDATE cart
SET state = 'expired', version = version + 1, updated_at = now()
WHERE id IN (
    SELECT c.id FROM cart c
    WHERE c.state = 'active' AND c.customer_id = ''
        AND c.created_at < now() - make_interval(secs => @age_seconds::double precision)
        AND c.updated_at < now() - make_interval(secs => @age_seconds::double precision)
    ORDER BY c.created_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
);

-- name: PurgeCarts :execrows
DELETE FROM cart
WHERE id IN (
    SELECT c.id FROM cart c
    WHERE c.state IN ('merged', 'expired')
        AND c.created_at < now() - make_interval(secs => @age_seconds::double precision)
        AND c.updated_at < now() - make_interval(secs => @age_seconds::double precision)
    ORDER BY c.created_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
);
