package skew

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// suiteOf is a stage whose journeys are a script.
func suiteOf(t *testing.T, script string) stage {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, journeys)
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/bash\n"+script), 0o700))
	return stage{dir: dir, sides: sides{old: map[string]string{journeys: program}, suite: dir}}
}

// When it fails, something that was late on a busy machine is taken for releases that do not get along, or such releases for
// something that was late.
func TestWhatFailsIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	const other, late = "echo '--- PASS: TestA (0s)'\n", `if [[ "$*" == *"-test.run ^(TestB)$" ]]; then echo '--- PASS: TestB (0s)'; exit 0; fi` + "\n"
	const fails = "echo '--- FAIL: TestB (0s)'; exit 1\n"
	for _, c := range []struct {
		name, script string
		want         Result
	}{
		{"all pass", other, Result{Passed: 1}},
		{"late", late + other + fails, Result{Passed: 2, Second: []string{"TestB"}}},
		{"red", other + fails, Result{Passed: 1, Red: []string{"TestB"}}},
		{"a failure of the shop", late + other + "echo 'FAIL: whatever was asked: 500'\n" + fails, Result{Passed: 1, Red: []string{"TestB", "whatever was asked: 500"}}},
		{"nothing", "", Result{Red: []string{"no journey was made"}}},
		{"no shop", "echo 'acceptance: open the markets'; exit 1", Result{Red: []string{"the journeys: exit status 1: acceptance: open the markets"}}},
	} {
		var result Result
		suiteOf(t, c.script).journeys(t.Context(), nil, &result)
		require.Equal(t, c.want, result, c.name)
	}
}

// When it fails, a planted change is found by something that was late, or is waited for long after it was found.
func TestAPlantedChangeEndsTheJourneys(t *testing.T) {
	t.Parallel()
	s := suiteOf(t, "echo '--- FAIL: TestB (0s)'; exec tail -f /dev/null\n")
	s.hasty = true
	said, err := s.command(t.Context(), "journeys.log", []string{s.sides.old[journeys]}, nil)
	require.Error(t, err)
	require.Equal(t, []string{"TestB"}, hear(said).failed)
	late := suiteOf(t, `if [[ "$*" == *"-test.run"* ]]; then echo '--- PASS: TestB (0s)'; exit 0; fi
if [ -e once ]; then echo '--- PASS: TestA (0s)'; exit 0; fi
touch once; echo '--- FAIL: TestB (0s)'; exit 1`)
	late.hasty = true
	var result Result
	late.journeys(t.Context(), nil, &result)
	require.Equal(t, Result{Passed: 1, Second: []string{"TestB"}}, result)
}
