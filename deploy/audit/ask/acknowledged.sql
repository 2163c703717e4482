-- What the shop has of what it promised: a row for each promise that is not kept as it was given.
-- The content of an order is the SHA-256 of "sku quantity" lines, sorted by SKU byte by byte.
WITH promised AS (
    SELECT p.kind, p.id, p.amount, p.currency, p.hash
    FROM jsonb_to_recordset($1::jsonb) AS p (kind text, id text, amount bigint, currency text, hash text)
), kept AS (
    SELECT 'order' AS kind, o.id, o.total AS amount, o.currency
    FROM cart.sales_order AS o
    WHERE o.id IN (SELECT p.id FROM promised AS p WHERE p.kind = 'order') AND o.placed_at IS NOT NULL
    UNION ALL
    SELECT 'cart', c.id, NULL, c.currency
    FROM cart.cart AS c
    WHERE c.id IN (SELECT p.id FROM promised AS p WHERE p.kind = 'cart')
    UNION ALL
    SELECT 'refund', r.id, r.total, o.currency
    FROM cart.order_refund AS r
    JOIN cart.sales_order AS o ON o.id = r.order_id
    WHERE r.id IN (SELECT p.id FROM promised AS p WHERE p.kind = 'refund') AND r.status <> 'failed'
    UNION ALL
    SELECT 'shipment', s.id, NULL, NULL
    FROM cart.order_shipment AS s
    WHERE s.id IN (SELECT p.id FROM promised AS p WHERE p.kind = 'shipment') AND s.status <> 'failed'
    UNION ALL
    SELECT 'payment', p.id, p.amount, p.currency
    FROM payment.payment AS p
    WHERE p.id IN (SELECT q.id FROM promised AS q WHERE q.kind = 'payment')
    UNION ALL
    SELECT 'gift_card', c.id, c.initial, c.currency
    FROM payment.gift_card AS c
    WHERE c.id IN (SELECT p.id FROM promised AS p WHERE p.kind = 'gift_card')
    UNION ALL
    SELECT 'reservation', r.id::text, NULL, NULL
    FROM inventory.reservation AS r
    WHERE r.id::text IN (SELECT p.id FROM promised AS p WHERE p.kind = 'reservation') AND r.state <> 'refused'
), contents AS (
    SELECT l.order_id AS id,
           encode(sha256(convert_to(string_agg(l.sku || ' ' || l.quantity || E'\n', '' ORDER BY l.sku COLLATE "C"), 'UTF8')), 'hex') AS hash
    FROM cart.order_line AS l
    WHERE l.order_id IN (SELECT p.id FROM promised AS p WHERE p.kind = 'order' AND p.hash <> '')
    GROUP BY l.order_id
)
SELECT p.kind || ' ' || p.id AS id,
       CASE WHEN k.id IS NULL THEN 'was acknowledged and is not there'
            ELSE format('acknowledged as %s %s %s, stored as %s %s %s', p.amount, p.currency, left(p.hash, 12), k.amount, k.currency, left(c.hash, 12)) END AS what
FROM promised AS p
LEFT JOIN kept AS k ON k.kind = p.kind AND k.id = p.id
LEFT JOIN contents AS c ON p.kind = 'order' AND c.id = p.id
WHERE k.id IS NULL OR (p.amount IS NOT NULL AND p.amount IS DISTINCT FROM k.amount)
   OR (p.currency <> '' AND p.currency IS DISTINCT FROM k.currency) OR (p.hash <> '' AND p.hash IS DISTINCT FROM c.hash);
