package buildspec_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/buildspec"
	"github.com/stretchr/testify/require"
)

// rig is a repository with one service, tools that write down how they were called, and a registry.
type rig struct {
	dir, calls string
	registry   *httptest.Server
	env        []string

	mu     sync.Mutex
	pushed []string
}

// programs are built once: the gates and the login are the real ones, all that they call are stand-ins.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cartwright-pipeline-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"gate", "registrylogin"} {
		command := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../cmd/"+name)
		command.Env = append(os.Environ(), "GOWORK=off")
		if output, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w: %s", name, err, output)
		}
	}
	return dir, nil
})

// TestMain removes the programs that the tests built.
func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// tool is a stand-in: it writes down its call, fails when the rig says so, and does the little that others wait for.
const tool = `#!/bin/bash
name=$(basename "$0")
call="$name $*"
echo "$call" >> "$RIG_CALLS"
while read -r code pattern; do
  if [ -n "$pattern" ] && [[ "$call" == *$pattern* ]]; then exit "$code"; fi
done < "$RIG_FAIL"
case "$call" in
"go run ./deploy/pipeline/cmd/gate "*) shift 2; exec "$RIG_PROGRAMS/gate" "$@" ;;
"go run ./deploy/pipeline/cmd/registrylogin "*) shift 2; exec "$RIG_PROGRAMS/registrylogin" "$@" ;;
"go build -C deploy -buildvcs=false -o "*" ./skew/cmd/skew") mkdir -p "$(dirname "$6")"; cp "$0" "$6" ;;
"make image "*) mkdir -p .local/image; printf 'sha256:%064d\n' 7 > ".local/image/$SERVICE.digest"; echo layers > ".local/image/$SERVICE.tar" ;;
"make sbom "*) echo '{}' > ".local/image/$SERVICE.spdx.json" ;;
"make push "*) curl -sf -X PUT --data-binary @".local/image/$SERVICE.tar" "http://$REGISTRY/v2/cartwright/$SERVICE/manifests/$VERSION" ;;
"make sign "*) exec cosign sign --key "$COSIGN_KEY" "$REGISTRY/cartwright/$SERVICE@$(cat ".local/image/$SERVICE.digest")" ;;
"make chart "*) mkdir -p .local/release; echo '{}' > .local/release/release.json ;;
"aws ssm get-parameter "*) echo none ;;
"aws ecr get-login-password"*) echo a-password ;;
esac
`

func newRig(t *testing.T, failures ...string) *rig {
	t.Helper()
	built, err := programs()
	require.NoError(t, err)
	r := &rig{dir: t.TempDir()}
	r.calls = filepath.Join(r.dir, "calls")
	r.registry = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pushed = append(r.pushed, request.Method+" "+request.URL.Path)
	}))
	t.Cleanup(r.registry.Close)
	tools, work := filepath.Join(r.dir, "tools"), filepath.Join(r.dir, "work")
	for _, name := range []string{"go", "make", "aws", "cosign", "gitleaks", "govulncheck", "osv-scanner", "buf"} {
		r.write(t, filepath.Join(tools, name), tool)
	}
	for _, service := range []string{"cart", "pricing"} {
		r.write(t, filepath.Join(work, "services", service, "cmd", service, "main.go"), "package main\n")
	}
	r.write(t, filepath.Join(work, "deploy", "go.mod"), "module deploy\n")
	r.write(t, filepath.Join(r.dir, "fail"), strings.Join(failures, "\n")+"\n")
	for _, arguments := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one"}} {
		output, err := exec.Command("git", append([]string{"-C", work}, arguments...)...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	r.env = []string{
		"PATH=" + tools + ":" + os.Getenv("PATH"), "HOME=" + r.dir, "RIG_CALLS=" + r.calls, "RIG_FAIL=" + filepath.Join(r.dir, "fail"),
		"RIG_PROGRAMS=" + built, "SERVICE=cart", "REGISTRY=" + strings.TrimPrefix(r.registry.URL, "http://"),
		"DEPLOYED_PARAMETER=/cartwright/production/cart/deployed", "COSIGN_KEY=awskms:///alias/cartwright",
	}
	return r
}

func (r *rig) write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o755))
}

// run runs the specification that ships and returns what it called and printed.
func (r *rig) run(t *testing.T, stubborn bool) (calls []string, printed string, err error) {
	t.Helper()
	spec, err := buildspec.Parse([]byte(specification(t)))
	require.NoError(t, err)
	var output bytes.Buffer
	err = spec.Run(t.Context(), buildspec.Place{Dir: filepath.Join(r.dir, "work"), Env: r.env, Output: &output, Stubborn: stubborn})
	text, readErr := os.ReadFile(r.calls)
	require.NoError(t, readErr)
	return strings.Split(strings.TrimSpace(string(text)), "\n"), output.String(), err
}

// index finds the first call that holds a text.
func index(calls []string, text string) int {
	return slices.IndexFunc(calls, func(call string) bool { return strings.Contains(call, text) })
}

// published are the calls that make a version known outside of the build.
func (r *rig) published(calls []string) (found []string) {
	for _, call := range calls {
		if strings.HasPrefix(call, "cosign") || strings.HasPrefix(call, "make push") || strings.HasPrefix(call, "make sign") {
			found = append(found, call)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(found, r.pushed...)
}

// The specification, run to its end, must look at everything before it publishes anything.
func TestRunsInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	calls, printed, err := r.run(t, false)
	require.NoError(t, err, printed)
	last := -1
	for _, expected := range []string{
		"make pipeline-tools", "gitleaks dir", "make lint/cart", "go vet", "go mod verify", "go test -count=1 ./architecture", "go run ./pipeline/cmd/check",
		"aws ssm get-parameter --name /cartwright/production/cart/deployed", "-module services/cart -kind unit", "-module services/cart -kind integration", "skew cart",
		"govulncheck", "osv-scanner scan source --lockfile go.mod", "gate require sources", "make image SERVICE=cart VERSION=0.0.0-g", "make sbom SERVICE=cart",
		"osv-scanner scan source --lockfile .local/image/cart.spdx.json", "gate require all", "make push SERVICE=cart", "make sign SERVICE=cart",
		"cosign sign --key awskms:///alias/cartwright", "make chart SERVICE=cart",
	} {
		at := index(calls, expected)
		require.Greater(t, at, last, "%s\n%s", expected, strings.Join(calls, "\n"))
		last = at
	}
	require.Len(t, r.pushed, 1)
	require.Contains(t, r.pushed[0], "PUT /v2/cartwright/cart/manifests/0.0.0-g")
	login, err := os.ReadFile(filepath.Join(r.dir, "work", ".local", "docker", "config.json"))
	require.NoError(t, err)
	require.Contains(t, string(login), strings.TrimPrefix(r.registry.URL, "http://"))
	require.NotContains(t, printed, "a-password")
	report, err := os.ReadFile(filepath.Join(r.dir, "work", ".local", "reports", "gates.xml"))
	require.NoError(t, err)
	require.Contains(t, string(report), `tests="11" failures="0" errors="0"`)
}

// Whatever finds something wrong ends the build before the image is pushed or signed, also where CodeBuild goes on to post_build.
func TestFailureStopsBeforePush(t *testing.T) {
	t.Parallel()
	for gate, failure := range map[string]string{
		"secrets": "10 gitleaks", "lint": "2 make lint/", "vet": "1 go vet", "static": "1 ./architecture", "unit": "1 -kind unit", "integration": "1 -kind integration", "skew": "1 skew cart",
		"vulnerabilities": "3 govulncheck", "dependencies": "1 lockfile go.mod", "image": "1 cart.spdx.json",
	} {
		r := newRig(t, failure)
		calls, printed, err := r.run(t, true)
		require.Error(t, err, gate)
		require.Contains(t, printed, "FAILED: gate "+gate+" of cart")
		require.Empty(t, r.published(calls), gate)
	}
	r := newRig(t, "1 -kind unit")
	calls, _, err := r.run(t, false)
	require.Error(t, err)
	require.Empty(t, r.published(calls))
	require.Negative(t, index(calls, "gate require"), "the phase aborts the build")
	for _, step := range []string{"make image", "make sbom", "aws ecr"} {
		r := newRig(t, "1 "+step)
		calls, _, err := r.run(t, true)
		require.Error(t, err, step)
		require.Empty(t, r.published(calls), step)
	}
}

// A scanner without its database, a parameter that cannot be read or a tool that is missing has found nothing out: the other
// gates are heard, and the release ends with NOT RUN.
func TestWhatCannotRunIsNotReleased(t *testing.T) {
	t.Parallel()
	for gate, failure := range map[string]string{
		"secrets": "1 gitleaks", "vulnerabilities": "1 govulncheck", "dependencies": "127 lockfile go.mod", "image": "127 cart.spdx.json",
		"contract": "255 aws ssm", "skew": "3 skew cart",
	} {
		r := newRig(t, failure)
		calls, printed, err := r.run(t, false)
		require.Error(t, err, gate)
		require.Contains(t, printed, "NOT RUN: gate "+gate+" of cart")
		require.GreaterOrEqual(t, index(calls, "-kind integration"), 0, "%s: the other gates are not heard", gate)
		require.Empty(t, r.published(calls), gate)
	}
	r := newRig(t)
	require.NoError(t, os.Remove(filepath.Join(r.dir, "tools", "osv-scanner")))
	calls, printed, err := r.run(t, false)
	require.Error(t, err)
	require.Contains(t, printed, "NOT RUN: gate dependencies of cart")
	require.Empty(t, r.published(calls))
}

// A release is for a service that exists and for a registry that was named.
func TestRunWantsItsSettings(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"SERVICE=nothing", "SERVICE=", "REGISTRY=", "COSIGN_KEY="} {
		r := newRig(t)
		r.write(t, r.calls, "")
		r.env = append(r.env, setting)
		calls, _, err := r.run(t, true)
		require.Error(t, err, setting)
		require.Empty(t, r.published(calls), setting)
	}
}
