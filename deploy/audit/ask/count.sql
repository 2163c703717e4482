-- How many rows there are of what a part says it has checked.
SELECT count(*) FROM {checked}
