-- The questions of a pass: its relation is read once, and only rows that some question objects to are looked at closely.
SELECT found.part, found.id, found.what
FROM (
    SELECT * FROM (
{relation}
    ) AS {pass}
    WHERE {wrong}
) AS {pass}
CROSS JOIN LATERAL (
{arms}
) AS found (part, id, what)
