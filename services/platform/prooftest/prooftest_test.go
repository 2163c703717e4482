package prooftest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// When it fails, the long proof is as short as the usual test run, or the other way around. Not parallel: it sets the
// environment.
func TestRounds(t *testing.T) {
	t.Setenv(prooftest.Env, "")
	require.Equal(t, 3, prooftest.Rounds(3, 100))
	t.Setenv(prooftest.Env, "long")
	require.Equal(t, 100, prooftest.Rounds(3, 100))
	require.True(t, prooftest.Long())
}
