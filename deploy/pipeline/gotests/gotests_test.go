package gotests_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/gotests"
	"github.com/stretchr/testify/require"
)

// A test of neither kind is never run by the pipeline, one of both is run twice.
func TestEveryPackageIsOfOneKind(t *testing.T) {
	t.Parallel()
	const module = "../../../services/pricing"
	unit, err := gotests.Packages(t.Context(), module, gotests.Unit)
	require.NoError(t, err)
	integration, err := gotests.Packages(t.Context(), module, gotests.Integration)
	require.NoError(t, err)
	const prefix = "github.com/cartwright-shop/cartwright/services/pricing/internal/"
	require.Contains(t, unit, prefix+"quote")
	require.Contains(t, integration, prefix+"postgres")
	found := map[string]bool{}
	require.NoError(t, filepath.WalkDir(module, func(name string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(name, "_test.go") {
			rest, _ := strings.CutPrefix(filepath.Dir(name), module)
			found["github.com/cartwright-shop/cartwright/services/pricing"+rest] = true
		}
		return err
	}))
	all := slices.Sorted(slices.Values(append(slices.Clone(unit), integration...)))
	require.Len(t, all, len(found))
	for _, name := range all {
		require.True(t, found[name], name)
	}
}

// A report that shows no failure where there was one lets people believe in a build that is broken.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("go.mod", "module example.com/m\n\ngo 1.26.0\n")
	write("good/good_test.go", "package good\n\nimport \"testing\"\n\nfunc TestGood(t *testing.T) {}\n")
	report := filepath.Join(dir, "reports", "unit.xml")
	unit := gotests.Set{Module: dir, Kind: gotests.Unit, Report: report}
	var output bytes.Buffer
	require.NoError(t, gotests.Run(t.Context(), unit, &output))
	require.Contains(t, output.String(), "1 passed, 0 failed, 0 skipped")
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	require.Contains(t, string(text), `name="TestGood"`)

	require.NoError(t, gotests.Run(t.Context(), gotests.Set{Module: dir, Kind: gotests.Integration, Report: report}, &output), "a module may have none")

	write("bad/bad_test.go", "package bad\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Fatal(\"what is wrong\") }\n")
	write("broken/broken_test.go", "package broken\n\nfunc TestBroken(t *testing.T) {}\n")
	require.Error(t, gotests.Run(t.Context(), unit, &output))
	require.Contains(t, output.String(), "what is wrong")
	text, err = os.ReadFile(report)
	require.NoError(t, err)
	require.Contains(t, string(text), "what is wrong")
	require.Contains(t, string(text), `failures="2"`, "a package that does not build is a failure")
}
