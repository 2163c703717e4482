package image

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bench is a made image and a folder of tools that note how they are called.
type bench struct {
	root  string
	store Store
	made  Made
}

func newBench(t *testing.T) bench {
	t.Helper()
	store, made := kept(t, release("1.2.3"))
	return bench{root: filepath.Dir(filepath.Dir(store.Dir)), store: store, made: made}
}

// tool puts a command of a name there, that notes its arguments and exits with a code.
func (b bench) tool(t *testing.T, name string, code int) {
	t.Helper()
	put(t, filepath.Join(b.root, ".bin", name), fmt.Sprintf("#!/bin/sh\necho \"%s $*\" >>'%s'\nexit %d\n", name, filepath.Join(b.root, "calls"), code), 0o755)
}

func (b bench) calls(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.root, "calls"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func (b bench) tools(pairs ...string) Tools {
	return Tools{Root: b.root, Getenv: settings(pairs...), Output: &bytes.Buffer{}}
}

// A signature of a tag is a signature of whatever the tag becomes; and a bill that is not signed can be swapped.
func TestTheDigestIsSignedAndTheBillWithIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tools := b.tools("COSIGN_KEY", "awskms:///alias/shop", "COSIGN_ARGS", "--tlog-upload=false")
	require.ErrorContains(t, b.store.Sign(t.Context(), tools, "registry.example.com/shop", echo), "make sbom SERVICE=echo")
	_, err := b.store.Bill(echo)
	require.NoError(t, err)
	b.tool(t, "cosign", 0)
	require.NoError(t, b.store.Sign(t.Context(), tools, "registry.example.com/shop", echo))
	named := "registry.example.com/shop/echo@" + b.made.Digest
	require.Equal(t, []string{
		"cosign sign --yes --key awskms:///alias/shop --tlog-upload=false " + named,
		"cosign attest --yes --key awskms:///alias/shop --tlog-upload=false --type spdxjson --predicate " + b.store.BillFile(echo) + " " + named,
	}, b.calls(t))
	b.tool(t, "cosign", 1)
	err = b.store.Sign(t.Context(), tools, "127.0.0.1:5000/shop", echo)
	require.ErrorContains(t, err, "FAILED: signature of echo")
	require.False(t, notRun(err))
	require.Len(t, b.calls(t), 3, "nothing is attested of what could not be signed")
	require.Contains(t, b.calls(t)[2], "--allow-http-registry")
}

// A release that was not signed because there was no key must not look like one that was.
func TestSigningWithoutAKeyIsNoSignature(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.Bill(echo)
	require.NoError(t, err)
	b.tool(t, "cosign", 0)
	err = b.store.Sign(t.Context(), b.tools(), "registry.example.com/shop", echo)
	require.True(t, notRun(err))
	require.ErrorContains(t, err, "NOT RUN: signature of echo: COSIGN_KEY is not set")
	require.Empty(t, b.calls(t))
}

func notRun(err error) bool {
	_, ok := errors.AsType[*NotRunError](err)
	return ok
}

// A scanner that cannot reach its database has found nothing out. If that passed, every image would.
func TestAScanPassesOnlyWhenEveryScannerLooked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                      string
		govulncheck, osv, secrets int
		failed, notRun            []string
	}{
		{name: "clean"},
		{name: "vulnerable", govulncheck: 3, osv: 1, failed: []string{"vulnerabilities in the code of echo", "vulnerabilities in the image of echo"}},
		{name: "no database", govulncheck: 1, osv: 127, notRun: []string{"vulnerabilities in the code of echo", "vulnerabilities in the image of echo"}},
		{name: "a key in the sources", secrets: 10, failed: []string{"secrets in services/echo", "secrets in services/platform", "secrets in proto"}},
		{name: "a broken scanner", secrets: 2, notRun: []string{"secrets in services/echo"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.tool(t, "govulncheck", c.govulncheck)
			b.tool(t, "osv-scanner", c.osv)
			b.tool(t, "gitleaks", c.secrets)
			p := Program{Name: echo, Module: "services/echo", Folder: "cmd/echo"}
			put(t, filepath.Join(b.root, p.Module, "go.mod"), "", 0o644)
			err := b.store.Scan(t.Context(), b.tools("GOVULNDB", "file:///db"), p)
			require.Equal(t, len(c.failed)+len(c.notRun) == 0, err == nil)
			require.Len(t, b.calls(t), 5, "each is heard, whatever the others said")
			require.Contains(t, b.calls(t), "govulncheck -db file:///db ./cmd/echo")
			for _, what := range c.failed {
				require.ErrorContains(t, err, "FAILED: "+what)
			}
			for _, what := range c.notRun {
				require.ErrorContains(t, err, "NOT RUN: "+what)
			}
			require.Equal(t, len(c.notRun) > 0, notRun(err))
		})
	}
}

// Who builds with docker must get the same program, run by the same user, in the same way.
func TestTheDockerfileMakesTheSameImages(t *testing.T) {
	t.Parallel()
	root, err := Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "deploy", "image", "Dockerfile"))
	require.NoError(t, err)
	list, err := Programs(root)
	require.NoError(t, err)
	for _, p := range list {
		require.Contains(t, string(text), fmt.Sprintf("FROM files AS %s\nENTRYPOINT [\"/%s\"]\n", p.Name, p.Name))
	}
	require.Equal(t, len(list), strings.Count(string(text), "ENTRYPOINT"))
	require.Contains(t, string(text), "FROM scratch AS files\nCOPY . /\nUSER "+User+"\n")
	store, _ := kept(t, release("1.2.3"))
	made, _, err := store.Image(echo)
	require.NoError(t, err)
	config, err := made.ConfigFile()
	require.NoError(t, err)
	for label := range config.Config.Labels {
		require.Contains(t, string(text), label+"=")
	}
}
