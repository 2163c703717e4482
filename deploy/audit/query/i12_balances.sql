-- invariant: I12
-- meaning: the balance of every gift card is the sum of its postings, and never below what is held on it

-- part: balances are the postings
-- checked: payment.gift_card
SELECT coalesce(c.id, p.subject) AS id, format('balance %s %s, postings add up to %s', c.balance, c.currency, p.owed) AS what
FROM payment.gift_card AS c
FULL JOIN (
    SELECT subject, currency, -sum(amount) AS owed FROM payment.posting WHERE account = 'giftcard:liability' GROUP BY subject, currency
) AS p ON p.subject = c.id
WHERE c.id IS NULL OR coalesce(p.owed, 0) <> c.balance OR p.currency <> c.currency;

-- part: what is held is the sum of the holds, within the balance
-- checked: payment.gift_card
SELECT c.id, format('balance %s, held %s, holds add up to %s', c.balance, c.held, coalesce(h.amount, 0)) AS what
FROM payment.gift_card AS c
LEFT JOIN (SELECT gift_card_id, sum(amount) AS amount FROM payment.gift_card_hold WHERE state = 'held' GROUP BY gift_card_id) AS h ON h.gift_card_id = c.id
WHERE c.held <> coalesce(h.amount, 0) OR c.held < 0 OR c.balance < c.held;

-- part: every hold that was spent or given back is in the books
-- checked: payment.gift_card_hold
WITH books AS (
    SELECT split_part(t.source, ':', 2) AS hold_id,
           sum(p.amount) FILTER (WHERE t.kind = 'giftcard_post') AS posted,
           -sum(p.amount) FILTER (WHERE t.kind = 'giftcard_refund') AS refunded
    FROM payment.ledger_transaction AS t
    JOIN payment.posting AS p ON p.transaction_id = t.id AND p.account = 'giftcard:liability'
    WHERE t.kind IN ('giftcard_post', 'giftcard_refund')
    GROUP BY 1
), refunds AS (
    SELECT hold_id, sum(amount) AS refunded FROM payment.gift_card_refund GROUP BY hold_id
)
SELECT coalesce(h.id, b.hold_id) AS id, format('spent %s, in the books %s; given back %s, by refunds %s, in the books %s',
                                               h.posted, b.posted, h.refunded, r.refunded, b.refunded) AS what
FROM payment.gift_card_hold AS h
FULL JOIN books AS b ON b.hold_id = h.id
LEFT JOIN refunds AS r ON r.hold_id = h.id
WHERE coalesce(h.posted, 0) <> coalesce(b.posted, 0) OR coalesce(h.refunded, 0) <> coalesce(b.refunded, 0)
   OR coalesce(h.refunded, 0) <> coalesce(r.refunded, 0);
