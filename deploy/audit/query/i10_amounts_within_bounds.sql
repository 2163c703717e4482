-- invariant: I10
-- meaning: no more is captured than was authorized and no more refunded than was captured, by the operations themselves

-- part: the sums of every payment are within bounds
-- checked: payment.payment
-- pass: money
SELECT id, format('authorized %s, captured %s (+%s), voided %s, refunded %s (+%s)',
                  authorized, captured, capture_reserved, voided, refunded, refund_reserved) AS what
WHERE captured + capture_reserved + voided > authorized OR refunded + refund_reserved > captured;

-- part: the sums of every payment are those of its operations
-- checked: payment.operation
-- pass: money
SELECT id, format('stored: authorized %s, captured %s, voided %s, refunded %s; operations: %s, %s, %s, %s',
                  authorized, captured, voided, refunded, may, took, CASE WHEN closed THEN greatest(0, may - took - capturing) ELSE 0 END, gave) AS what
WHERE authorized <> may OR captured <> took OR capture_reserved <> capturing OR refunded <> gave OR refund_reserved <> refunding
   OR voided <> CASE WHEN closed THEN greatest(0, may - took - capturing) ELSE 0 END;

-- part: the sums of every order are within bounds
-- checked: cart.sales_order
-- pass: money
SELECT order_id AS id, format('total %s, gift cards %s, due %s, captured %s, refunded %s, to gift cards %s',
                              total, gift_total, due, order_captured, order_refunded, gift_refunded) AS what
WHERE total <> gift_total + due OR order_captured + not_captured > due OR order_refunded > order_captured OR gift_refunded > gift_total;
