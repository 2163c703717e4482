-- The last file of the write-ahead log that is in the archive, and the one that is being written. The time is taken first: whatever was
-- committed before it is in the file that is being written, or in an older one.
SELECT clock_timestamp(), coalesce(last_archived_wal, ''), pg_walfile_name(pg_current_wal_lsn()) FROM pg_stat_archiver
