-- Texts of one table in which something like a secret stands; {table}, {sample} and {texts} are filled in. The first row says how
-- many rows were read.
WITH rows AS MATERIALIZED (
    SELECT t.ctid::text AS place, concat_ws(' ~ ', {texts}) AS body FROM {table} AS t {sample}
)
SELECT '' AS place, count(*)::text AS body FROM rows
UNION ALL
(SELECT place, body FROM rows
 WHERE body ~ '[0-9]([ -]?[0-9]){12}'
    OR body ~* '"?(cvv2?|cvc2?|card_?number|security_?code|card_?code|pan)"? *[:=]'
    OR body ~ '\m[0-9A-HJKMNP-TV-Z]{4}(-?[0-9A-HJKMNP-TV-Z]{4}){4}\M'
    OR body ~ 'eyJ[A-Za-z0-9_-]{8,}\.eyJ');
