-- How many reservations are held past their time.
SELECT count(*) FROM inventory.reservation WHERE state = 'held' AND expires_at < now();
