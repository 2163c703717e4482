package gate_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/gate"
	"github.com/stretchr/testify/require"
)

// repository is a small one with two commits, whose contracts differ, and tools of its own.
func repository(t *testing.T, tools map[string]string) (*gate.Build, *bytes.Buffer, string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	git := func(arguments ...string) string {
		arguments = append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, arguments...)
		output, err := exec.Command("git", arguments...).CombinedOutput()
		require.NoError(t, err, string(output))
		return strings.TrimSpace(string(output))
	}
	write("proto/cartwright/cart/v1/cart.proto", "old\n")
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	first := git("rev-parse", "HEAD")
	write("proto/cartwright/cart/v1/cart.proto", "new\n")
	git("commit", "-q", "-a", "-m", "two")
	for name, text := range tools {
		write(".bin/"+name, "#!/bin/bash\n"+text+"\n")
	}
	output := &bytes.Buffer{}
	return &gate.Build{Root: dir, Service: "cart", Commit: git("rev-parse", "HEAD"), Output: output}, output, first
}

func named(t *testing.T, name string) gate.Gate {
	t.Helper()
	g, err := gate.Named(name)
	require.NoError(t, err)
	return g
}

// A contract compared with anything but what is deployed lets a release break the callers of what is deployed.
func TestContractIsComparedWithWhatIsDeployed(t *testing.T) {
	t.Parallel()
	const buf = `echo "called $*"; if test "$1" = build; then cat "$2/cartwright/cart/v1/cart.proto" > "$4"; else cat "$4"; fi`
	build, output, first := repository(t, map[string]string{"buf": buf, "aws": "echo"})
	build.Against = first
	require.Equal(t, gate.Passed, build.Run(t.Context(), named(t, "contract")).Status)
	require.Contains(t, output.String(), "called breaking .local/deployed/now.binpb --against .local/deployed/before.binpb --config "+
		`{"version":"v2","breaking":{"use":["FILE"]}} --path cartwright/cart --path cartwright/type`+"\nold\n")

	build.Against = "no-such-revision"
	verdict := build.Run(t.Context(), named(t, "contract"))
	require.Equal(t, gate.NotRun, verdict.Status)
	require.Contains(t, verdict.Reason, "no-such-revision")

	build.Against = gate.Nothing
	require.Equal(t, gate.Passed, build.Run(t.Context(), named(t, "contract")).Status)

	build.Against = ""
	require.Equal(t, gate.NotRun, build.Run(t.Context(), named(t, "contract")).Status, "nobody said what is deployed")
	build.Parameter = "/cartwright/production/cart/deployed"
	verdict = build.Run(t.Context(), named(t, "contract"))
	require.Equal(t, gate.NotRun, verdict.Status, "an empty parameter is not \"none\"")
}

// A contract that breaks must not be taken for a tool that could not run, and the other way round.
func TestExitCodesTellFoundFromUnable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gate, tool, script string
		status             gate.Status
	}{
		{"contract", "buf", "exit 100", gate.Failed},
		{"contract", "buf", "exit 1", gate.NotRun},
		{"secrets", "gitleaks", "exit 10", gate.Failed},
		{"secrets", "gitleaks", "exit 1", gate.NotRun},
		{"secrets", "gitleaks", "kill -9 $$", gate.NotRun},
		{"secrets", "gitleaks", "exit 0", gate.Passed},
		{"image", "osv-scanner", "exit 0", gate.NotRun}, // there is no bill of materials
	} {
		build, _, first := repository(t, map[string]string{c.tool: c.script})
		build.Against = first
		verdict := build.Run(t.Context(), named(t, c.gate))
		require.Equal(t, c.status, verdict.Status, "%s: %s", c.gate, c.script)
	}
}

// A verdict of yesterday's commit, of another service, or none at all must not let a release through.
func TestMissing(t *testing.T) {
	t.Parallel()
	build, _, first := repository(t, nil)
	missing, err := build.Missing(true)
	require.NoError(t, err)
	require.Len(t, missing, len(gate.Gates()))
	require.Equal(t, gate.NotRun, missing[0].Status)

	for _, g := range gate.Gates() {
		require.NoError(t, build.Keep(gate.Verdict{Gate: g.Name, Service: "cart", Commit: build.Commit, Status: gate.Passed, Seconds: 1}))
	}
	missing, err = build.Missing(true)
	require.NoError(t, err)
	require.Empty(t, missing)

	for _, wrong := range []gate.Verdict{
		{Gate: "unit", Service: "cart", Commit: first, Status: gate.Passed},
		{Gate: "unit", Service: "pricing", Commit: build.Commit, Status: gate.Passed},
		{Gate: "unit", Service: "cart", Commit: build.Commit, Status: gate.Failed, Reason: "it failed"},
		{Gate: "unit", Service: "cart", Commit: build.Commit, Status: gate.NotRun, Seconds: 1},
	} {
		require.NoError(t, build.Keep(wrong))
		missing, err = build.Missing(false)
		require.NoError(t, err)
		require.Len(t, missing, 1, "%+v", wrong)
		require.Equal(t, "unit", missing[0].Gate)
	}
	require.NoError(t, build.Keep(gate.Verdict{Gate: "unit", Service: "cart", Commit: build.Commit, Status: gate.Passed}))
	require.NoError(t, build.Keep(gate.Verdict{Gate: "image", Service: "cart", Commit: build.Commit, Status: gate.NotRun, Seconds: 1}))
	missing, err = build.Missing(false)
	require.NoError(t, err)
	require.Empty(t, missing, "gates of the image come after it was made")
	missing, err = build.Missing(true)
	require.NoError(t, err)
	require.Len(t, missing, 1)
	report, err := os.ReadFile(filepath.Join(build.Root, ".local", "reports", "gates.xml"))
	require.NoError(t, err)
	require.Contains(t, string(report), "NOT RUN")
}
