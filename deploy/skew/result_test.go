package skew

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/mutants"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// When it fails, journeys that failed, or that were not made, count as made.
func TestJourneysAreCounted(t *testing.T) {
	t.Parallel()
	h := hear("=== RUN   TestA\n--- PASS: TestA (0.10s)\n    --- PASS: TestA/one (0.00s)\n    --- FAIL: TestB/two (0.1s)\n--- FAIL: TestB (0.1s)\n" +
		"NOT RUN: TestC: needs a printer\nFAIL: whatever was asked: GET /x: 500\nFAIL\n")
	require.Equal(t, hearing{passed: 2, leftOut: 1, failed: []string{"TestB/two", "TestB"}, wrong: []string{"whatever was asked: GET /x: 500"}, last: "FAIL"}, h)
	require.Equal(t, "^(TestB)$", h.pattern())
	require.NotEmpty(t, hear("panic: test timed out after 6m0s\n").wrong)
}

// When it fails, a planted change that a journey has noticed is looked at for minutes more.
func TestTheFirstFailureIsHeard(t *testing.T) {
	t.Parallel()
	heard := 0
	a := &alarm{failed: func() { heard++ }}
	for _, part := range []string{"--- PASS: TestA (0.1s)\n--- FA", "", "IL", ": TestB (0.1s)\n"} {
		n, err := a.Write([]byte(part))
		require.NoError(t, err)
		require.Len(t, part, n)
	}
	require.Equal(t, 1, heard)
}

// When it fails, a run that was cut off begins anew, or what was green with other binaries passes for what is there now.
func TestWhatWasGreenIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "skew", "results.jsonl")
	s, err := openState(path)
	require.NoError(t, err)
	for _, r := range []Result{
		{Cell: "old/cart", Binaries: "a", Passed: 7}, {Cell: "new/cart", Binaries: "a", Red: []string{"TestA"}},
		{Cell: "old/product", Binaries: "a", Planted: "x"},
	} {
		require.NoError(t, s.add(r))
	}
	require.NoError(t, s.close())
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(`{"cell":"old/pri`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	s, err = openState(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	kept, green := s.green(Cell{Old, "cart"}, "a", false)
	require.True(t, green)
	require.Equal(t, 7, kept.Passed)
	for _, c := range []struct {
		cell     Cell
		binaries string
	}{{Cell{Old, "cart"}, "b"}, {Cell{New, "cart"}, "a"}, {Cell{Old, "product"}, "a"}, {Cell{Old, "pricing"}, "a"}} {
		_, green := s.green(c.cell, c.binaries, false)
		require.False(t, green, c)
	}
}

// When it fails, a quiet run says green of a migration that made every buyer wait, because nobody had looked at the time before.
func TestWhatWasNotJudgedIsNotKept(t *testing.T) {
	t.Parallel()
	measured := &Strain{Before: 20, During: 30}
	for _, c := range []struct {
		why            string
		cell           Cell
		result         Result
		usual, inQuiet bool
	}{
		{"no migration, no time to judge", Cell{New, "cart"}, Result{}, true, true},
		{"a process that serves on the old schema", Cell{NewOnOldSchema, "cart"}, Result{}, true, true},
		{"measured on a busy machine", Cell{OldOnNewSchema, "cart"}, Result{Strain: measured}, true, false},
		{"measured in quiet", Cell{OldOnNewSchema, "cart"}, Result{Strain: measured, Quiet: true}, true, true},
		{"waited, measured on a busy machine", Cell{NewOnOldSchema, "cart"}, Result{Strain: measured, Waits: true}, true, false},
		{"a migration that nobody measured", Cell{OldOnNewSchema, "cart"}, Result{}, false, false},
		{"waited for one that nobody measured", Cell{NewOnOldSchema, "cart"}, Result{Waits: true}, false, false},
	} {
		c.result.Cell, c.result.Binaries = c.cell.String(), "a"
		s := &state{results: []Result{c.result}}
		_, kept := s.green(c.cell, "a", false)
		require.Equal(t, c.usual, kept, c.why)
		_, kept = s.green(c.cell, "a", true)
		require.Equal(t, c.inQuiet, kept, "in quiet: %s", c.why)
	}

	loud := Result{Cell: "old-on-new-schema/cart", Binaries: "a", Strain: measured}
	quiet := loud
	quiet.Quiet, quiet.Passed = true, 7
	s := &state{results: []Result{loud, quiet}}
	kept, green := s.green(Cell{OldOnNewSchema, "cart"}, "a", true)
	require.True(t, green, "a later run in quiet counts")
	require.Equal(t, 7, kept.Passed)
}

// When it fails, a red cell, or one that was not run, ends as if all were well.
func TestTheTableEndsWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	green := row{cell: Cell{Old, "cart"}, releases: "0.1.0 (4988c2c)", result: Result{Bought: 12, Passed: 7, Seconds: 30,
		Strain: &Strain{Rate: 98.6, Before: 120.2, During: 131.4}}}
	waits := row{cell: Cell{NewOnOldSchema, "cart"}, result: Result{Passed: 7, Waits: true, Second: []string{"TestB"}}, kept: true}
	red := row{cell: Cell{New, "cart"}, result: Result{Red: []string{"TestA"}}}
	not := row{cell: Cell{New, "pricing"}, why: "the run was cut off"}
	for _, c := range []struct {
		rows []row
		says string
		err  error
	}{
		{[]row{green, waits}, "2 green, 0 red, 0 not run", nil},
		{[]row{green, red}, "1 green, 1 red, 0 not run", ErrRed},
		{[]row{green, not}, "1 green, 0 red, 1 not run", ErrNotRun},
	} {
		var output bytes.Buffer
		require.NoError(t, table(&output, c.rows))
		require.ErrorIs(t, sum(&output, c.rows), c.err)
		require.Contains(t, output.String(), c.says)
	}
	var output bytes.Buffer
	slow := row{cell: Cell{OldOnNewSchema, "cart"}, result: Result{Quiet: true, Red: []string{"slow"}}}
	require.NoError(t, table(&output, []row{green, waits, red, not, slow}))
	require.Regexp(t, `old/cart +0\.1\.0 \(4988c2c\) +green +12 +7 +0 +120 → 131 ms at 99/s +30 s\n`, output.String())
	require.Contains(t, output.String(), "green, waits")
	require.Contains(t, output.String(), "SECOND TRY new-on-old-schema/cart: TestB\n")
	require.Contains(t, output.String(), "RED new/cart: TestA\n    again: make skew ARGS=new/cart\n")
	require.Contains(t, output.String(), "RED old-on-new-schema/cart: slow\n    again: make skew ARGS=\"-quiet old-on-new-schema/cart\"\n")
	require.Contains(t, output.String(), "NOT RUN: new/pricing: the run was cut off\n")
}

// When it fails, code has moved on and a planted change no longer shows that a cell would notice it.
func TestEveryPlantedChangeCanBePlanted(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	list, err := LoadPlanted(filepath.Join(root, "deploy", "skew", "planted"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list), 4)
	kinds := map[Kind]bool{}
	harmless := 0
	for _, p := range list {
		if p.Harmless {
			harmless++
		} else {
			kinds[p.Cell.Kind] = true
		}
		require.NoError(t, (&mutants.Tree{Root: root}).Fits(t.Context(), mutants.Mutant{File: p.File}), p.Name)
	}
	require.Positive(t, harmless, "whether everything turns red is not known")
	require.True(t, kinds[OldOnNewSchema] && kinds[NewOnOldSchema] && kinds[New])
}

// When it fails, a change is planted that nobody can judge: what it is, what it costs and which cell must notice.
func TestAPlantedChangeWithoutItsHeadIsRefused(t *testing.T) {
	t.Parallel()
	head, change := "Change: a\nCost: b\nCell: old/cart\n", "\ndiff --git a/x b/x\n"
	p, err := parsePlanted(head + change)
	require.NoError(t, err)
	require.Equal(t, Planted{Change: "a", Cost: "b", Cell: Cell{Old, "cart"}}, p)
	p, err = parsePlanted(head + "Must: green\n" + change)
	require.NoError(t, err)
	require.True(t, p.Harmless)
	for _, text := range []string{head, "Change: a\nCost: b\n" + change, "Change: a\nCost: b\nCell: cart\n" + change, head + "Author: x\n" + change, head + "Must: be nice\n" + change} {
		_, err := parsePlanted(text)
		require.Error(t, err, text)
	}
}

// When it fails, the schema that a release needs is not the one of its migrations, and a process is believed to wait, or not to.
func TestTheSchemaThatATreeNeeds(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	record, err := released.Load(filepath.Join(root, released.File))
	require.NoError(t, err)
	for service, release := range record.Services {
		got, err := need(root, service)
		require.NoError(t, err)
		require.GreaterOrEqual(t, got, release.Schema, "%s: what was released is still here", service)
	}
}
