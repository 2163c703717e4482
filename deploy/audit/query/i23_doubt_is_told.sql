-- invariant: I23
-- meaning: no operation at a provider is in doubt for long without a person being told

-- part: none is in doubt for more than 15 minutes and unmarked
-- checked: payment.operation WHERE status IN ('sending', 'unknown')
SELECT id, format('%s of payment %s is %s since %s, asked %s times', kind, payment_id, status, created_at, attempts) AS what
FROM payment.operation
WHERE status IN ('sending', 'unknown') AND NOT needs_attention AND created_at < now() - interval '15 minutes';
