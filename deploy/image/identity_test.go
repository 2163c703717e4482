package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// settings are an environment of a test.
func settings(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// run runs git in a repository, as somebody, at some time.
func run(t *testing.T, root string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, arguments...)...)
	command.Dir = root
	command.Env = append(os.Environ(), "GIT_COMMITTER_DATE=1700000000 +0100", "GIT_AUTHOR_DATE=1600000000 +0000")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return strings.TrimSpace(string(output))
}

// An image must not call itself a commit whose sources it does not have.
func TestAnImageIsNamedAfterItsSources(t *testing.T) {
	t.Parallel()
	root := tree(t)
	run(t, root, "init", "-q")
	run(t, root, "add", ".")
	run(t, root, "commit", "-q", "-m", "first")
	commit := run(t, root, "rev-parse", "HEAD")

	id, err := Identify(t.Context(), root, settings())
	require.NoError(t, err)
	require.Equal(t, commit, id.Revision)
	require.Equal(t, "0.0.0-20231114221320-"+commit[:12], id.Version)
	require.Equal(t, "2023-11-14T22:13:20Z", id.Created.Format("2006-01-02T15:04:05Z07:00"))

	put(t, filepath.Join(root, "docs", "more.md"), "more", 0o644)
	id, err = Identify(t.Context(), root, settings("VERSION", "1.2.3"))
	require.NoError(t, err)
	require.Equal(t, "1.2.3", id.Version, "what is in no image makes none dirty")

	put(t, filepath.Join(root, "services", "echo", "cmd", "echo", "more.go"), "package main\n", 0o644)
	id, err = Identify(t.Context(), root, settings("VERSION", "1.2.3"))
	require.NoError(t, err)
	require.True(t, id.Dirty())
	require.Equal(t, "1.2.3-dirty", id.Version)
	require.Equal(t, commit+"-dirty", id.Revision)
}

// A pipeline that gets an archive of the sources, without git, must still name what it builds, and must not guess.
func TestAnArchiveOfSourcesNeedsAName(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	_, err := Identify(t.Context(), root, settings("VERSION", "1.2.3"))
	require.ErrorContains(t, err, "REVISION")
	revision := strings.Repeat("a", 40)
	_, err = Identify(t.Context(), root, settings("REVISION", revision))
	require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
	id, err := Identify(t.Context(), root, settings("REVISION", revision, "SOURCE_DATE_EPOCH", "1700000000"))
	require.NoError(t, err)
	require.Equal(t, "0.0.0-20231114221320-aaaaaaaaaaaa", id.Version)
	for _, pair := range [][2]string{{"VERSION", "1.2.3+x"}, {"VERSION", "../x"}, {"REVISION", "main"}, {"SOURCE_DATE_EPOCH", "now"}} {
		_, err := Identify(t.Context(), root, settings(pair[0], pair[1], "REVISION", revision, "SOURCE_DATE_EPOCH", "1700000000"))
		require.Error(t, err, pair)
	}
}

// Every program that is shipped has an image under its own name; two of one name would overwrite each other.
func TestProgramsAreFoundInTheTree(t *testing.T) {
	t.Parallel()
	root, err := Root()
	require.NoError(t, err)
	list, err := Programs(root)
	require.NoError(t, err)
	for _, name := range []string{"cart", "gateway", "inventory", "payment", "pricing", "product"} {
		require.Contains(t, list, Program{Name: name, Module: "services/" + name, Folder: "cmd/" + name})
	}
	require.Contains(t, list, Program{Name: "sandbox", Module: "services/payment", Folder: "cmd/sandbox"})
	require.Contains(t, list, Program{Name: "smoke", Module: "deploy", Folder: "smoke/cmd/smoke"})
	require.Contains(t, list, Program{Name: "provision", Module: "deploy", Folder: "database/cmd/provision"})
	require.Contains(t, list, Program{Name: "audit", Module: "deploy", Folder: "audit/cmd/audit"})
	_, err = Find(root, "wallet")
	require.ErrorContains(t, err, "there are audit, cart, ")

	twice := tree(t)
	put(t, filepath.Join(twice, "deploy", "smoke", "cmd", "smoke", "main.go"), "package main\n", 0o644)
	smoke, err := Find(twice, "smoke")
	require.NoError(t, err)
	require.Equal(t, Program{Name: "smoke", Module: "deploy", Folder: "smoke/cmd/smoke"}, smoke)
	require.Equal(t, "./smoke/cmd/smoke", smoke.Package())
	put(t, filepath.Join(twice, "services", "other", "cmd", "echo", "main.go"), "package main\n", 0o644)
	_, err = Programs(twice)
	require.ErrorContains(t, err, "would be one image")
}
