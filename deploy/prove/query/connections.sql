-- Open connections of the services, beside that of who asks.
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename LIKE '%\_app';
