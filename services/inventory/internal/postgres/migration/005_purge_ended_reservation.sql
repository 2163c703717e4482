-- +goose NO TRANSACTION
-- +goose Up

-- For the purge of reservations that came to nothing. Those that became orders are not in it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS reservation_ended ON reservation (created_at)
    WHERE state IN ('released', 'expired', 'refused');

-- The serving role may delete these and no others: what holds stock, what became an order, and what somebody may still ask for
-- stays, whatever a program does. What makes an id unusable for ever is its row in reservation_key, which nobody may delete.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_reservation() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF OLD.state NOT IN ('released', 'expired', 'refused') OR OLD.created_at > now() - interval '30 days' THEN
        RAISE EXCEPTION 'reservation % must be kept', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd
CREATE OR REPLACE TRIGGER keep_reservation BEFORE DELETE ON reservation FOR EACH ROW EXECUTE FUNCTION keep_reservation();
GRANT DELETE ON reservation TO inventory_app;

-- +goose Down
REVOKE DELETE ON reservation FROM inventory_app;
DROP TRIGGER IF EXISTS keep_reservation ON reservation;
DROP FUNCTION IF EXISTS keep_reservation();
DROP INDEX CONCURRENTLY IF EXISTS reservation_ended;
