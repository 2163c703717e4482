-- invariant: I14
-- meaning: one idempotency key has one effect and one answer

-- part: no key was stored twice
-- checked: cart.idempotency_key
-- unique: cart.idempotency_key (principal, rpc, request_id)
-- unique: payment.idempotency_key (principal, rpc, request_id)
-- unique: inventory.idempotency_key (principal, rpc, request_id)
-- unique: pricing.idempotency_key (principal, rpc, request_id)
-- unique: product.idempotency_key (principal, rpc, request_id)
WITH keys AS (
    SELECT 'cart' AS service, principal, rpc, request_id FROM cart.idempotency_key
    UNION ALL
    SELECT 'payment', principal, rpc, request_id FROM payment.idempotency_key
    UNION ALL
    SELECT 'inventory', principal, rpc, request_id FROM inventory.idempotency_key
    UNION ALL
    SELECT 'pricing', principal, rpc, request_id FROM pricing.idempotency_key
    UNION ALL
    SELECT 'product', principal, rpc, request_id FROM product.idempotency_key
)
SELECT service || ' ' || rpc || ' ' || request_id AS id, format('stored %s times', count(*)) AS what
FROM keys
GROUP BY service, principal, rpc, request_id
HAVING count(*) > 1;

-- part: every finished key has its answer
-- checked: cart.idempotency_key
WITH keys AS (
    SELECT 'cart' AS service, rpc, request_id, state, response IS NULL AS unanswered FROM cart.idempotency_key
    UNION ALL
    SELECT 'payment', rpc, request_id, state, response IS NULL FROM payment.idempotency_key
    UNION ALL
    SELECT 'inventory', rpc, request_id, state, response IS NULL FROM inventory.idempotency_key
    UNION ALL
    SELECT 'pricing', rpc, request_id, state, response IS NULL FROM pricing.idempotency_key
    UNION ALL
    SELECT 'product', rpc, request_id, state, response IS NULL FROM product.idempotency_key
)
SELECT service || ' ' || rpc || ' ' || request_id AS id, 'finished without an answer' AS what
FROM keys
WHERE unanswered AND state = 'done';

-- part: no request of a payment was carried out twice
-- checked: payment.operation
-- unique: payment.operation (payment_id, kind, caller_id)
SELECT payment_id || ' ' || kind || ' ' || caller_id AS id, format('%s operations', count(*)) AS what
FROM payment.operation
GROUP BY payment_id, kind, caller_id
HAVING count(*) > 1;

-- part: no cause is in the books twice
-- checked: payment.ledger_transaction
-- unique: payment.ledger_transaction (source)
SELECT source AS id, format('%s entries', count(*)) AS what
FROM payment.ledger_transaction
GROUP BY source
HAVING count(*) > 1;

-- part: no request issued two gift cards
-- checked: payment.gift_card
-- unique: payment.gift_card (issuer, request_id)
SELECT issuer || ' ' || request_id AS id, format('%s gift cards', count(*)) AS what
FROM payment.gift_card
GROUP BY issuer, request_id
HAVING count(*) > 1;

-- part: no request changed the stock of a SKU twice
-- checked: inventory.stock_movement
-- Keys are kept for seven days; after that the same key is another request.
SELECT actor || ' ' || request_id || ' ' || sku || ' ' || location_key AS id, format('%s movements', count(*)) AS what
FROM inventory.stock_movement
WHERE kind IN ('set', 'adjust')
GROUP BY actor, request_id, sku, location_key
HAVING count(*) > 1 AND max(created_at) - min(created_at) < interval '7 days';

-- part: every order has the one checkout that carries it out
-- checked: cart.sales_order
-- pass: path
SELECT order_id AS id, 'no checkout runs or ran for it' AS what
WHERE order_id IS NOT NULL AND checkout IS NULL;

-- part: every refund and parcel has the one machine that carries it out
-- checked: cart.saga WHERE kind IN ('refund', 'shipment')
SELECT made.id, 'no ' || made.kind || ' runs or ran for it' AS what
FROM (
    SELECT id, 'refund' AS kind FROM cart.order_refund
    UNION ALL
    SELECT id, 'shipment' FROM cart.order_shipment
) AS made
LEFT JOIN cart.saga AS s ON s.id = made.id AND s.kind = made.kind
WHERE s.id IS NULL;
