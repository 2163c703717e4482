-- +goose Up

-- What a checkout made of a cart. snapshot never changes after the insert; the other columns say how far the order is.
-- Amounts are minor units of currency.
CREATE TABLE sales_order (
    id                    text        PRIMARY KEY CHECK (id ~ '^[a-z2-7]{26}$'),
    number                text        UNIQUE,
    number_prefix         text        NOT NULL,
    cart_id               text        NOT NULL,
    channel               text        NOT NULL,
    currency              text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    customer_id           text        NOT NULL DEFAULT '',
    email                 text        NOT NULL,
    status                text        NOT NULL CHECK (status IN ('pending', 'requires_action', 'placed', 'failed', 'cancelled', 'completed')),
    payment_status        text        NOT NULL,
    fulfillment_status    text        NOT NULL,
    line_count            integer     NOT NULL,
    snapshot              jsonb       NOT NULL,
    gift_cards            jsonb       NOT NULL,
    payment_id            text        NOT NULL DEFAULT '',
    next_action           jsonb,
    reservation_id        text        NOT NULL DEFAULT '',
    capture_at_shipment   boolean     NOT NULL,
    total                 bigint      NOT NULL CHECK (total >= 0),
    gift_total            bigint      NOT NULL CHECK (gift_total >= 0),
    due                   bigint      NOT NULL CHECK (due >= 0),
    gift_posted           boolean     NOT NULL DEFAULT false,
    captured              bigint      NOT NULL DEFAULT 0 CHECK (captured >= 0),
    not_captured          bigint      NOT NULL DEFAULT 0 CHECK (not_captured >= 0),
    refunded              bigint      NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    gift_refunded         bigint      NOT NULL DEFAULT 0 CHECK (gift_refunded >= 0),
    cancel_refunded       bigint      NOT NULL DEFAULT 0 CHECK (cancel_refunded >= 0),
    shipping_refunded     bigint      NOT NULL DEFAULT 0 CHECK (shipping_refunded >= 0),
    shipping_refunded_tax bigint      NOT NULL DEFAULT 0 CHECK (shipping_refunded_tax >= 0),
    payment_problem       boolean     NOT NULL DEFAULT false,
    failure               jsonb,
    needs_attention       boolean     NOT NULL DEFAULT false,
    created_at            timestamptz NOT NULL DEFAULT now(),
    placed_at             timestamptz,
    cancelled_at          timestamptz,
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               bigint      NOT NULL DEFAULT 1,
    -- Nothing is paid twice and nothing is paid back twice.
    CONSTRAINT sales_order_total CHECK (total = gift_total + due),
    CONSTRAINT sales_order_captured CHECK (captured + not_captured <= due),
    CONSTRAINT sales_order_refunded CHECK (refunded <= captured AND gift_refunded <= gift_total),
    CONSTRAINT sales_order_number CHECK (number IS NOT NULL OR status IN ('pending', 'requires_action', 'failed', 'cancelled'))
);

CREATE INDEX sales_order_by_time ON sales_order (created_at DESC, id DESC);
CREATE INDEX sales_order_by_customer ON sales_order (customer_id, created_at DESC, id DESC) WHERE customer_id <> '';
CREATE INDEX sales_order_by_email ON sales_order (lower(email), created_at DESC, id DESC);
CREATE INDEX sales_order_by_attention ON sales_order (created_at DESC, id DESC) WHERE needs_attention;
-- A cart becomes at most one order.
CREATE UNIQUE INDEX sales_order_by_cart ON sales_order (cart_id) WHERE status IN ('pending', 'requires_action', 'placed', 'completed');

CREATE TABLE order_line (
    order_id     text    NOT NULL REFERENCES sales_order (id),
    position     integer NOT NULL,
    id           text    NOT NULL,
    sku          text    NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    subtotal     bigint  NOT NULL CHECK (subtotal >= 0),
    discount     bigint  NOT NULL CHECK (discount BETWEEN 0 AND subtotal),
    tax          bigint  NOT NULL CHECK (tax >= 0),
    total        bigint  NOT NULL CHECK (total >= 0),
    sold         jsonb   NOT NULL,
    shipped      integer NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    cancelled    integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    returned     integer NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND shipped),
    refunded     bigint  NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND total),
    refunded_tax bigint  NOT NULL DEFAULT 0 CHECK (refunded_tax BETWEEN 0 AND tax),
    PRIMARY KEY (order_id, position),
    UNIQUE (order_id, id),
    CONSTRAINT order_line_units CHECK (shipped + cancelled <= quantity)
);
CREATE INDEX order_line_by_sku ON order_line (sku, order_id);

-- One row per channel's prefix; a number that was given and rolled back is given again, one of a failed process is a gap.
CREATE TABLE order_number (
    prefix text   PRIMARY KEY,
    last   bigint NOT NULL
);

CREATE TABLE order_refund (
    id            text        PRIMARY KEY,
    order_id      text        NOT NULL REFERENCES sales_order (id),
    cancel        boolean     NOT NULL,
    status        text        NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    reason        text        NOT NULL,
    actor         jsonb       NOT NULL,
    lines         jsonb       NOT NULL,
    shipping      bigint      NOT NULL CHECK (shipping >= 0),
    shipping_tax  bigint      NOT NULL CHECK (shipping_tax >= 0),
    total         bigint      NOT NULL CHECK (total >= 0),
    not_captured  bigint      NOT NULL CHECK (not_captured >= 0),
    to_payment    bigint      NOT NULL CHECK (to_payment >= 0),
    to_gift_cards bigint      NOT NULL CHECK (to_gift_cards >= 0),
    cancelled     bigint      NOT NULL CHECK (cancelled >= 0),
    gift_cards    jsonb       NOT NULL,
    restock       boolean     NOT NULL,
    failure       jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    completed_at  timestamptz,
    CONSTRAINT order_refund_sources CHECK (total = not_captured + to_payment + to_gift_cards)
);
CREATE INDEX order_refund_by_order ON order_refund (order_id, created_at);

CREATE TABLE order_shipment (
    id              text        PRIMARY KEY,
    order_id        text        NOT NULL REFERENCES sales_order (id),
    status          text        NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    actor           jsonb       NOT NULL,
    lines           jsonb       NOT NULL,
    carrier         text        NOT NULL,
    tracking_number text        NOT NULL,
    capture         bigint      NOT NULL CHECK (capture >= 0),
    final           boolean     NOT NULL,
    captured        bigint      NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND capture),
    failure         jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    shipped_at      timestamptz
);
CREATE INDEX order_shipment_by_order ON order_shipment (order_id, created_at);

-- The history of orders: rows are only ever added.
CREATE TABLE order_event (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   text        NOT NULL REFERENCES sales_order (id),
    kind       text        NOT NULL,
    actor      jsonb       NOT NULL,
    data       jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX order_event_by_order ON order_event (order_id, id);

-- +goose Down
DROP TABLE order_event;
DROP TABLE order_shipment;
DROP TABLE order_refund;
DROP TABLE order_number;
DROP TABLE order_line;
DROP TABLE sales_order;
