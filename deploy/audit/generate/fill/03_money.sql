-- Payments, their operations, the books, gift cards, and the use of promotions.
INSERT INTO payment.payment (id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount, separates_capture, token, return_url,
    state, authorized, captured, refunded, closing, decline_reason, attempt_scopes, request_id, actor, created_at)
SELECT id || '-p0', id, cart, '', 'uk-web', 'GB', CASE WHEN kind IN ('atonce', 'waiting') THEN 'voucher' ELSE 'card' END, 'sandbox', 'GBP', due,
       kind NOT IN ('atonce', 'waiting'), 'tok_ok', '',
       CASE kind WHEN 'failed' THEN 'declined' WHEN 'waiting' THEN 'requires_action' WHEN 'cancelled' THEN 'refunded' WHEN 'returned' THEN 'partially_refunded' ELSE 'captured' END,
       CASE WHEN kind IN ('failed', 'waiting') THEN 0 ELSE due END, CASE WHEN kind IN ('failed', 'waiting') THEN 0 ELSE due END,
       CASE kind WHEN 'cancelled' THEN due WHEN 'returned' THEN unit1 - off ELSE 0 END, kind NOT IN ('failed', 'waiting', 'atonce'),
       CASE kind WHEN 'failed' THEN 'declined' ELSE '' END, '{}', 'req-' || i, 'service:cart', at
FROM (SELECT plan.*, total - CASE kind WHEN 'gift' THEN 500 ELSE 0 END AS due FROM plan) AS paid;

CREATE TEMPORARY TABLE asked AS
SELECT plan.i, plan.id AS order_id, plan.at, step.id, step.kind, step.status, step.amount, step.caller, step.final
FROM plan
CROSS JOIN LATERAL (VALUES
    (plan.authorize, 'authorize', CASE plan.kind WHEN 'failed' THEN 'failed' WHEN 'waiting' THEN 'pending' ELSE 'ok' END,
     plan.total - CASE plan.kind WHEN 'gift' THEN 500 ELSE 0 END, plan.id || '-p0', false, true),
    (plan.capture, 'capture', 'ok', plan.total - CASE plan.kind WHEN 'gift' THEN 500 ELSE 0 END, plan.id || '-c0', true, plan.kind NOT IN ('failed', 'waiting', 'atonce')),
    (plan.refund, 'refund', 'ok', CASE plan.kind WHEN 'cancelled' THEN plan.total ELSE plan.unit1 - plan.off END, plan.refund, false, plan.kind IN ('cancelled', 'returned'))
) AS step (id, kind, status, amount, caller, final, so)
WHERE step.so;

INSERT INTO payment.operation (id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor, provider_reference,
    failure_reason, next_check_at, created_at, updated_at)
SELECT id, order_id || '-p0', order_id, 'sandbox', kind, status, amount, 'GBP', final, caller, 'req-' || i, 'service:cart', 'sbx_' || md5(id),
       CASE status WHEN 'failed' THEN 'declined' ELSE '' END, CASE status WHEN 'pending' THEN now() + interval '3 hours' END, at, at
FROM asked;

CREATE TEMPORARY TABLE book AS
SELECT pg_temp.uuid_of('t' || a.id)::text AS id, CASE a.kind WHEN 'refund' THEN 'refund' ELSE 'capture' END AS kind, 'operation:' || a.id AS source,
       a.order_id, a.order_id || '-p0' AS payment_id, a.id AS operation_id, '' AS gift_card_id, a.at,
       CASE a.kind WHEN 'refund' THEN 'order:due' ELSE 'psp:sandbox:clearing' END AS debit, CASE a.kind WHEN 'refund' THEN a.order_id ELSE '' END AS debit_subject,
       CASE a.kind WHEN 'refund' THEN 'psp:sandbox:clearing' ELSE 'order:due' END AS credit, CASE a.kind WHEN 'refund' THEN '' ELSE a.order_id END AS credit_subject, a.amount
FROM asked AS a
JOIN plan ON plan.i = a.i
WHERE a.kind <> 'authorize' OR plan.kind = 'atonce'
UNION ALL
SELECT pg_temp.uuid_of('tg' || id)::text, 'giftcard_post', 'giftcard_hold:' || id || '-g0-0', id, '', '', 'card-' || gift, at,
       'giftcard:liability', 'card-' || gift, 'order:due', id, 500
FROM plan WHERE kind = 'gift'
UNION ALL
SELECT pg_temp.uuid_of('ti' || card)::text, 'giftcard_issue', 'giftcard:card-' || card, '', '', '', 'card-' || card, now() - interval '40 days',
       'giftcard:issuance', '', 'giftcard:liability', 'card-' || card, 20000
FROM (SELECT DISTINCT gift AS card FROM plan WHERE kind = 'gift') AS cards;

INSERT INTO payment.ledger_transaction (id, kind, source, order_id, payment_id, operation_id, gift_card_id, actor, request_id, created_at)
SELECT id, kind, source, order_id, payment_id, operation_id, gift_card_id, 'service:cart', 'req-book', at FROM book;
INSERT INTO payment.posting (transaction_id, line, account, subject, currency, amount)
SELECT id, 1, debit, debit_subject, 'GBP', amount FROM book
UNION ALL
SELECT id, 2, credit, credit_subject, 'GBP', -amount FROM book;

INSERT INTO payment.gift_card (id, code_hash, last4, currency, initial, balance, status, note, issuer, request_id)
SELECT 'card-' || card, sha256(convert_to('card-' || card, 'UTF8')), translate(upper(left(md5('l' || card), 4)), 'ILOU', 'XYZW'), 'GBP', 20000, 20000 - 500 * uses, 'active', '', 'staff:ada', 'req-card-' || card
FROM (SELECT gift AS card, count(*) AS uses FROM plan WHERE kind = 'gift' GROUP BY gift) AS cards;
INSERT INTO payment.gift_card_hold (id, gift_card_id, order_id, state, amount, posted, currency, request_id, actor, created_at)
SELECT id || '-g0-0', 'card-' || gift, id, 'posted', 500, 500, 'GBP', 'req-' || i, 'service:cart', at FROM plan WHERE kind = 'gift';

INSERT INTO payment.river_job (args, kind, max_attempts, state, attempt, created_at, scheduled_at, attempted_at, finalized_at)
SELECT jsonb_build_object('event_id', md5('e' || i), 'order_id', id), 'notify_payment', 50, 'completed', 1, at, at, at, at FROM plan WHERE kind = 'atonce';
INSERT INTO cart.taken_event (event_id, created_at) SELECT md5('e' || i), at FROM plan WHERE kind = 'atonce';
INSERT INTO payment.webhook_event (provider, event_id, operation_key, outcome, body, state, tries, received_at)
SELECT 'sandbox', md5('w' || i), authorize, '{"status": "ok"}', convert_to('{"event": "operation.changed"}', 'UTF8'), 'applied', 1, at FROM plan WHERE kind = 'atonce';

INSERT INTO pricing.promotion (id, key, name, trigger, rule, exclusive, priority, limit_total, limit_per_customer, limit_per_code, active)
SELECT pg_temp.uuid_of('promotion' || k), 'promotion-' || k, 'Promotion ' || k, 'code', '{}', false, 1, 10 + {orders}, 10, 0, true FROM generate_series(1, 10) AS k;
INSERT INTO pricing.coupon_code (code, promotion_id, max_uses, used, customer_key)
SELECT 'CODE' || k, pg_temp.uuid_of('promotion' || k), 10 + {orders}, (SELECT count(*) FROM plan WHERE promo = k AND kind NOT IN ('failed', 'cancelled')), '' FROM generate_series(1, 10) AS k;
INSERT INTO pricing.order_use (order_id, generation, state, fingerprint, customer_key, currency_code, expires_at, created_at)
SELECT id, 0, CASE WHEN kind IN ('failed', 'cancelled') THEN 'released' WHEN kind = 'waiting' THEN 'reserved' ELSE 'redeemed' END, md5(id), 'buyer' || i, 'GBP', at + interval '75 hours', at
FROM plan;
INSERT INTO pricing.promotion_use (order_id, promotion_id, code, customer_key, amount_minor, counting)
SELECT id, pg_temp.uuid_of('promotion' || promo), 'CODE' || promo, 'buyer' || i, off, kind NOT IN ('failed', 'cancelled') FROM plan WHERE promo IS NOT NULL;
INSERT INTO pricing.promotion_counter (promotion_id, limit_total, used)
SELECT p.id, p.limit_total, count(u.order_id) FILTER (WHERE u.counting) FROM pricing.promotion AS p LEFT JOIN pricing.promotion_use AS u ON u.promotion_id = p.id GROUP BY p.id, p.limit_total;
INSERT INTO pricing.promotion_customer (promotion_id, customer_key, used)
SELECT promotion_id, customer_key, count(*) FROM pricing.promotion_use WHERE counting GROUP BY promotion_id, customer_key;
