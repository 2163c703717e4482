-- +goose Up

-- Lets carts take units one after the other, as if each were alone: the part of a batch that no set of rows can decide, since
-- a cart that does not fit must leave the units to those behind it. It reads no table, so it can be tried by itself.
--
-- free has the free units of each place. Every row of the other four is a choice: the line of a cart may take from a place
-- (NULL: there is none), in the order given; choices of a line and lines of a cart stand together. Answered is what each
-- choice takes. A line that got less than it wanted is short, and then its whole cart took nothing: what stands at its
-- choices is only what it could have had.
-- +goose StatementBegin
CREATE FUNCTION take_in_order(free integer[], carts integer[], lines integer[], places integer[], wanted integer[])
RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    taken integer[] := array_fill(0, ARRAY[cardinality(carts)]);
    first integer := 1;
    fits  boolean := true;
    rest  integer := 0;
    got   integer;
BEGIN
    FOR i IN 1 .. cardinality(carts) LOOP
        IF carts[i] IS DISTINCT FROM carts[i - 1] THEN
            first := i;
            fits := true;
        END IF;
        IF lines[i] IS DISTINCT FROM lines[i - 1] THEN
            rest := wanted[i];
        END IF;
        IF places[i] IS NOT NULL AND rest > 0 THEN
            got := least(rest, free[places[i]]);
            taken[i] := got;
            free[places[i]] := free[places[i]] - got;
            rest := rest - got;
        END IF;
        IF rest > 0 AND lines[i] IS DISTINCT FROM lines[i + 1] THEN
            fits := false;
        END IF;
        IF NOT fits AND carts[i] IS DISTINCT FROM carts[i + 1] THEN
            FOR j IN first .. i LOOP
                IF taken[j] > 0 THEN
                    free[places[j]] := free[places[j]] + taken[j];
                END IF;
            END LOOP;
        END IF;
    END LOOP;
    RETURN taken;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION take_in_order(integer[], integer[], integer[], integer[], integer[]);
