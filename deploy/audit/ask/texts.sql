-- The texts of one table, row by row; {table}, {sample} and {texts} are filled in.
SELECT t.ctid::text, concat_ws(' ~ ', {texts}) FROM {table} AS t {sample}
