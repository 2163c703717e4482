package saga_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the long proof take many more steps than an everyday run.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("CARTWRIGHT_PROOF") == "long" {
		_ = flag.Set("rapid.checks", "400")
	}
	os.Exit(m.Run())
}
