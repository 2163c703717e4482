-- The statement that sets a password, with role and password quoted.
SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text);
