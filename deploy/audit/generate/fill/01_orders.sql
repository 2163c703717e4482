-- The orders to make, one row each, from which everything else follows. {orders} and {skus} are filled in.
-- kind: failed, cancelled, returned, shipped, gift, atonce, waiting, placed.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET work_mem = '256MB';

-- Ids look like those of a shop: a UUID of version 4.
CREATE FUNCTION pg_temp.uuid_of(text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT overlay(overlay(md5($1) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid $$;

CREATE TEMPORARY TABLE plan AS
SELECT i, kind, at, sku1, sku2, unit1, unit2, off, promo, gift,
       unit1 - off + 2 * unit2 + 395 AS total,
       round((unit1 - off) / 6.0)::bigint AS tax1, round(2 * unit2 / 6.0)::bigint AS tax2,
       translate(left(md5('o' || i) || md5('p' || i), 26), '0189', 'ghij') AS id,
       translate(left(md5('c' || i) || md5('d' || i), 26), '0189', 'ghij') AS cart,
       pg_temp.uuid_of('r' || i) AS reservation, pg_temp.uuid_of('a' || i)::text AS authorize, pg_temp.uuid_of('k' || i)::text AS capture,
       pg_temp.uuid_of('f' || i)::text AS refund, pg_temp.uuid_of('s' || i) AS shipment
FROM (
    SELECT i::bigint,
           CASE WHEN i % 100 < 4 THEN 'failed' WHEN i % 100 < 6 THEN 'cancelled' WHEN i % 100 < 9 THEN 'returned'
                WHEN i % 100 < 36 THEN 'shipped' WHEN i % 100 BETWEEN 40 AND 44 THEN 'gift' WHEN i % 100 = 45 THEN 'atonce'
                WHEN i % 100 = 46 THEN 'waiting' ELSE 'placed' END AS kind,
           CASE WHEN i % 100 = 46 THEN now() - interval '1 hour' ELSE now() - interval '1 hour' - ({orders} - i) * (interval '30 days' / {orders}) END AS at,
           'SKU-' || (i * 7) % {skus} AS sku1, 'SKU-' || (i * 7 + 3) % {skus} AS sku2,
           1000 + (i % 40) * 25 AS unit1, 500 + (i % 30) * 10 AS unit2,
           CASE WHEN i % 10 IN (3, 5, 7) THEN 100 ELSE 0 END AS off, CASE WHEN i % 10 IN (3, 5, 7) THEN 1 + i / 10 % 10 END AS promo,
           CASE WHEN i % 100 BETWEEN 40 AND 44 THEN (i / 100 * 5 + i % 100 - 40) / 20 END AS gift
    FROM generate_series(1, {orders}) AS i
) AS wish;
CREATE UNIQUE INDEX ON plan (i);
ANALYZE plan;

INSERT INTO cart.cart (id, channel, currency, country, locale, state, version, email, order_id, created_at, updated_at)
SELECT cart, 'uk-web', 'GBP', 'GB', 'en-GB',
       CASE kind WHEN 'failed' THEN 'active' WHEN 'waiting' THEN 'checking_out' ELSE 'converted' END, 5, 'buyer' || i || '@example.com',
       CASE kind WHEN 'failed' THEN '' ELSE id END, at, at
FROM plan;

INSERT INTO cart.sales_order (id, number, number_prefix, cart_id, channel, currency, email, status, payment_status, fulfillment_status, line_count,
    snapshot, gift_cards, payment_id, next_action, reservation_id, capture_at_shipment, total, gift_total, due, gift_posted, captured, refunded,
    shipping_refunded, shipping_refunded_tax, failure, created_at, placed_at, cancelled_at, updated_at, version)
SELECT id, CASE WHEN kind NOT IN ('failed', 'waiting') THEN 'UK' || 1000 + i END, 'UK', cart, 'uk-web', 'GBP', 'buyer' || i || '@example.com',
       CASE kind WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' WHEN 'waiting' THEN 'requires_action'
            WHEN 'shipped' THEN 'completed' WHEN 'returned' THEN 'completed' ELSE 'placed' END,
       CASE kind WHEN 'failed' THEN 'unpaid' WHEN 'waiting' THEN 'unpaid' WHEN 'cancelled' THEN 'refunded' WHEN 'returned' THEN 'partially_refunded' ELSE 'captured' END,
       CASE kind WHEN 'shipped' THEN 'fulfilled' WHEN 'returned' THEN 'partially_returned' ELSE 'unfulfilled' END, 2,
       jsonb_build_object('locale', 'en-GB', 'prices_include_tax', true, 'rounding', 'half_up/line', 'payment_method', 'card',
           'totals', jsonb_build_object('subtotal', unit1 + 2 * unit2, 'discount', off, 'shipping', 395, 'tax', tax1 + tax2 + 66, 'total', total),
           'shipping', jsonb_build_object('zone_key', 'uk', 'method_key', 'standard', 'name', 'Standard delivery', 'price', 395, 'tax', 66, 'total', 395),
           'shipping_address', jsonb_build_object('full_name', 'Buyer ' || i, 'line1', i % 300 || ' High Street', 'city', 'London', 'postal_code', 'SW1Y 4LB', 'country_code', 'GB'),
           'trace', jsonb_build_array(jsonb_build_object('kind', 'price', 'line_id', 'l1', 'source', 'default', 'unit', unit1, 'quantity', 1, 'amount', unit1),
               jsonb_build_object('kind', 'price', 'line_id', 'l2', 'source', 'default', 'unit', unit2, 'quantity', 2, 'amount', 2 * unit2),
               jsonb_build_object('kind', 'shipping', 'source', 'standard', 'name', 'Standard delivery', 'amount', 395),
               jsonb_build_object('kind', 'total', 'amount', total))),
       CASE WHEN kind = 'gift' THEN jsonb_build_array(jsonb_build_object('hold_id', id || '-g0-0', 'gift_card_id', 'card-' || gift, 'amount', 500)) ELSE '[]' END,
       id || '-p0', CASE WHEN kind = 'waiting' THEN '{"type": "voucher"}'::jsonb END, reservation::text, false,
       total, CASE WHEN kind = 'gift' THEN 500 ELSE 0 END, total - CASE WHEN kind = 'gift' THEN 500 ELSE 0 END, kind = 'gift',
       CASE WHEN kind IN ('failed', 'waiting') THEN 0 WHEN kind = 'gift' THEN total - 500 ELSE total END,
       CASE kind WHEN 'cancelled' THEN total WHEN 'returned' THEN unit1 - off ELSE 0 END,
       CASE kind WHEN 'cancelled' THEN 395 ELSE 0 END, CASE kind WHEN 'cancelled' THEN 66 ELSE 0 END,
       CASE kind WHEN 'failed' THEN '{"reason": "PAYMENT_DECLINED"}'::jsonb END, at,
       CASE WHEN kind NOT IN ('failed', 'waiting') THEN at + interval '1 second' END, CASE kind WHEN 'cancelled' THEN at + interval '1 minute' END,
       at + interval '1 minute', 5
FROM plan;

INSERT INTO cart.order_line (order_id, position, id, sku, quantity, subtotal, discount, tax, total, sold, shipped, cancelled, returned, refunded, refunded_tax)
SELECT id, 1, 'l1', sku1, 1, unit1, off, tax1, unit1 - off,
       jsonb_build_object('product_id', sku1, 'title', 'Product ' || sku1, 'tax_class', 'standard', 'requires_shipping', true, 'unit_price', unit1, 'price_list_key', 'default'),
       CASE WHEN kind IN ('shipped', 'returned') THEN 1 ELSE 0 END, CASE kind WHEN 'cancelled' THEN 1 ELSE 0 END, CASE kind WHEN 'returned' THEN 1 ELSE 0 END,
       CASE WHEN kind IN ('cancelled', 'returned') THEN unit1 - off ELSE 0 END, CASE WHEN kind IN ('cancelled', 'returned') THEN tax1 ELSE 0 END
FROM plan
UNION ALL
SELECT id, 2, 'l2', sku2, 2, 2 * unit2, 0, tax2, 2 * unit2,
       jsonb_build_object('product_id', sku2, 'title', 'Product ' || sku2, 'tax_class', 'standard', 'requires_shipping', true, 'unit_price', unit2, 'price_list_key', 'default'),
       CASE WHEN kind IN ('shipped', 'returned') THEN 2 ELSE 0 END, CASE kind WHEN 'cancelled' THEN 2 ELSE 0 END, 0,
       CASE kind WHEN 'cancelled' THEN 2 * unit2 ELSE 0 END, CASE kind WHEN 'cancelled' THEN tax2 ELSE 0 END
FROM plan;

INSERT INTO cart.order_number (prefix, last) SELECT 'UK', 1000 + {orders};

INSERT INTO cart.order_refund (id, order_id, cancel, status, reason, actor, lines, shipping, shipping_tax, total, not_captured, to_payment, to_gift_cards,
    cancelled, gift_cards, restock, created_at, completed_at)
SELECT refund, id, kind = 'cancelled', 'succeeded', 'changed my mind', '{"kind": "staff", "subject": "ada", "request_id": "req-refund"}', '[]',
       CASE kind WHEN 'cancelled' THEN 395 ELSE 0 END, CASE kind WHEN 'cancelled' THEN 66 ELSE 0 END, amount, 0, amount, 0,
       CASE kind WHEN 'cancelled' THEN amount ELSE 0 END, '[]', true, at + interval '1 hour', at + interval '1 hour'
FROM (SELECT plan.refund, plan.id, plan.kind, plan.at, CASE plan.kind WHEN 'cancelled' THEN total ELSE unit1 - off END AS amount FROM plan) AS given
WHERE kind IN ('cancelled', 'returned');

INSERT INTO cart.order_shipment (id, order_id, status, actor, lines, carrier, tracking_number, capture, final, created_at, shipped_at)
SELECT shipment::text, id, 'succeeded', '{"kind": "staff", "subject": "ada", "request_id": "req-ship"}', '[]', 'Royal Mail', 'RM' || i, 0, false,
       at + interval '30 minutes', at + interval '30 minutes'
FROM plan
WHERE kind IN ('shipped', 'returned');

INSERT INTO cart.order_event (order_id, kind, actor, data, created_at)
SELECT plan.id, happened.kind, happened.actor::jsonb, '{}', at + happened.step * interval '1 second'
FROM plan
CROSS JOIN LATERAL (VALUES
    (1, 'checkout.started', '{"kind": "anonymous", "request_id": "req-checkout"}', true),
    (2, 'payment.requires_action', '{"kind": "system"}', plan.kind = 'waiting'),
    (3, 'order.failed', '{"kind": "system"}', plan.kind = 'failed'),
    (4, 'order.placed', '{"kind": "anonymous", "request_id": "req-checkout"}', plan.kind NOT IN ('failed', 'waiting')),
    (5, 'payment.captured', '{"kind": "system"}', plan.kind NOT IN ('failed', 'waiting')),
    (6, 'order.cancelled', '{"kind": "staff", "subject": "ada", "request_id": "req-refund"}', plan.kind = 'cancelled'),
    (7, 'shipment.created', '{"kind": "staff", "subject": "ada", "request_id": "req-ship"}', plan.kind IN ('shipped', 'returned')),
    (8, 'refund.succeeded', '{"kind": "staff", "subject": "ada", "request_id": "req-refund"}', plan.kind = 'returned')
) AS happened (step, kind, actor, so)
WHERE happened.so
ORDER BY plan.i, happened.step;

INSERT INTO cart.saga (id, kind, order_id, state, step, version, next_run_at, deadline, memory, created_at, updated_at)
SELECT id, 'checkout', id, CASE kind WHEN 'failed' THEN 'failed' WHEN 'waiting' THEN 'waiting' ELSE 'done' END,
       CASE kind WHEN 'failed' THEN 'fail' WHEN 'waiting' THEN 'await_payment' ELSE 'close' END, 9,
       CASE kind WHEN 'waiting' THEN now() + interval '3 hours' ELSE at END, CASE kind WHEN 'waiting' THEN now() + interval '70 hours' END,
       jsonb_build_object('actor', '{"kind": "anonymous"}'::jsonb, 'hold', 900000000000, 'captured', total), at, at
FROM plan
UNION ALL
SELECT refund, 'refund', id, 'done', 'finish', 7, at, NULL, '{}', at, at FROM plan WHERE kind IN ('cancelled', 'returned')
UNION ALL
SELECT shipment::text, 'shipment', id, 'done', 'finish', 4, at, NULL, '{}', at, at FROM plan WHERE kind IN ('shipped', 'returned');

INSERT INTO cart.idempotency_key (principal, rpc, request_id, fingerprint, state, response, created_at, lease_until, done_at)
SELECT 'guest:' || cart, '/cartwright.cart.v1.CheckoutService/Checkout', md5('i' || i), decode(md5('fp' || i), 'hex'), 'done', convert_to(id, 'UTF8'), at, at, at
FROM plan;
