package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// When it fails, an audit of a working shop cries wolf at every commit that one service has made and the next has not, or is silent
// about what stays wrong.
func TestOnlyWhatStaysWrongIsReported(t *testing.T) {
	t.Parallel()
	s := makeModel(t).copy(t)
	s.spoil(`UPDATE cart.sales_order SET captured = captured - 1 WHERE id = ` + placedOrder + `; UPDATE payment.gift_card SET balance = balance - 1 WHERE id = 'card-0'`)
	waited := 0
	report, err := audit.Run(t.Context(), audit.Options{
		Database: s.auditor, Settlement: s.settlement, Wait: func(context.Context, time.Duration) error {
			waited++
			s.spoil(`UPDATE cart.sales_order SET captured = captured + 1 WHERE id = ` + placedOrder)
			return nil
		},
	})
	require.NoError(t, err)
	require.Equal(t, 1, waited)
	require.True(t, report.Confirmed)
	require.Equal(t, []string{"I12"}, report.Violated())
	require.Equal(t, int64(1), report.Violations())
}

// command runs the program and returns what it wrote and its exit code.
func command(t *testing.T, binary string, arguments ...string) (string, int) {
	t.Helper()
	var output bytes.Buffer
	program := exec.CommandContext(t.Context(), binary, arguments...)
	program.Stdout, program.Stderr = &output, &output
	program.Env = append(program.Environ(), "AUDIT_DATABASE_URL=", "CARTWRIGHT_LOCAL_DIR="+t.TempDir())
	if err := program.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return output.String(), program.ProcessState.ExitCode()
}

// When it fails, whatever runs audits by the clock takes a violation, or an audit that could not run, for a sound shop.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	binary, s := built(t), makeModel(t).copy(t)
	output, code := command(t, binary, "-database", s.auditor, "-settlement", s.settlement, "-acknowledged", s.acks, "-quiet-shop")
	require.Equal(t, 0, code, output)
	require.Contains(t, output, "0 violated")
	s.spoil(`UPDATE inventory.stock SET reserved = reserved + 1 WHERE sku = 'SKU-2'`)
	output, code = command(t, binary, "-database", s.auditor, "-quiet-shop", "-json")
	require.Equal(t, 1, code, output)
	var report audit.Report
	require.NoError(t, json.Unmarshal([]byte(output), &report))
	require.Equal(t, []string{"I2"}, report.Violated())
	for _, result := range report.Results {
		switch result.Invariant {
		case "I22":
			require.Equal(t, audit.NotRun, result.Verdict(), "%s has nothing to read, which is no success", result.Invariant)
		case "I13", "I24":
			require.Equal(t, audit.HoldsRun, result.Verdict(), "no logs were given, neither the provider's nor ours")
		}
	}
	for _, arguments := range [][]string{
		{}, {"-database", "postgres://auditor@127.0.0.1:1/none"}, {"-nonsense"}, {"-database", s.auditor, "-only", "I99"}, {"-database", s.auditor, "-logs", "/nowhere.log"},
		{"-database", s.auditor, "-settlement", s.acks, "-quiet-shop"}, {"-database", s.auditor, "-acknowledged", s.settlement, "-quiet-shop"},
	} {
		output, code = command(t, binary, arguments...)
		require.Equal(t, 2, code, "%v: %s", arguments, output)
	}
}
