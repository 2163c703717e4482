package migrate_test

import "time"

const (
	waitFor = 30 * time.Second
	tick    = 20 * time.Millisecond
)
