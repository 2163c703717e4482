-- Writes a little to the write-ahead log and goes on to its next segment.
SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'prove', 'on');
