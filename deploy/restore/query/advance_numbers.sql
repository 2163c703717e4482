-- Leaves out the order numbers that may have been told to buyers whose orders the restored database has forgotten: a number that
-- stands on somebody's receipt must not become somebody else's. docs/restore.md says when. It is for the role of cart.
--
-- A prefix has no count before its first order, which may be among what was forgotten. So every prefix counts that a channel with
-- settings of its own, a cart or an order has; a channel without settings is numbered by the first word of its key.
INSERT INTO order_number (prefix, last)
SELECT prefix, 1000 + 100000 FROM (
    SELECT prefix FROM order_number
    UNION SELECT order_prefix FROM channel_settings
    UNION SELECT number_prefix FROM sales_order
    UNION SELECT left(upper(split_part(channel, '-', 1)), 11) || '-' COLLATE "default" FROM cart
) AS known
ON CONFLICT (prefix) DO UPDATE SET last = order_number.last + 100000
