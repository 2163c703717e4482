package clocktest_test

import (
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
)

func ExampleFake() {
	now := clocktest.New(time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC))
	now.Advance(2 * time.Hour)
	fmt.Println(now.Now().Format(time.DateTime))
	// Output: 2026-02-01 01:00:00
}
