-- What an order costs and what was paid for it: a row for every payment, with its order, its operations and the gift cards of the order,
-- and one for every order without a payment. extra says that the payment is not the one that its order names.
-- Sums are over float8 as in the pass content.
SELECT o.id AS order_id, o.status, o.placed_at, o.updated_at, o.payment_id, o.total, o.gift_total, o.due, o.currency AS order_currency,
       o.captured AS order_captured, o.not_captured, o.refunded AS order_refunded, o.gift_refunded, o.payment_problem, o.needs_attention,
       p.id, p.order_id AS paid_order, p.state, p.amount, p.currency, p.void_requested,
       p.authorized, p.captured, p.capture_reserved, p.voided, p.refunded, p.refund_reserved,
       coalesce(s.authorized, 0) AS may, coalesce(s.captured, 0) + CASE WHEN p.separates_capture THEN 0 ELSE coalesce(s.authorized, 0) END AS took,
       coalesce(s.capturing, 0) AS capturing, coalesce(s.refunded, 0) AS gave, coalesce(s.refunding, 0) AS refunding, coalesce(s.closed, false) AS closed, s.asked,
       p.id IS NOT NULL AND p.id IS DISTINCT FROM o.payment_id AS extra,
       coalesce(g.amount, 0) AS held, coalesce(g.posted, 0) AS posted, g.holds AS open_holds,
       b.order_id IS NOT NULL AS busy
FROM cart.sales_order AS o
FULL JOIN payment.payment AS p ON p.order_id = o.id
LEFT JOIN (
    SELECT payment_id,
           sum(amount::float8) FILTER (WHERE kind = 'authorize' AND status = 'ok')::bigint AS authorized,
           sum(amount::float8) FILTER (WHERE kind = 'capture' AND status = 'ok')::bigint AS captured,
           sum(amount::float8) FILTER (WHERE kind = 'capture' AND status IN ('sending', 'unknown', 'pending'))::bigint AS capturing,
           sum(amount::float8) FILTER (WHERE kind = 'refund' AND status = 'ok')::bigint AS refunded,
           sum(amount::float8) FILTER (WHERE kind = 'refund' AND status IN ('sending', 'unknown', 'pending'))::bigint AS refunding,
           bool_or(status = 'ok' AND (kind = 'void' OR (kind = 'capture' AND final))) AS closed,
           max(amount) FILTER (WHERE kind = 'authorize') AS asked
    FROM payment.operation
    GROUP BY payment_id
) AS s ON s.payment_id = p.id
LEFT JOIN (
    SELECT order_id, sum(amount::float8)::bigint AS amount, sum(posted::float8)::bigint AS posted,
           string_agg(format('hold %s is %s: %s held, %s spent, %s given back', id, state, amount, posted, refunded), '; ')
               FILTER (WHERE state = 'held' OR posted <> refunded) AS holds
    FROM payment.gift_card_hold
    GROUP BY order_id
) AS g ON g.order_id = o.id
LEFT JOIN (
    SELECT DISTINCT order_id FROM cart.saga WHERE state IN ('running', 'waiting', 'compensating')
) AS b ON b.order_id = coalesce(o.id, p.order_id)
