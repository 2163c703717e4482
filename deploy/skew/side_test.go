package skew

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// commit makes a commit in a repository and returns its hash.
func commit(t *testing.T, dir, subject string) string {
	t.Helper()
	run(t, dir, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", subject)
	return run(t, dir, "rev-parse", "HEAD")
}

func run(t *testing.T, dir string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Dir = dir
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return strings.TrimSpace(string(output))
}

// all is a record in which every service was built from one commit.
func all(commit string) *released.Record {
	r := &released.Record{Services: map[string]released.Release{}}
	for _, service := range stack.ServiceNames {
		r.Services[service] = released.Release{Version: "1.0.0", Commit: commit}
	}
	return r
}

// When it fails, a clone that lacks the last release passes for one in which releases get along.
func TestWithoutTheCommitNothingIsFoundOut(t *testing.T) {
	t.Parallel()
	origin, shallow := t.TempDir(), filepath.Join(t.TempDir(), "clone")
	run(t, origin, "init", "-q")
	first := commit(t, origin, "first")
	commit(t, origin, "second")
	run(t, origin, "clone", "-q", "--depth", "1", "file://"+origin, shallow)
	for _, c := range []struct{ dir, commit, says string }{
		{shallow, first, "git fetch --unshallow"},
		{origin, strings.Repeat("0", 40), "it is no commit of this repository"},
		{t.TempDir(), first, "this is no clone"},
	} {
		_, err := builder{c.dir, filepath.Join(c.dir, "skew"), io.Discard}.sides(t.Context(), all(c.commit))
		require.ErrorIs(t, err, ErrNotRun)
		require.ErrorContains(t, err, c.says)
	}
	_, err := builder{origin, t.TempDir(), io.Discard}.sides(t.Context(), &released.Record{})
	require.ErrorIs(t, err, ErrNotRun, "nothing was released")
}

// When it fails, old shops are asked for what they cannot do yet, and every cell is red.
func TestJourneysAreThoseOfTheOldestRelease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	first, second := commit(t, dir, "first"), commit(t, dir, "second")
	b := builder{dir, t.TempDir(), io.Discard}
	for _, commits := range [][]string{{first, second}, {second, first}, {first}} {
		oldest, err := b.oldest(t.Context(), commits)
		require.NoError(t, err)
		require.Equal(t, first, oldest)
	}
	run(t, dir, "checkout", "-q", "--orphan", "other")
	stranger := commit(t, dir, "stranger")
	_, err := b.oldest(t.Context(), []string{first, stranger})
	require.ErrorIs(t, err, ErrNotRun)
}

// When it fails, the old release is not the tree of its commit, or is fetched from it again and again.
func TestATreeIsThatOfItsCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	file := filepath.Join(dir, "a.txt")
	require.NoError(t, os.WriteFile(file, []byte("old\n"), 0o600))
	run(t, dir, "add", "a.txt")
	first := commit(t, dir, "first")
	require.NoError(t, os.WriteFile(file, []byte("new\n"), 0o600))
	b := builder{dir, t.TempDir(), io.Discard}
	require.NoError(t, b.checkout(t.Context(), first))
	require.NoError(t, b.checkout(t.Context(), first), "it is there")
	got, err := os.ReadFile(filepath.Join(b.tree(first), "a.txt"))
	require.NoError(t, err)
	require.Equal(t, "old\n", string(got))
}

// When it fails, what was released cannot be built again: its commit is no longer part of the history.
func TestReleasedCommitsAreInTheHistory(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	record, err := released.Load(filepath.Join(root, released.File))
	require.NoError(t, err)
	b := builder{root, t.TempDir(), io.Discard}
	for service, release := range record.Services {
		if err := b.present(t.Context(), service, release); err != nil {
			require.NotContains(t, err.Error(), "it is no commit of this repository")
			fmt.Println(err)
			return
		}
		_, err := b.git(t.Context(), "merge-base", "--is-ancestor", release.Commit, "HEAD")
		require.NoError(t, err, "%s %s was built from %s", service, release.Version, release.Commit)
	}
}
