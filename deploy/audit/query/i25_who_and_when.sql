-- invariant: I25
-- meaning: every movement of money and stock says who caused it, by which request, and when

-- part: movements, reservations, parcels and returns
-- checked: inventory.stock_movement
SELECT thing || ' ' || id AS id, format('actor "%s", request "%s", at %s', actor, request_id, created_at) AS what
FROM (
    SELECT 'movement' AS thing, id::text AS id, actor, request_id, created_at FROM inventory.stock_movement
    UNION ALL SELECT 'reservation', id::text, actor, request_id, created_at FROM inventory.reservation
    UNION ALL SELECT 'release', id::text, actor, request_id, created_at FROM inventory.allocation_release
    UNION ALL SELECT 'parcel', id::text, actor, request_id, created_at FROM inventory.shipment
    UNION ALL SELECT 'return', id::text, actor, request_id, created_at FROM inventory.stock_return
) AS moved
WHERE actor = '' OR request_id = '' OR created_at IS NULL;

-- part: payments, operations, entries, gift cards and their use
-- checked: payment.operation
SELECT thing || ' ' || id AS id, format('actor "%s", request "%s", at %s', actor, request_id, created_at) AS what
FROM (
    SELECT 'payment' AS thing, id, actor, request_id, created_at FROM payment.payment
    UNION ALL SELECT 'operation', id, actor, request_id, created_at FROM payment.operation
    UNION ALL SELECT 'entry', id, actor, request_id, created_at FROM payment.ledger_transaction
    UNION ALL SELECT 'gift card', id, issuer, request_id, created_at FROM payment.gift_card
    UNION ALL SELECT 'hold', id, actor, request_id, created_at FROM payment.gift_card_hold
    UNION ALL SELECT 'gift card refund', id, actor, request_id, created_at FROM payment.gift_card_refund
) AS moved
WHERE actor = '' OR request_id = '' OR created_at IS NULL;

-- part: what happened to orders
-- checked: cart.order_event
-- What the machine does by itself has no request.
SELECT thing || ' ' || id AS id, format('order %s, actor %s, at %s', order_id, actor, created_at) AS what
FROM (
    SELECT 'event' AS thing, id::text AS id, order_id, actor, created_at FROM cart.order_event
    UNION ALL SELECT 'refund', id, order_id, actor, created_at FROM cart.order_refund
    UNION ALL SELECT 'shipment', id, order_id, actor, created_at FROM cart.order_shipment
    UNION ALL SELECT 'action on ' || a.saga_id, a.id::text, s.order_id, a.actor, a.created_at FROM cart.saga_action AS a JOIN cart.saga AS s ON s.id = a.saga_id
) AS happened
WHERE coalesce(actor ->> 'kind', '') = '' OR created_at IS NULL
   OR (actor ->> 'kind' <> 'system' AND coalesce(actor ->> 'request_id', '') = '');
