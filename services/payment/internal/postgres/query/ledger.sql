-- name: PostEntry :exec
-- A source that was booked before is left as it is.
WITH entry AS (
    INSERT INTO ledger_transaction (id, kind, source, order_id, payment_id, operation_id, gift_card_id, actor, request_id)
    VALUES (@id, @kind, @source, @order_id, @payment_id, @operation_id, @gift_card_id, @actor, @request_id)
    ON CONFLICT (source) DO NOTHING
    RETURNING id
)
INSERT INTO posting (transaction_id, line, account, subject, currency, amount)
SELECT entry.id, line.number, line.account, line.subject, line.currency, line.amount
FROM entry
CROSS JOIN (
    SELECT generate_subscripts(@accounts::text[], 1)::smallint AS number, unnest(@accounts::text[]) AS account,
        unnest(@subjects::text[]) AS subject, unnest(@currencies::text[]) AS currency, unnest(@amounts::bigint[]) AS amount
) AS line;

-- name: PostingsOfEntries :many
SELECT transaction_id, account, subject, currency, amount
FROM posting
WHERE transaction_id = ANY(@transaction_ids::text[])
ORDER BY transaction_id, line
LIMIT 2000;

-- name: TrialBalance :many
-- The chart of accounts is small; subjects are summed up.
SELECT account, currency, coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS debits,
    coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS credits
FROM posting
GROUP BY account, currency
ORDER BY account, currency
LIMIT 2000;

-- name: CardDrift :one
-- How far gift cards are away from what was posted and is held of them, in minor units of any currency.
SELECT coalesce(sum(abs(c.balance - coalesce(booked.balance, 0)) + abs(c.held - coalesce(holds.held, 0))), 0)::bigint AS drift
FROM gift_card AS c
LEFT JOIN (
    SELECT subject, -sum(amount) AS balance FROM posting WHERE account = 'giftcard:liability' GROUP BY subject
) AS booked ON booked.subject = c.id
LEFT JOIN (
    SELECT gift_card_id, sum(amount) AS held FROM gift_card_hold WHERE state = 'held' GROUP BY gift_card_id
) AS holds ON holds.gift_card_id = c.id;
