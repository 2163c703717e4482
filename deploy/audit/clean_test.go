package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// When it fails, somebody is woken at night by an audit of a shop in which all is well.
func TestConsistentShopHasNoViolation(t *testing.T) {
	t.Parallel()
	s := makeModel(t).copy(t)
	report := s.audit()
	for _, result := range report.Results {
		for _, p := range result.Parts {
			require.Empty(t, p.First, "%s: %s", result.Invariant, p.Name)
			require.Zero(t, p.Violations)
		}
	}
}
