-- name: InsertCard :one
-- No row when the issuer's request made a card before.
INSERT INTO gift_card (id, code_hash, last4, currency, initial, balance, status, expires_at, note, issuer, request_id)
VALUES (@id, @code_hash, @last4, @currency, @initial, @initial, 'active', @expires_at, @note, @issuer, @request_id)
ON CONFLICT (issuer, request_id) DO NOTHING
RETURNING version, created_at, updated_at;

-- name: CardByID :one
SELECT id, last4, currency, initial, balance, held, status, expires_at, note, issuer, request_id, version, created_at, updated_at,
    coalesce(expires_at <= now(), false)::boolean AS expired
FROM gift_card
WHERE id = @id;

-- name: CardByHash :one
SELECT id, last4, currency, initial, balance, held, status, expires_at, note, issuer, request_id, version, created_at, updated_at,
    coalesce(expires_at <= now(), false)::boolean AS expired
FROM gift_card
WHERE code_hash = @code_hash;

-- name: CardByRequest :one
SELECT id, last4, currency, initial, balance, held, status, expires_at, note, issuer, request_id, version, created_at, updated_at,
    coalesce(expires_at <= now(), false)::boolean AS expired
FROM gift_card
WHERE issuer = @issuer AND request_id = @request_id;

-- name: DisableCard :execrows
UPDATE gift_card
SET status = 'disabled', version = version + 1, updated_at = now()
WHERE id = @id AND status = 'active';

-- name: InsertHold :one
-- The amount is taken from what is available in the same step.
WITH card AS (
    UPDATE gift_card
    SET held = held + @amount, version = version + 1, updated_at = now()
    WHERE gift_card.id = @gift_card_id AND gift_card.currency = @currency AND status = 'active' AND (gift_card.expires_at IS NULL OR gift_card.expires_at > now())
      AND balance - held >= @amount
    RETURNING gift_card.id, gift_card.last4
), added AS (
    INSERT INTO gift_card_hold (id, gift_card_id, order_id, state, amount, currency, expires_at, request_id, actor)
    SELECT @id, card.id, @order_id, 'held', @amount, @currency, now() + make_interval(secs => @ttl_seconds::float8), @request_id, @actor
    FROM card
    RETURNING gift_card_hold.expires_at, gift_card_hold.created_at
)
SELECT card.last4, added.expires_at, added.created_at
FROM card CROSS JOIN added;

-- name: BuryHold :one
INSERT INTO gift_card_hold (id, order_id, state, amount, currency, request_id, actor)
VALUES (@id, @order_id, 'released', 0, '', @request_id, @actor)
ON CONFLICT (id) DO NOTHING
RETURNING created_at;

-- name: GetHold :one
SELECT h.id, h.gift_card_id, coalesce(c.last4, '')::text AS last4, h.order_id, h.state, h.amount, h.posted, h.refunded, h.currency,
    h.expires_at, h.request_id, h.actor, h.created_at, h.updated_at
FROM gift_card_hold AS h
LEFT JOIN gift_card AS c ON c.id = h.gift_card_id
WHERE h.id = @id;

-- name: LockHold :one
SELECT h.id, h.gift_card_id, coalesce(c.last4, '')::text AS last4, h.order_id, h.state, h.amount, h.posted, h.refunded, h.currency,
    h.expires_at, h.request_id, h.actor, h.created_at, h.updated_at
FROM gift_card_hold AS h
LEFT JOIN gift_card AS c ON c.id = h.gift_card_id
WHERE h.id = @id
FOR UPDATE OF h;

-- name: PostHold :execrows
WITH spent AS (
    UPDATE gift_card_hold
    SET state = 'posted', posted = @amount::bigint, updated_at = now()
    WHERE gift_card_hold.id = @id AND state = 'held'
    RETURNING gift_card_id, gift_card_hold.amount AS held
)
UPDATE gift_card
SET balance = balance - @amount::bigint, held = gift_card.held - spent.held, version = version + 1, updated_at = now()
FROM spent
WHERE gift_card.id = spent.gift_card_id;

-- name: FreeHold :execrows
WITH freed AS (
    UPDATE gift_card_hold
    SET state = @state, updated_at = now()
    WHERE gift_card_hold.id = @id AND gift_card_hold.state = 'held'
    RETURNING gift_card_id, amount
)
UPDATE gift_card
SET held = gift_card.held - freed.amount, version = version + 1, updated_at = now()
FROM freed
WHERE gift_card.id = freed.gift_card_id;

-- name: FreeExpiredHolds :one
-- Holds are locked before cards, as everywhere, and cards in the order of their ids.
WITH due AS (
    SELECT h.id
    FROM gift_card_hold AS h
    WHERE h.state = 'held' AND h.expires_at <= now()
    ORDER BY h.expires_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
), freed AS (
    UPDATE gift_card_hold
    SET state = 'expired', updated_at = now()
    FROM due
    WHERE gift_card_hold.id = due.id
    RETURNING gift_card_hold.gift_card_id, gift_card_hold.amount
), sums AS (
    SELECT freed.gift_card_id, sum(freed.amount)::bigint AS amount, count(*) AS holds
    FROM freed
    GROUP BY freed.gift_card_id
    ORDER BY freed.gift_card_id
), cards AS (
    UPDATE gift_card
    SET held = gift_card.held - sums.amount, version = version + 1, updated_at = now()
    FROM sums
    WHERE gift_card.id = sums.gift_card_id
    RETURNING sums.holds
)
SELECT coalesce(sum(cards.holds), 0)::bigint AS holds FROM cards;

-- name: InsertGiftCardRefund :execrows
WITH added AS (
    INSERT INTO gift_card_refund (hold_id, id, amount, request_id, actor)
    VALUES (@hold_id, @id, @amount, @request_id, @actor)
    ON CONFLICT (hold_id, id) DO NOTHING
    RETURNING hold_id, amount
), hold AS (
    UPDATE gift_card_hold
    SET refunded = refunded + added.amount, updated_at = now()
    FROM added
    WHERE gift_card_hold.id = added.hold_id
    RETURNING gift_card_hold.gift_card_id, added.amount
)
UPDATE gift_card
SET balance = balance + hold.amount, version = version + 1, updated_at = now()
FROM hold
WHERE gift_card.id = hold.gift_card_id;

-- name: GetGiftCardRefund :one
SELECT amount, request_id, actor
FROM gift_card_refund
WHERE hold_id = @hold_id AND id = @id;
