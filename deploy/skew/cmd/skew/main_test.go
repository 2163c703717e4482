package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/skew"
)

// When it fails, the gate of a release takes what is red, or was not run, for something else.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	require.Equal(t, 0, code(nil))
	require.Equal(t, 1, code(fmt.Errorf("cell: %w", skew.ErrRed)))
	require.Equal(t, 1, code(errors.Join(skew.ErrRed, skew.ErrNotRun)), "what is red is known to be red")
	require.Equal(t, 3, code(fmt.Errorf("shallow: %w", skew.ErrNotRun)))
	require.Equal(t, 2, code(errors.New("no disk")))
}
