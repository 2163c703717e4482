-- invariant: I5
-- meaning: every unit of a placed order is promised by exactly one committed reservation, and nothing else is

-- part: order lines and committed reservations are the same units
-- checked: cart.sales_order
-- pass: content
SELECT coalesce(order_id, reserved_order) AS id,
       CASE WHEN placed_at IS NULL THEN format('reservation %s is committed for no placed order', reservation)
            WHEN reservation IS NULL THEN 'no committed reservation'
            ELSE format('%s units sold, %s promised by reservation %s', coalesce(units, 0), reserved_units, reservation) END AS what
WHERE NOT busy AND CASE
    WHEN placed_at IS NULL THEN reservation IS NOT NULL
    WHEN reservation IS NULL THEN reservation_id <> '' OR status <> 'cancelled'
    ELSE order_id <> reserved_order OR coalesce(units, 0) <> reserved_units OR coalesce(content, 0) <> reserved_content
END;
