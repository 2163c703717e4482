-- +goose Up

-- Reservations of a limited SKU lock its row before anything else, so that of two requests of one customer the second counts
-- what the first one got.
CREATE TABLE purchase_limit (
    sku         text        COLLATE "C" PRIMARY KEY CHECK (length(sku) BETWEEN 1 AND 64),
    quantity    integer     NOT NULL CHECK (quantity BETWEEN 0 AND 1000000),
    window_days integer     NOT NULL CHECK (window_days BETWEEN 0 AND 3650),
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON COLUMN purchase_limit.quantity IS 'Most units of one customer in open reservations and orders; 0: no limit.';
COMMENT ON COLUMN purchase_limit.window_days IS 'Only what was reserved in the last so many days counts; 0: all of it.';
REVOKE DELETE, TRUNCATE ON purchase_limit FROM inventory_app;

ALTER TABLE reservation ADD COLUMN customer_key text COLLATE "C";
COMMENT ON COLUMN reservation.customer_key IS 'Whose limit its units count against; NULL when none of its SKUs was limited.';

-- Says how many units of a SKU a customer has, for each pair: those of open reservations and orders, shipped ones too, without
-- what was given back. It reads the promises themselves, so no counter can be wrong. It is volatile, and so sees what is there
-- when it is called, under the lock of the limits, and not what was there when the statement that calls it began. Its plan is
-- kept by each connection, so it must be the one by index also where the tables were empty when it was made; and an index serves
-- only comparisons in its own collation, which the arguments need not have.
-- +goose StatementBegin
CREATE FUNCTION units_of_customers(customers text[], skus text[], windows integer[]) RETURNS integer[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT (SELECT least(coalesce(sum((SELECT sum(a.quantity - a.released)
                                           FROM allocation AS a
                                           WHERE a.reservation_id = r.id AND a.sku = pair.sku COLLATE "C")), 0), 2000000000)::integer
                FROM reservation AS r
                WHERE r.customer_key = pair.customer COLLATE "C" AND r.state IN ('held', 'committed')
                  AND (pair.days = 0 OR r.created_at > now() - make_interval(days => pair.days)))
        FROM unnest(customers, skus, windows) WITH ORDINALITY AS pair(customer, sku, days, place)
        ORDER BY pair.place);
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION units_of_customers(text[], text[], integer[]);
ALTER TABLE reservation DROP COLUMN customer_key;
DROP TABLE purchase_limit;
