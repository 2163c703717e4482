package mutants

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repository is the root of the one this test stands in.
func repository(t *testing.T) *Tree {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return &Tree{Root: root}
}

// When it fails, code has moved on and a planted bug no longer shows that a test would notice it.
func TestEveryMutantCanBePlanted(t *testing.T) {
	t.Parallel()
	list, err := Load("bug")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list), 20)
	tree := repository(t)
	names := map[string]bool{}
	for _, m := range list {
		require.False(t, names[m.Name], "two mutants are called %s", m.Name)
		names[m.Name] = true
		m.File, err = filepath.Abs(m.File)
		require.NoError(t, err)
		require.NoError(t, tree.Fits(t.Context(), m), m.Name)
		require.FileExists(t, filepath.Join(tree.Root, m.Module, "go.mod"), m.Name)
	}
}

// When it fails, a bug is planted that nobody can judge: what it is, what it costs and who must notice.
func TestAMutantWithoutItsHeadIsRefused(t *testing.T) {
	t.Parallel()
	head := "Bug: b\nCost: c\nModule: services/cart\nPackages: ./x ./y\n"
	change := "\ndiff --git a/x b/x\n"
	m, err := parse(head + "Run: TestX" + change)
	require.NoError(t, err)
	require.Equal(t, Mutant{Bug: "b", Cost: "c", Module: "services/cart", Packages: []string{"./x", "./y"}, Run: "TestX"}, m)
	for line := range strings.Lines(head) {
		_, err := parse(strings.Replace(head, line, "", 1) + strings.TrimPrefix(change, "\n"))
		require.Error(t, err, "without %s", line)
	}
	_, err = parse(head)
	require.Error(t, err)
	_, err = parse(head + "Author: x" + change)
	require.Error(t, err)
}

// When it fails, a bug that stops the build, or tests that never end, are counted for what they are not.
func TestATrialTellsRedFromBroken(t *testing.T) {
	t.Parallel()
	events := func(lines ...string) string { return strings.Join(lines, "\n") }
	trial, err := read(strings.NewReader(events(
		`{"Action":"run","Package":"p","Test":"TestA"}`, `{"Action":"run","Package":"p","Test":"TestA/one"}`,
		`{"Action":"fail","Package":"p","Test":"TestA/one"}`, `{"Action":"fail","Package":"p","Test":"TestA"}`,
		`{"Action":"run","Package":"p","Test":"TestB"}`, `{"Action":"pass","Package":"p","Test":"TestB"}`,
		`{"Action":"run","Package":"p","Test":"TestC"}`, `{"Action":"fail","Package":"p"}`)))
	require.NoError(t, err)
	require.Equal(t, Trial{Passed: 1, Red: []string{"p TestA/one", "p TestC"}}, trial)
	require.True(t, Verdict{Trial: trial}.Caught())

	trial, err = read(strings.NewReader(`{"Action":"fail","Package":"p","FailedBuild":"p"}`))
	require.NoError(t, err)
	require.NotEmpty(t, trial.Broken)
	require.False(t, Verdict{Trial: trial}.Caught())
	require.False(t, Verdict{Wrong: "red without the bug", Trial: Trial{Red: []string{"p TestA"}}}.Caught())
}

// When it fails, bugs are planted into the repository itself, or tests run on a copy that is not the code at hand.
func TestACopyIsBrokenAndTheOriginalIsNot(t *testing.T) {
	t.Parallel()
	original, dir := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	file := filepath.Join(original, "a.txt")
	require.NoError(t, os.WriteFile(file, []byte("good\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(original, "folder"), 0o700))
	require.NoError(t, os.Symlink("folder", filepath.Join(original, "link")))
	_, err := git(t.Context(), original, "init", "-q")
	require.NoError(t, err)
	tree, err := Copy(t.Context(), original, dir)
	require.NoError(t, err)
	target, err := os.Readlink(filepath.Join(dir, "link"))
	require.NoError(t, err)
	require.Equal(t, "folder", target, "a chart has its library as a link")
	patch := filepath.Join(t.TempDir(), "01-x.patch")
	require.NoError(t, os.WriteFile(patch, []byte("Bug: b\n\ndiff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-good\n+bad\n"), 0o600))
	m := Mutant{File: patch}
	require.NoError(t, tree.Plant(t.Context(), m))
	require.Equal(t, "bad\n", text(t, filepath.Join(dir, "a.txt")))
	require.Equal(t, "good\n", text(t, file))
	require.Error(t, tree.Fits(t.Context(), m), "it is planted already")
	require.NoError(t, tree.Mend(t.Context(), m))
	require.Equal(t, "good\n", text(t, filepath.Join(dir, "a.txt")))
}

func text(t *testing.T, file string) string {
	t.Helper()
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(got)
}
