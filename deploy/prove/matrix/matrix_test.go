// Package matrix runs every crash point once.
package matrix

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove"
)

const (
	// shops are broken side by side: most of a cell is waiting for a lease to run out.
	shops = 3
	// seed is the same each time, so that what is red is a change; make prove draws others.
	seed = 7
)

// When this fails a process that dies at the wrong moment, a lost answer or a database that goes away makes the shop sell what it
// does not have, take money twice, or leave a buyer without an end.
func TestEveryCrashPointOnce(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	require.NoError(t, stack.InstallPostgres(t.Context(), func(text string) { t.Log(text) }))
	results, err := prove.Run(t.Context(), prove.Plan{
		Root: root, Dir: filepath.Join(root, ".local", "prove"), Seed: seed, Shops: shops, Output: os.Stdout,
	})
	for _, r := range results {
		t.Run(r.Cell, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, r.Violations, "again: make prove CELL=%s SEED=%d", r.Cell, r.Seed)
		})
	}
	require.NoError(t, err)
}
