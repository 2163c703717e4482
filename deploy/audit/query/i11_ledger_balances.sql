-- invariant: I11
-- meaning: the books balance: every entry sums to nothing in every currency, and every movement of money has its entry

-- part: every entry balances
-- checked: payment.posting
SELECT transaction_id AS id, format('%s postings add up to %s %s', count(*), sum(amount), currency) AS what
FROM payment.posting
GROUP BY transaction_id, currency
HAVING sum(amount) <> 0 OR count(*) < 2;

-- part: the whole ledger balances
-- checked: payment.posting
SELECT currency AS id, format('all postings add up to %s %s', sum(amount), currency) AS what
FROM payment.posting
GROUP BY currency
HAVING sum(amount) <> 0;

-- part: captures, refunds and entries are the same
-- checked: payment.ledger_transaction
WITH book AS (
    SELECT t.id, t.kind, t.operation_id, p.moved, p.currency
    FROM payment.ledger_transaction AS t
    LEFT JOIN (
        SELECT transaction_id, min(currency) AS currency, sum(amount) FILTER (WHERE amount > 0) AS moved
        FROM payment.posting
        GROUP BY transaction_id
    ) AS p ON p.transaction_id = t.id
    WHERE t.operation_id <> '' OR p.transaction_id IS NULL
), moves AS (
    SELECT o.id, CASE WHEN o.kind = 'refund' THEN 'refund' ELSE 'capture' END AS kind, o.amount, o.currency
    FROM payment.operation AS o
    JOIN payment.payment AS p ON p.id = o.payment_id
    WHERE o.status = 'ok' AND (o.kind IN ('capture', 'refund') OR (o.kind = 'authorize' AND NOT p.separates_capture))
)
SELECT coalesce(m.id, b.id) AS id,
       format('operation: %s %s %s; entry %s: %s %s %s', m.kind, m.amount, m.currency, coalesce(b.id, 'missing'), b.kind, b.moved, b.currency) AS what
FROM moves AS m
FULL JOIN book AS b ON b.operation_id = m.id
WHERE m.id IS NULL OR b.id IS NULL OR m.kind <> b.kind OR m.amount IS DISTINCT FROM b.moved OR m.currency IS DISTINCT FROM b.currency;
