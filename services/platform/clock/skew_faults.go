//go:build faults

package clock

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// skew is how far the clock of this process is off, so that tests see which decisions trust it.
var skew = sync.OnceValue(func() time.Duration {
	text := os.Getenv("CARTWRIGHT_CLOCK_SKEW")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(fmt.Sprintf("CARTWRIGHT_CLOCK_SKEW: %v", err))
	}
	return d
})
