package prove

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// When this fails a crash point of the specification is proven by nothing, and nobody notices.
func TestEveryCrashPointHasACell(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range Cells() {
		require.False(t, names[c.Name], "%s is there twice", c.Name)
		names[c.Name] = true
		require.True(t, c.Says != "" || c.Proof != "", "%s says nothing", c.Name)
		require.True(t, c.Proof != "" || c.Do != nil || len(c.Arms) > 0, "%s does nothing", c.Name)
		require.True(t, len(c.Arms) == 0 || c.Victim != "", "%s has faults and no program", c.Name)
	}
	for n := 1; n <= 72; n++ {
		point := fmt.Sprintf("CP-%02d", n)
		found := false
		for name := range names {
			found = found || name == point || strings.HasPrefix(name, point) && len(name) == len(point)+1
		}
		require.True(t, found, point)
	}
}

// When this fails a run of many hours that was cut off begins anew, or takes what failed for done.
func TestRunGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	first, err := openState(path, 0)
	require.NoError(t, err)
	require.NotZero(t, first.seed)
	require.NoError(t, first.add(Result{Cell: "CP-01", Seed: first.seed, Fired: 1}))
	require.NoError(t, first.add(Result{Cell: "CP-02", Seed: first.seed, Violations: []string{"paid twice"}}))
	again, err := openState(path, 0)
	require.NoError(t, err)
	require.Equal(t, first.seed, again.seed, "chance goes on as it began")
	require.True(t, again.has(task{cell: Cell{Name: "CP-01"}, seed: first.seed}))
	require.False(t, again.has(task{cell: Cell{Name: "CP-02"}, seed: first.seed}), "what failed is run again")
	require.False(t, again.has(task{cell: Cell{Name: "CP-01"}, seed: first.seed + 1}))
	require.ErrorContains(t, again.verdict(), fmt.Sprintf("make prove CELL=CP-02 SEED=%d", first.seed))
	require.NoError(t, again.add(Result{Cell: "CP-02", Seed: first.seed, Fired: 1}))
	require.NoError(t, again.verdict())
	last, err := openState(path, first.seed)
	require.NoError(t, err)
	require.NoError(t, last.verdict(), "the later run counts")
	_, err = openState(path, first.seed+7)
	require.Error(t, err, "another seed is another run")
}

// When this fails a cell that could not be run here looks as if it had been.
func TestCellThatCannotRunHereIsNamed(t *testing.T) {
	t.Parallel()
	s := &state{results: []Result{{Cell: "CP-69", Fired: 1}}} // elsewhere, before
	all := []task{{cell: Cell{Name: "CP-68"}}, {cell: Cell{Name: "CP-69", SmallDisk: true}}}
	left := s.without(all, func() string { return "no disk" })
	require.Len(t, left, 1)
	require.Equal(t, "CP-68", left[0].cell.Name)
	var table bytes.Buffer
	s.print(&table, 0)
	require.Regexp(t, `(?m)^CP-69 +0 +0 +NOT RUN: no disk$`, table.String())
	require.Regexp(t, `(?m)^all +0 +0 `, table.String())
	require.ErrorContains(t, s.wanted(Plan{Only: []string{"CP-69"}}), "CP-69 was not run: no disk")
	require.NoError(t, s.wanted(Plan{}))
	able := &state{}
	require.Len(t, able.without([]task{{cell: Cell{SmallDisk: true}}}, func() string { return "" }), 1)
}

// When this fails a place that no longer exists goes on being proven.
func TestPlaceThatNobodyPassesIsTold(t *testing.T) {
	t.Parallel()
	passed := map[string]bool{"cart: send InventoryService/Reserve": true, "inventory: commit batch.reserve#1": true}
	require.True(t, covered(passed, "cart: send InventoryService/Reserve"))
	require.True(t, covered(passed, "inventory: commit batch.*"))
	require.False(t, covered(passed, "cart: send InventoryService/Reser"))
	s := &state{results: []Result{{Cell: "CP-08", Fired: 1}}}
	err := s.coverage(Plan{}, passed)
	require.ErrorContains(t, err, "CP-01 gateway: take CheckoutService/Checkout")
	require.NotContains(t, err.Error(), "CP-07 ")
	require.NotContains(t, err.Error(), "CP-08 ", "it happened before")
	require.NoError(t, s.coverage(Plan{Only: []string{"CP-01"}}, passed))
}
