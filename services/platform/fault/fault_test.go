package fault_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// place builds the program that passes places.
func place(t *testing.T, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "place")
	command := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", binary}, flags...), "./testdata/place")...)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// When this fails everybody's binaries carry code that kills them.
func TestNormalBinaryHoldsNoFault(t *testing.T) {
	t.Parallel()
	marks := []string{"CARTWRIGHT_FAULT", "CARTWRIGHT_CLOCK_SKEW", "fault.Point", "fault.act", "fault.Within", "connection to the database lost"}
	with, err := os.ReadFile(place(t, "-tags", "faults"))
	require.NoError(t, err)
	without, err := os.ReadFile(place(t))
	require.NoError(t, err)
	for _, mark := range marks {
		require.True(t, bytes.Contains(with, []byte(mark)), "%q marks a binary with faults", mark)
		require.False(t, bytes.Contains(without, []byte(mark)), "a normal binary holds %q", mark)
	}
}

// untouched is what the program prints when nothing goes wrong.
const untouched = "commit true\ncommitted true\nagain true\ncall true\nhttp true\nworked 2\n"

// When this fails a crash test believes in faults that do not happen, or happen elsewhere.
func TestFaultsHappenWhereTheyAreArmed(t *testing.T) {
	t.Parallel()
	binary := place(t, "-tags", "faults")
	const echo = "EchoService/Echo"
	for name, c := range map[string]struct {
		arm  fault.Arm
		want string
	}{
		"nothing":                   {fault.Arm{Point: "send Other/Call", Action: fault.Drop}, untouched},
		"lost before commit":        {fault.Arm{Point: "commit job.refill#1", Action: fault.Drop}, "commit false\ncommitted true\nagain true\ncall true\nhttp true\nworked 2\n"},
		"lost after commit":         {fault.Arm{Point: "committed job.refill#1", Action: fault.Drop}, "commit true\ncommitted false\nagain true\ncall true\nhttp true\nworked 2\n"},
		"the second of a kind":      {fault.Arm{Point: "commit job.*", Action: fault.Drop, Nth: 2}, "commit true\ncommitted true\nagain false\ncall true\nhttp true\nworked 2\n"},
		"all of a kind":             {fault.Arm{Point: "commit job.*", Action: fault.Drop, Times: -1}, "commit false\ncommitted true\nagain false\ncall true\nhttp true\nworked 2\n"},
		"request lost":              {fault.Arm{Point: "send " + echo, Action: fault.Drop}, "commit true\ncommitted true\nagain true\ncall false\nhttp true\nworked 1\n"},
		"reply lost by the callee":  {fault.Arm{Point: "done " + echo, Action: fault.Drop}, "commit true\ncommitted true\nagain true\ncall false\nhttp true\nworked 2\n"},
		"reply lost by the caller":  {fault.Arm{Point: "got " + echo, Action: fault.Drop}, "commit true\ncommitted true\nagain true\ncall false\nhttp true\nworked 2\n"},
		"reply too late":            {fault.Arm{Point: "done " + echo, Action: fault.Delay, Milliseconds: 2500}, "commit true\ncommitted true\nagain true\ncall false\nhttp true\nworked 2\n"},
		"request carried out later": {fault.Arm{Point: "take " + echo, Action: fault.Late, Milliseconds: 100}, "commit true\ncommitted true\nagain true\ncall false\nhttp true\nworked 2\n"},
		"refused":                   {fault.Arm{Point: "take " + echo, Action: fault.Refuse}, "commit true\ncommitted true\nagain true\ncall false\nhttp true\nworked 1\n"},
		"sent five times":           {fault.Arm{Point: "send " + echo, Action: fault.Duplicate}, "commit true\ncommitted true\nagain true\ncall true\nhttp true\nworked 6\n"},
		"HTTP request lost":         {fault.Arm{Point: "send POST captures", Action: fault.Drop}, "commit true\ncommitted true\nagain true\ncall true\nhttp false\nworked 1\n"},
		"HTTP reply lost":           {fault.Arm{Point: "got POST captures", Action: fault.Drop}, "commit true\ncommitted true\nagain true\ncall true\nhttp false\nworked 2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, lines, err := run(t, binary, c.arm)
			require.NoError(t, err)
			require.Equal(t, c.want, output)
			require.Equal(t, c.want != untouched, fired(lines, "x"), "the log says whether the fault happened")
		})
	}
}

// When this fails a test kills nobody, and nobody knows where.
func TestDeath(t *testing.T) {
	t.Parallel()
	output, lines, err := run(t, place(t, "-tags", "faults"), fault.Arm{Point: "committed job.refill#1", Action: fault.Die})
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
	require.Equal(t, "commit true\n", output, "it died right there")
	require.True(t, fired(lines, "x"))
	require.Equal(t, "commit job.refill#1", lines[0].Point, "places that were only passed are told too")
}

// run runs the program with an arm and returns what it printed and what its log tells.
func run(t *testing.T, binary string, arm fault.Arm) (string, []fault.Line, error) {
	t.Helper()
	dir := t.TempDir()
	arm.ID = "x"
	arms, err := json.Marshal([]fault.Arm{arm})
	require.NoError(t, err)
	file, log := filepath.Join(dir, "arms"), filepath.Join(dir, "log")
	require.NoError(t, os.WriteFile(file, arms, 0o600))
	command := exec.CommandContext(t.Context(), binary)
	command.Env = append(os.Environ(), "CARTWRIGHT_FAULT_FILE="+file, "CARTWRIGHT_FAULT_LOG="+log)
	output, failure := command.Output()
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	var lines []fault.Line
	for line := range strings.Lines(string(text)) {
		var l fault.Line
		require.NoError(t, json.Unmarshal([]byte(line), &l))
		lines = append(lines, l)
	}
	return string(output), lines, failure
}

func fired(lines []fault.Line, id string) bool {
	for _, l := range lines {
		if l.Arm == id {
			return true
		}
	}
	return false
}
