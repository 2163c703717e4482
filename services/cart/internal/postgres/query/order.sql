-- name: InsertOrder :one
INSERT INTO sales_order (id, number_prefix, cart_id, channel, currency, customer_id, email, status, payment_status, fulfillment_status,
    line_count, snapshot, gift_cards, payment_id, reservation_id, capture_at_shipment, total, gift_total, due)
VALUES (@id, @number_prefix, @cart_id, @channel, @currency, @customer_id, @email, @status, @payment_status, @fulfillment_status,
    @line_count, @snapshot, @gift_cards, @payment_id, @reservation_id, @capture_at_shipment, @total, @gift_total, @due)
RETURNING created_at, updated_at, version;

-- name: InsertOrderLines :exec
INSERT INTO order_line (order_id, position, id, sku, quantity, subtotal, discount, tax, total, sold)
SELECT @order_id, unnest(@positions::integer[]), unnest(@ids::text[]), unnest(@skus::text[]), unnest(@quantities::integer[]),
    unnest(@subtotals::bigint[]), unnest(@discounts::bigint[]), unnest(@taxes::bigint[]), unnest(@totals::bigint[]),
    unnest(@solds::text[])::jsonb;

-- name: GetOrder :one
SELECT id, number, number_prefix, cart_id, channel, currency, customer_id, email, status, snapshot, gift_cards, payment_id, next_action,
    reservation_id, capture_at_shipment, total, gift_total, due, gift_posted, captured, not_captured, refunded, gift_refunded,
    cancel_refunded, shipping_refunded, shipping_refunded_tax, payment_problem, failure,
    needs_attention, created_at, placed_at, cancelled_at, updated_at, version,
    EXISTS (
        SELECT 1 FROM saga
        WHERE saga.order_id = sales_order.id AND saga.state IN ('running', 'waiting', 'compensating') AND saga.needs_attention
    ) AS stuck
FROM sales_order
WHERE sales_order.id = @id;

-- name: FindPaymentToWatch :one
SELECT payment_id FROM sales_order
WHERE sales_order.id = @id AND status = 'placed' AND payment_id <> '' AND NOT payment_problem AND due > captured + not_captured
    AND (capture_at_shipment OR NOT EXISTS (
        SELECT 1 FROM saga WHERE saga.order_id = sales_order.id AND saga.state IN ('running', 'waiting', 'compensating')
    ));

-- name: LockOrder :exec
SELECT id FROM sales_order WHERE id = @id FOR UPDATE;

-- name: ListOrderLines :many
SELECT id, sku, quantity, subtotal, discount, tax, total, sold, shipped, cancelled, returned, refunded, refunded_tax
FROM order_line
WHERE order_id = @order_id
ORDER BY position
LIMIT 1000;

-- name: ListRefunds :many
SELECT id, order_id, cancel, status, reason, actor, lines, shipping, shipping_tax, total, not_captured, to_payment, to_gift_cards, cancelled,
    gift_cards, restock, failure, created_at, completed_at
FROM order_refund
WHERE order_id = @order_id
ORDER BY created_at, id
LIMIT 1000;

-- name: ListShipments :many
SELECT id, order_id, status, actor, lines, carrier, tracking_number, capture, final, captured, failure, created_at, shipped_at
FROM order_shipment
WHERE order_id = @order_id
ORDER BY created_at, id
LIMIT 1000;

-- name: UpdateOrder :one
UPDATE sales_order
SET status = @status, payment_status = @payment_status, fulfillment_status = @fulfillment_status, gift_cards = @gift_cards,
    next_action = @next_action, reservation_id = @reservation_id, gift_posted = @gift_posted, captured = @captured,
    not_captured = @not_captured, refunded = @refunded, gift_refunded = @gift_refunded, cancel_refunded = @cancel_refunded,
    shipping_refunded = @shipping_refunded, shipping_refunded_tax = @shipping_refunded_tax, payment_problem = @payment_problem,
    failure = @failure, needs_attention = @needs_attention, updated_at = clock_timestamp(), version = version + 1,
    cancelled_at = CASE WHEN @status = 'cancelled' THEN COALESCE(cancelled_at, clock_timestamp()) END
WHERE id = @id AND version = @version
RETURNING version, updated_at, cancelled_at;

-- name: PlaceOrder :one
-- The number is the prefix and the next count of that prefix.
WITH next AS (
    INSERT INTO order_number (prefix, last) VALUES (@number_prefix, 1001)
    ON CONFLICT (prefix) DO UPDATE SET last = order_number.last + 1
    RETURNING prefix, last
)
UPDATE sales_order
SET number = next.prefix || next.last::text, status = 'placed', payment_status = @payment_status, next_action = NULL,
    placed_at = clock_timestamp(), updated_at = clock_timestamp(), version = version + 1
FROM next
WHERE id = @id AND version = @version
RETURNING number, placed_at, updated_at, version;

-- name: UpdateOrderLines :exec
UPDATE order_line
SET shipped = l.shipped, cancelled = l.cancelled, returned = l.returned, refunded = l.refunded, refunded_tax = l.refunded_tax
FROM (
    SELECT unnest(@ids::text[]) AS id, unnest(@shipped::integer[]) AS shipped, unnest(@cancelled::integer[]) AS cancelled,
        unnest(@returned::integer[]) AS returned, unnest(@refunded::bigint[]) AS refunded, unnest(@refunded_tax::bigint[]) AS refunded_tax
) AS l
WHERE order_line.order_id = @order_id AND order_line.id = l.id;

-- name: InsertRefund :exec
INSERT INTO order_refund (id, order_id, cancel, status, reason, actor, lines, shipping, shipping_tax, total, not_captured, to_payment,
    to_gift_cards, cancelled, gift_cards, restock)
VALUES (@id, @order_id, @cancel, @status, @reason, @actor, @lines, @shipping, @shipping_tax, @total, @not_captured, @to_payment,
    @to_gift_cards, @cancelled, @gift_cards, @restock);

-- name: EndRefund :exec
UPDATE order_refund
SET status = @status, failure = @failure, completed_at = clock_timestamp()
WHERE id = @id;

-- name: InsertShipment :exec
INSERT INTO order_shipment (id, order_id, status, actor, lines, carrier, tracking_number, capture, final)
VALUES (@id, @order_id, @status, @actor, @lines, @carrier, @tracking_number, @capture, @final);

-- name: EndShipment :exec
UPDATE order_shipment
SET status = @status, captured = @captured, failure = @failure,
    shipped_at = CASE WHEN @status = 'succeeded' THEN clock_timestamp() END
WHERE id = @id;

-- name: AppendOrderEvent :exec
INSERT INTO order_event (order_id, kind, actor, data) VALUES (@order_id, @kind, @actor, @data);

-- name: ListOrderEvents :many
SELECT id, order_id, kind, actor, data, created_at
FROM order_event
WHERE order_id = @order_id AND id > @after_id
ORDER BY id
LIMIT @max_rows;
