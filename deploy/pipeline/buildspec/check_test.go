package buildspec_test

import (
	"os"
	"strings"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/buildspec"
	"github.com/stretchr/testify/require"
)

const golang = "1.26"

func specification(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../buildspec.yml")
	require.NoError(t, err)
	return string(text)
}

// The specification that ships must not hold any of the mistakes that the checker knows.
func TestOurSpecificationIsClean(t *testing.T) {
	t.Parallel()
	spec, err := buildspec.Parse([]byte(specification(t)))
	require.NoError(t, err)
	require.Empty(t, spec.Check(golang))
}

// Each of these mistakes is accepted by CodeBuild. One that is not found here would publish a version that nothing was
// asked about, or that failed.
func TestFindsSeededMistakes(t *testing.T) {
	t.Parallel()
	for name, seed := range map[string]struct{ old, new, found string }{
		"an old version":            {"version: 0.2", "version: 0.1", "version is"},
		"a misspelt phase":          {"  pre_build:", "  prebuild:", "never run"},
		"a misspelt key of a phase": {"    runtime-versions:", "    runtime-version:", "unknown key"},
		"a misspelt key at the top": {"reports:\n  gates", "report:\n  gates", "unknown key"},
		"a misspelt key of env":     {"  exported-variables:", "  exported-variable:", "unknown key"},
		"goes on after a failure":   {"  build:\n    on-failure: ABORT", "  build:\n    on-failure: CONTINUE", "not ABORT"},
		"no word on failures":       {"  pre_build:\n    on-failure: ABORT\n", "  pre_build:\n", "not ABORT"},
		// Failures are swallowed here on purpose: these are the mistakes that the checker must find.
		"a failure swallowed":          {"gate run unit", "gate run unit || true", "swallows"},
		"a failure swallowed by :":     {"- go run ./deploy/pipeline/cmd/gate run integration", "- 'go run ./deploy/pipeline/cmd/gate run integration || :'", "swallows"},
		"a failure swallowed by echo":  {"gate run integration", "gate run integration || echo failed", "swallows"},
		"make goes on":                 {"- make pipeline-tools", "- make --keep-going pipeline-tools", "goes on"},
		"errors of pipes are lost":     {"  build:\n    on-failure: ABORT\n    commands:\n      - set -euo pipefail", "  build:\n    on-failure: ABORT\n    commands:\n      - set -eu", "first command"},
		"errors switched off":          {"      - go run ./deploy/pipeline/cmd/gate run unit", "      - set +e\n      - go run ./deploy/pipeline/cmd/gate run unit", "goes on"},
		"in the background":            {"gate run integration", "gate run integration &", "leaves a command behind"},
		"another shell":                {"  shell: bash", "  shell: sh", "not bash"},
		"a secret in plain text":       {"    GOTOOLCHAIN: local", "    REGISTRY_PASSWORD: hunter2", "plain text"},
		"a secret in a command":        {"- make pipeline-tools", "- REGISTRY_TOKEN=abc make pipeline-tools", "holds a secret"},
		"a moving version":             {"- make pipeline-tools", "- go install example.com/tool@latest", "changes by itself"},
		"a download that is run":       {"- make pipeline-tools", "- curl -s https://example.com/x | bash", "without a look"},
		"a gate forgotten":             {"gate run vulnerabilities dependencies", "gate run dependencies", "gate vulnerabilities is never run"},
		"a gate misspelt":              {"gate run unit", "gate run units", "no gate"},
		"a gate after the push":        {"      - go run ./deploy/pipeline/cmd/gate run integration\n", "", "gate integration is never run"},
		"nobody asks for the gates":    {"      - go run ./deploy/pipeline/cmd/gate require all\n", "", "require all"},
		"images of what failed":        {"      - test \"$CODEBUILD_BUILD_SUCCEEDING\" = 1\n", "", "CODEBUILD_BUILD_SUCCEEDING"},
		"a push at the end anyway":     {"reports:", "    finally:\n      - make push SERVICE=\"$SERVICE\"\n\nreports:", "publishes"},
		"a push before the tests":      {"gate run unit", "gate run unit && make push SERVICE=\"$SERVICE\"", "publishes"},
		"one service for all":          {"make image SERVICE=\"$SERVICE\"", "make image SERVICE=cart", "not for the SERVICE"},
		"no signature":                 {"      - make sign SERVICE=\"$SERVICE\" VERSION=\"$VERSION\" REGISTRY=\"$REGISTRY/cartwright\"\n", "", "make sign"},
		"reports that nobody sees":     {"files: [unit.xml, integration.xml]", "files: [unit.xml]", "integration.xml"},
		"a report of unknown form":     {"file-format: JUNITXML", "file-format: JUNIT", "file-format"},
		"another Go":                   {"golang: \"1.26\"", "golang: \"1.25\"", "golang"},
		"verdicts that are cached":     {"    - .cache/go-mod/**/*", "    - .local/**/*", "verdicts"},
		"nothing to deploy":            {"  base-directory: .local/release", "  base-directory: dist", "bundle"},
		"a release without its digest": {"    - IMAGE_DIGEST\n", "", "IMAGE_DIGEST"},
	} {
		text := specification(t)
		require.Equal(t, 1, min(1, strings.Count(text, seed.old)), "%s: %q is not in the specification", name, seed.old)
		spec, err := buildspec.Parse([]byte(strings.Replace(text, seed.old, seed.new, 1)))
		require.NoError(t, err, name)
		require.Contains(t, strings.Join(spec.Check(golang), "\n"), seed.found, name)
	}
	for name, text := range map[string]string{
		"a key twice": strings.Replace(specification(t), "phases:\n", "phases: {}\nphases:\n", 1), "no mapping": "- version", "nothing": "",
	} {
		_, err := buildspec.Parse([]byte(text))
		require.Error(t, err, name)
	}
}

// The order is what keeps a version that failed away from the registry: swapping any two stages must be seen.
func TestFindsStagesInWrongOrder(t *testing.T) {
	t.Parallel()
	text := specification(t)
	at := strings.Index(text, "  post_build:")
	end := at + strings.Index(text[at:], "\n\n")
	lines := strings.Split(text[at:end], "\n")
	first := 4
	require.Contains(t, lines[first], "SUCCEEDING")
	swapped := 0
	for i := first; i < len(lines)-2; i++ {
		if strings.Contains(lines[i], "registrylogin") || strings.Contains(lines[i+1], "registrylogin") {
			continue // may stand anywhere before the push
		}
		other := append([]string{}, lines...)
		other[i], other[i+1] = other[i+1], other[i]
		spec, err := buildspec.Parse([]byte(text[:at] + strings.Join(other, "\n") + text[end:]))
		require.NoError(t, err)
		require.NotEmpty(t, spec.Check(golang), "%s before %s", lines[i+1], lines[i])
		swapped++
	}
	require.Greater(t, swapped, 6)
}
