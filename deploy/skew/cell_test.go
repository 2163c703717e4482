package skew

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// When it fails, a service is deployed in a way that nobody has tried.
func TestEveryServiceIsInEveryCell(t *testing.T) {
	t.Parallel()
	cells := Cells()
	require.Len(t, cells, 6*2+5*2)
	seen := map[Cell]bool{}
	for _, c := range cells {
		require.False(t, seen[c], c)
		seen[c] = true
	}
	require.True(t, seen[Cell{Old, "gateway"}] && seen[Cell{New, "gateway"}])
	require.False(t, seen[Cell{OldOnNewSchema, "gateway"}], "it has no schema")
}

// When it fails, the command that repeats a red cell runs something else.
func TestCellsAreChosenByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names []string
		count int
	}{{nil, 22}, {[]string{"old/cart"}, 1}, {[]string{"cart"}, 4}, {[]string{"gateway", "old/cart"}, 3}, {[]string{"new-on-old-schema"}, 5}} {
		cells, err := Choose(c.names)
		require.NoError(t, err)
		require.Len(t, cells, c.count, c.names)
	}
	_, err := Choose([]string{"old/basket"})
	require.ErrorContains(t, err, `"old/basket"`)
}

// When it fails, a cell is green for a shop that is not mixed as its name says.
func TestWhoIsOldAndWhoIsNew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cell                     Cell
		newer                    bool
		others, serves, migrates side
		othersMigrate            side
		besides, waits           bool
	}{
		{cell: Cell{Old, "cart"}, others: newSide, othersMigrate: newSide, serves: oldSide, migrates: newSide, besides: true},
		{cell: Cell{New, "cart"}, serves: newSide, migrates: newSide, besides: true},
		{cell: Cell{New, "gateway"}, serves: newSide, migrates: newSide},
		{cell: Cell{OldOnNewSchema, "cart"}, newer: true, serves: oldSide, migrates: oldSide},
		{cell: Cell{NewOnOldSchema, "cart"}, serves: newSide, migrates: oldSide},
		{cell: Cell{NewOnOldSchema, "cart"}, newer: true, serves: oldSide, migrates: oldSide, besides: true, waits: true},
	} {
		l := c.cell.lineup(c.newer)
		for _, service := range stack.ServiceNames {
			serves, migrates := c.others, c.othersMigrate
			if service == c.cell.Service {
				serves, migrates = c.serves, c.migrates
			}
			require.Equal(t, serves, l.serve[service], "%s: %s", c.cell, service)
			require.Equal(t, migrates, l.migrate[service], "%s: %s", c.cell, service)
		}
		require.Equal(t, c.waits, l.waits, c.cell)
		require.Equal(t, c.besides, l.beside != nil, c.cell)
		if l.beside != nil {
			require.NotEqual(t, c.serves, *l.beside, "%s: what works beside is of the other release", c.cell)
		}
	}
}

// When it fails, the table does not tell that two releases differ in nothing, or in what.
func TestReleasesAreDescribed(t *testing.T) {
	t.Parallel()
	last := released.Release{Version: "1.2.0", Commit: "0123456789abcdef0123456789abcdef01234567", Schema: 4}
	require.Equal(t, "1.2.0 (0123456), same binary", describe(last, true, 4))
	require.Equal(t, "1.2.0 (0123456), schema 4 → 6", describe(last, false, 6))
}
