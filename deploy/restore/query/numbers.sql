-- The number of every order that has one.
SELECT number, id FROM sales_order WHERE number IS NOT NULL
