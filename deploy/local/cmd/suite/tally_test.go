package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// told runs events through a tally and returns what it prints.
func told(t *testing.T, events ...string) (*tally, string) {
	t.Helper()
	var output strings.Builder
	sums := newTally(&output)
	require.NoError(t, sums.read(strings.NewReader(strings.Join(events, "\n"))))
	sums.report()
	return sums, output.String()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

const cart = `"Package":"github.com/cartwright-shop/cartwright/services/cart/internal/cart"`

// When it fails, the last line that people and machines read does not say how many tests passed.
func TestCountsEveryTestAndSubtest(t *testing.T) {
	t.Parallel()
	_, output := told(t,
		`{"Action":"run",`+cart+`,"Test":"TestA"}`,
		`{"Action":"run",`+cart+`,"Test":"TestA/one"}`,
		`{"Action":"pass",`+cart+`,"Test":"TestA/one"}`,
		`{"Action":"pass",`+cart+`,"Test":"TestA"}`,
		`{"Action":"output",`+cart+`,"Output":"ok  \tcart\t(cached)\n"}`,
		`{"Action":"pass",`+cart+`,"Elapsed":1.5}`,
		`{"Action":"skip","Package":"github.com/cartwright-shop/cartwright/services/cart/cmd/cart"}`)
	require.Equal(t, "2 passed, 0 failed, 0 skipped", lastLine(output))
	require.Contains(t, output, "services/cart/internal/cart")
	require.Contains(t, output, "cached")
	require.NotContains(t, output, "cmd/cart", "a package without tests is not told about")
}

// When it fails, a failure scrolls away, or is not counted.
func TestFailuresAreToldTwice(t *testing.T) {
	t.Parallel()
	sums, output := told(t,
		`{"Action":"run",`+cart+`,"Test":"TestA"}`,
		`{"Action":"output",`+cart+`,"Test":"TestA","Output":"=== RUN   TestA\n"}`,
		`{"Action":"output",`+cart+`,"Test":"TestA","Output":"    a_test.go:1: not equal\n"}`,
		`{"Action":"fail",`+cart+`,"Test":"TestA"}`,
		`{"Action":"fail",`+cart+`,"Elapsed":0.1}`)
	require.Equal(t, "0 passed, 1 failed, 0 skipped", lastLine(output))
	require.Contains(t, output, "not equal")
	require.Contains(t, output, "FAILED: services/cart/internal/cart TestA\n")
	require.Equal(t, 1, sums.failed)
}

// When it fails, a test binary that dies, or does not even build, counts as nothing.
func TestWhatHasNoResultIsAFailure(t *testing.T) {
	t.Parallel()
	_, output := told(t,
		`{"Action":"run",`+cart+`,"Test":"TestHangs"}`,
		`{"Action":"output",`+cart+`,"Test":"TestHangs","Output":"panic: test timed out\n"}`,
		`{"Action":"fail",`+cart+`,"Elapsed":600}`,
		`{"ImportPath":"shop.test","Action":"build-output","Output":"undefined: price\n"}`,
		`{"ImportPath":"shop.test","Action":"build-fail"}`,
		`{"Action":"fail","Package":"shop","FailedBuild":"shop.test"}`,
		`{"Action":"output","Package":"watch","Output":"FAIL: an answer was late\n"}`,
		`{"Action":"fail","Package":"watch"}`)
	require.Equal(t, "0 passed, 3 failed, 0 skipped", lastLine(output))
	require.Contains(t, output, "TestHangs did not end")
	require.Contains(t, output, "undefined: price")
	require.Contains(t, output, "an answer was late")
}

// When it fails, tests are left out in silence.
func TestWhatDidNotRunIsTold(t *testing.T) {
	t.Parallel()
	_, output := told(t,
		`{"Action":"run",`+cart+`,"Test":"TestA"}`,
		`{"Action":"output",`+cart+`,"Test":"TestA","Output":"    a_test.go:7: needs a printer\n"}`,
		`{"Action":"skip",`+cart+`,"Test":"TestA"}`,
		`{"Action":"output",`+cart+`,"Output":"NOT RUN: kill a service: the shop is not ours\n"}`,
		`{"Action":"pass",`+cart+`}`,
		`this is no event`)
	require.Equal(t, "0 passed, 0 failed, 1 skipped", lastLine(output))
	require.Contains(t, output, "SKIPPED: services/cart/internal/cart TestA: needs a printer\n")
	require.Contains(t, output, "NOT RUN: services/cart/internal/cart: kill a service: the shop is not ours\n")
	require.Contains(t, output, "this is no event", "what the tools say is passed on")
}
