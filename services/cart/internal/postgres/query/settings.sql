-- name: GetChannelSettings :one
SELECT channel, capture, tax_display, rounding, order_prefix, shipping_tax_class, shipping_tax_proportional, home_country,
    remove_home_tax, version, updated_at
FROM channel_settings
WHERE channel = @channel;

-- name: ListChannelSettings :many
SELECT channel, capture, tax_display, rounding, order_prefix, shipping_tax_class, shipping_tax_proportional, home_country,
    remove_home_tax, version, updated_at
FROM channel_settings
WHERE channel > @after
ORDER BY channel
LIMIT @page;

-- name: InsertChannelSettings :one
INSERT INTO channel_settings (channel, capture, tax_display, rounding, order_prefix, shipping_tax_class, shipping_tax_proportional,
    home_country, remove_home_tax)
VALUES (@channel, @capture, @tax_display, @rounding, @order_prefix, @shipping_tax_class, @shipping_tax_proportional, @home_country,
    @remove_home_tax)
ON CONFLICT (channel) DO NOTHING
RETURNING version, updated_at;

-- name: UpdateChannelSettings :one
UPDATE channel_settings
SET capture = @capture, tax_display = @tax_display, rounding = @rounding, order_prefix = @order_prefix,
    shipping_tax_class = @shipping_tax_class, shipping_tax_proportional = @shipping_tax_proportional, home_country = @home_country,
    remove_home_tax = @remove_home_tax, version = version + 1, updated_at = now()
WHERE channel = @channel AND version = @version
RETURNING version, updated_at;
