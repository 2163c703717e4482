package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/image"
)

// A pipeline reads the exit code only. One that takes "could not look" for "nothing found" releases anything.
func TestWhatDidNotRunIsNoSuccess(t *testing.T) {
	t.Parallel()
	missing := &image.NotRunError{What: "scan", Reason: "no scanner"}
	bad := fmt.Errorf("found: %w", errors.New("a hole"))
	for _, c := range []struct {
		err     error
		allowed bool
		code    int
	}{
		{nil, false, 0}, {missing, false, exitNotRun}, {missing, true, 0}, {bad, true, exitFailed},
		{errors.Join(missing, bad), false, exitFailed}, {errors.Join(bad, errors.Join(missing)), true, exitFailed}, {errors.Join(missing, missing), true, 0},
	} {
		var output bytes.Buffer
		require.Equal(t, c.code, tell(c.err, c.allowed, &output), "%v", c.err)
		if c.err != nil {
			require.NotEmpty(t, output.String(), "it is printed even where it is allowed")
		}
	}
}

// Whoever forgets SERVICE, or mistypes it, must be told what there is.
func TestWrongUseIsExplained(t *testing.T) {
	t.Parallel()
	nothing := func(string) string { return "" }
	for _, arguments := range [][]string{nil, {"build"}, {"build", ""}, {"bake", "cart"}} {
		require.ErrorIs(t, run(t.Context(), arguments, nothing, &bytes.Buffer{}), errUsage)
	}
	require.ErrorContains(t, run(t.Context(), []string{"build", "wallet"}, nothing, &bytes.Buffer{}), "there are audit, cart, gateway")
}
