-- invariant: I11
-- meaning: the books balance: every entry sums to nothing in every currency, and every movement of money has its entry

-- part: every entry balances
-- checked: payment.posting
-- pass: entry
SELECT transaction_id AS id, format('%s postings add up to %s %s', postings, total, CASE WHEN mixed THEN 'in several currencies' ELSE currency END) AS what
WHERE total <> 0 OR postings < 2
   OR CASE WHEN mixed THEN EXISTS (
       SELECT 1 FROM payment.posting AS q WHERE q.transaction_id = entry.transaction_id GROUP BY q.currency HAVING sum(q.amount) <> 0 OR count(*) < 2) END;

-- part: the whole ledger balances
-- checked: payment.posting
SELECT currency AS id, format('all postings add up to %s %s', sum(amount), currency) AS what
FROM payment.posting
GROUP BY currency
HAVING sum(amount) <> 0;

-- part: captures, refunds and entries are the same
-- checked: payment.ledger_transaction
-- pass: entry
SELECT coalesce(move_id, id, transaction_id) AS id,
       format('operation: %s %s %s; entry %s: %s %s %s', move_kind, move_amount, move_currency, coalesce(id, 'missing'), kind, moved, currency) AS what
WHERE CASE WHEN move_id IS NULL THEN operation_id IS DISTINCT FROM '' OR transaction_id IS NULL
           ELSE id IS NULL OR move_kind <> kind OR move_amount IS DISTINCT FROM moved OR move_currency IS DISTINCT FROM currency END;
