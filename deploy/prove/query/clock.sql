-- The time of the database, in milliseconds.
SELECT (extract(epoch FROM now()) * 1000)::bigint;
