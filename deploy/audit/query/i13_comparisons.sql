-- invariant: I13
-- meaning: the provider's log and our operations are the same, one to one, in amount and currency

-- part: no difference that our own comparisons found is open
-- checked: payment.reconciliation_finding
-- What one side does not know yet it may know later, but not after two days.
SELECT id, format('%s: %s of order %s is %s here with %s %s, and %s there with %s %s, since %s', class, kind, order_id, our_status, our_amount, our_currency,
                  their_status, their_amount, their_currency, moved_at) AS what
FROM payment.reconciliation_finding
WHERE closed_at IS NULL AND (class <> 'timing' OR moved_at < now() - interval '2 days');

-- part: the last comparison with every provider kept every difference that it counted
-- checked: payment.reconciliation
-- A comparison and its findings are one transaction, and have one time; a look back may have touched a finding later.
WITH last AS (
    SELECT DISTINCT ON (provider) id, provider, created_at, ours_only, theirs_only, amount, currency, duplicate, timing
    FROM payment.reconciliation
    ORDER BY provider, created_at DESC, id
)
SELECT l.id || ' ' || c.class AS id, format('%s counted, %s kept', c.counted, f.kept) AS what
FROM last AS l
CROSS JOIN LATERAL (
    VALUES ('ours_only', l.ours_only), ('theirs_only', l.theirs_only), ('amount', l.amount), ('currency', l.currency), ('duplicate', l.duplicate), ('timing', l.timing)
) AS c (class, counted)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE updated_at >= l.created_at) AS kept, count(*) FILTER (WHERE updated_at = l.created_at) AS same
    FROM payment.reconciliation_finding
    WHERE provider = l.provider AND class = c.class
) AS f
WHERE f.kept < c.counted OR f.same > c.counted;

-- part: no comparison counts less than nothing, or a time that is none
-- checked: payment.reconciliation
SELECT id, format('from %s until %s', window_from, window_until) AS what
FROM payment.reconciliation
WHERE least(matched, ours_only, theirs_only, amount, currency, duplicate, timing) < 0 OR window_from >= window_until OR actor = '';
