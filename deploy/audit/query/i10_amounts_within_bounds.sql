-- invariant: I10
-- meaning: no more is captured than was authorized and no more refunded than was captured, by the operations themselves

-- part: the sums of every payment are within bounds
-- checked: payment.payment
SELECT id, format('authorized %s, captured %s (+%s), voided %s, refunded %s (+%s)',
                  authorized, captured, capture_reserved, voided, refunded, refund_reserved) AS what
FROM payment.payment
WHERE captured + capture_reserved + voided > authorized OR refunded + refund_reserved > captured;

-- part: the sums of every payment are those of its operations
-- checked: payment.operation
WITH sums AS (
    SELECT o.payment_id,
           coalesce(sum(o.amount) FILTER (WHERE o.kind = 'authorize' AND o.status = 'ok'), 0) AS authorized,
           coalesce(sum(o.amount) FILTER (WHERE o.kind = 'capture' AND o.status = 'ok'), 0) AS captured,
           coalesce(sum(o.amount) FILTER (WHERE o.kind = 'capture' AND o.status IN ('sending', 'unknown', 'pending')), 0) AS capturing,
           coalesce(sum(o.amount) FILTER (WHERE o.kind = 'refund' AND o.status = 'ok'), 0) AS refunded,
           coalesce(sum(o.amount) FILTER (WHERE o.kind = 'refund' AND o.status IN ('sending', 'unknown', 'pending')), 0) AS refunding,
           bool_or(o.status = 'ok' AND (o.kind = 'void' OR (o.kind = 'capture' AND o.final))) AS closed
    FROM payment.operation AS o
    GROUP BY o.payment_id
), derived AS (
    SELECT p.id, p.authorized, p.captured, p.capture_reserved, p.refunded, p.refund_reserved, p.voided,
           coalesce(s.authorized, 0) AS may, coalesce(s.captured, 0) + CASE WHEN p.separates_capture THEN 0 ELSE coalesce(s.authorized, 0) END AS took,
           coalesce(s.capturing, 0) AS capturing, coalesce(s.refunded, 0) AS gave, coalesce(s.refunding, 0) AS refunding, coalesce(s.closed, false) AS closed
    FROM payment.payment AS p
    LEFT JOIN sums AS s ON s.payment_id = p.id
)
SELECT id, format('stored: authorized %s, captured %s, voided %s, refunded %s; operations: %s, %s, %s, %s',
                  authorized, captured, voided, refunded, may, took, CASE WHEN closed THEN greatest(0, may - took - capturing) ELSE 0 END, gave) AS what
FROM derived
WHERE authorized <> may OR captured <> took OR capture_reserved <> capturing OR refunded <> gave OR refund_reserved <> refunding
   OR voided <> CASE WHEN closed THEN greatest(0, may - took - capturing) ELSE 0 END;

-- part: the sums of every order are within bounds
-- checked: cart.sales_order
SELECT id, format('total %s, gift cards %s, due %s, captured %s, refunded %s, to gift cards %s', total, gift_total, due, captured, refunded, gift_refunded) AS what
FROM cart.sales_order
WHERE total <> gift_total + due OR captured + not_captured > due OR refunded > captured OR gift_refunded > gift_total;
