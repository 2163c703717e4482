-- The last file of the write-ahead log that is in the archive, and the one that is being written.
SELECT coalesce(last_archived_wal, ''), pg_walfile_name(pg_current_wal_lsn()), clock_timestamp() FROM pg_stat_archiver
