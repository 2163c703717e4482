-- The books and what they must tell: a row for every entry, with its postings and the movement of money that it is for, and one for
-- every movement without an entry.
-- Sums are over float8 as in the pass content.
SELECT t.id, t.kind, t.operation_id, p.transaction_id, p.postings, p.total, p.moved, p.currency, p.currency <> p.last_currency AS mixed,
       m.id AS move_id, m.kind AS move_kind, m.amount AS move_amount, m.currency AS move_currency
FROM payment.ledger_transaction AS t
FULL JOIN (
    SELECT transaction_id, count(*) AS postings, sum(amount::float8)::bigint AS total, sum(amount::float8) FILTER (WHERE amount > 0)::bigint AS moved,
           min(currency) AS currency, max(currency) AS last_currency
    FROM payment.posting
    GROUP BY transaction_id
) AS p ON p.transaction_id = t.id
FULL JOIN (
    SELECT id, CASE WHEN kind = 'refund' THEN 'refund' ELSE 'capture' END AS kind, amount, currency
    FROM payment.operation
    WHERE status = 'ok' AND (kind IN ('capture', 'refund') OR (kind = 'authorize' AND payment_id IN (SELECT p.id FROM payment.payment AS p WHERE NOT p.separates_capture)))
) AS m ON m.id = t.operation_id
