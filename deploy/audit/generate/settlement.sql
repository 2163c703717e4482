-- What the provider has of everything: the settlement file.
COPY (
    SELECT provider_reference AS reference, id AS merchant_reference, order_id AS order_reference, kind,
           CASE status WHEN 'ok' THEN 'succeeded' WHEN 'failed' THEN 'failed' ELSE 'requires_action' END AS status, amount, currency,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
    FROM payment.operation
) TO STDOUT WITH (FORMAT csv, HEADER)
