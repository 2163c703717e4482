package affected_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/affected"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/glob"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

var all = []string{"cart", "gateway", "inventory", "payment", "pricing", "product"}

// closures asks the go command once for all tests.
var closures = sync.OnceValues(func() ([]affected.Closure, error) { return affected.Closures(context.Background(), root) })

func repository(t *testing.T) []affected.Closure {
	t.Helper()
	found, err := closures()
	require.NoError(t, err)
	require.Len(t, found, len(all))
	return found
}

func set(t *testing.T, patterns []string) glob.Set {
	t.Helper()
	compiled, err := glob.New(patterns...)
	require.NoError(t, err)
	return compiled
}

// find returns the services that the files touch, by their closures and by the triggers made of these.
func find(t *testing.T, files ...string) (exact, triggered []string) {
	t.Helper()
	changes, err := affected.Find(repository(t), files)
	require.NoError(t, err)
	for _, change := range changes {
		exact = append(exact, change.Service)
	}
	for _, closure := range repository(t) {
		if slices.ContainsFunc(files, set(t, affected.Triggers(closure.Patterns)).Match) {
			triggered = append(triggered, closure.Service)
		}
	}
	return exact, triggered
}

// A team that changes its own service would otherwise deploy those of others, or would not deploy its own.
func TestChangeOfOneService(t *testing.T) {
	t.Parallel()
	for _, service := range all {
		for _, file := range []string{
			"services/" + service + "/internal/app/config.go", "services/" + service + "/go.mod", "services/" + service + "/README.md",
			"services/" + service + "/internal/postgres/migration/099_new.sql", "services/" + service + "/internal/new/folder/new.go",
			"charts/" + service + "/values.yaml", "charts/" + service + "/templates/service.yaml",
			"deploy/env/production/" + service + ".yaml", "deploy/env/staging/" + service + ".yaml",
		} {
			exact, triggered := find(t, file)
			require.Equal(t, []string{service}, exact, file)
			require.Equal(t, []string{service}, triggered, file)
		}
	}
}

// A service that silently keeps an old version of what it shares would run with bugs that were mended.
func TestChangeOfWhatIsShared(t *testing.T) {
	t.Parallel()
	withDatabase := []string{"cart", "inventory", "payment", "pricing", "product"}
	for file, expected := range map[string][]string{
		"services/platform/service/service.go":                  all,
		"services/platform/grpcserver/new.go":                   all,
		"services/platform/errs/errs.go":                        all,
		"services/platform/postgres/pool.go":                    all,
		"services/platform/postgres/migrate/migrate.go":         all,
		"services/platform/go.mod":                              all,
		"services/platform/idempotency/db/query.sql.go":         withDatabase,
		"services/platform/idempotency/do.go":                   withDatabase,
		"services/platform/page/page.go":                        withDatabase,
		"services/platform/moneypb/money.go":                    {"cart", "gateway", "pricing", "product"},
		"services/platform/postgrestest/new.go":                 nil,
		"services/platform/idempotency/idempotencytest/test.go": nil,
		"services/platform/postgres/cluster/cluster.go":         nil,
		"services/platform/README.md":                           nil,
		"proto/cartwright/storefront/v1/cart.proto":             {"gateway"},
		"proto/cartwright/inventory/v1/stock.proto":             {"cart", "gateway", "inventory", "product"},
		"proto/gen/cartwright/inventory/v1/stock.pb.go":         {"cart", "gateway", "inventory", "product"},
		"proto/cartwright/payment/v1/payment.proto":             {"cart", "gateway", "payment"},
		"proto/cartwright/cart/v1/cart.proto":                   {"cart", "gateway", "payment"},
		"proto/cartwright/pricing/v1/price.proto":               {"cart", "gateway", "pricing", "product"},
		"proto/third_party/buf/validate/validate.proto":         all,
		"charts/lib/templates/_deployment.tpl":                  all,
		"buildspec.yml":                                         all,
		"docs/architecture.md":                                  nil,
		"deploy/acceptance/cart_test.go":                        nil,
		"Makefile":                                              nil,
	} {
		exact, triggered := find(t, file)
		require.Equal(t, expected, exact, file)
		require.Equal(t, expected, triggered, file)
	}
	exact, triggered := find(t, "docs/architecture.md", "services/cart/README.md", "services/platform/moneypb/money.go")
	require.Equal(t, []string{"cart", "gateway", "pricing", "product"}, exact)
	require.Equal(t, exact, triggered)
}

// A pipeline whose filter is beyond the limits cannot be deployed, and one that misses a file never ships it: every file of the
// repository must start exactly the pipelines of the services that are made of it.
func TestTriggersMatchWhatServicesAreMadeOf(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	require.NoError(t, err)
	files := strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
	require.Greater(t, len(files), 500)
	for _, closure := range repository(t) {
		triggers := affected.Triggers(closure.Patterns)
		require.LessOrEqual(t, len(triggers), affected.MaxTriggers, closure.Service)
		count := 0
		for _, trigger := range triggers {
			require.LessOrEqual(t, len(trigger), affected.MaxTriggerLength, trigger)
		}
		exact, triggered := set(t, closure.Patterns), set(t, triggers)
		for _, file := range files {
			require.Equal(t, exact.Match(file), triggered.Match(file), "%s: %s", closure.Service, file)
			if exact.Match(file) {
				count++
			}
		}
		require.Greater(t, count, 50, closure.Service)
		requireDependencies(t, closure.Service, triggered)
	}
}

// requireDependencies asks the go command for the files of the service's binary, and looks for each among the triggers.
func requireDependencies(t *testing.T, service string, triggers glob.Set) {
	t.Helper()
	const format = `{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}`
	command := exec.Command("go", "list", "-deps", "-f", format, "./cmd/"+service)
	command.Dir = filepath.Join(root, "services", service)
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	output, err := command.Output()
	require.NoError(t, err)
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	count := 0
	for file := range strings.Lines(string(output)) {
		name, ours := strings.CutPrefix(strings.TrimSpace(file), top+"/")
		if !ours {
			continue
		}
		count++
		require.True(t, triggers.Match(name), "%s is built from %s, which starts no pipeline", service, name)
	}
	require.Greater(t, count, 30)
}

// A repository that grows would otherwise lose triggers at the limit of eight, and with them releases.
func TestTriggersBecomeCoarseRatherThanMany(t *testing.T) {
	t.Parallel()
	patterns := []string{"services/cart/**", "charts/cart/**", "charts/lib/**", "buildspec.yml", "proto/go.mod"}
	var files []string
	for _, folder := range []string{"services/platform/", "proto/cartwright/", "proto/gen/cartwright/", "proto/third_party/"} {
		for _, name := range strings.Fields(strings.Repeat("abcdefghijklmno ", 40)) {
			name += strings.Repeat("x", len(files)%7)
			patterns = append(patterns, folder+name+"/**", folder+name+"y/*")
			files = append(files, folder+name+"/file", folder+name+"y/file")
		}
	}
	triggers := affected.Triggers(patterns)
	require.LessOrEqual(t, len(triggers), affected.MaxTriggers)
	for _, file := range append(files, "services/cart/x", "charts/lib/x", "buildspec.yml", "proto/go.mod") {
		require.True(t, set(t, triggers).Match(file), file)
	}
	for _, trigger := range triggers {
		require.LessOrEqual(t, len(trigger), affected.MaxTriggerLength, trigger)
	}
}

// Whoever asks what a commit changes must not be told of the working tree or of half a move.
func TestSince(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git := func(arguments ...string) {
		command := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, arguments...)...)
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
	}
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	git("init", "-q")
	write("services/cart/a file", strings.Repeat("the same text\n", 20))
	git("add", ".")
	git("commit", "-q", "-m", "one")
	write("services/pricing/x", "1")
	require.NoError(t, os.Rename(filepath.Join(dir, "services/cart/a file"), filepath.Join(dir, "services/pricing/ä file")))
	git("add", ".")
	git("commit", "-q", "-m", "two")
	write("services/product/not committed", "1")

	files, err := affected.Since(t.Context(), dir, "HEAD~1")
	require.NoError(t, err)
	require.Equal(t, []string{"services/cart/a file", "services/pricing/x", "services/pricing/ä file"}, files)
	_, err = affected.Since(t.Context(), dir, "nothing")
	require.ErrorContains(t, err, "nothing")
}

// A service that came to depend on something new would not be deployed when that changes.
func TestTriggersOfPipelinesAreUpToDate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deploy/aws/pipeline.yaml"))
	require.NoError(t, err)
	written, err := affected.Write(string(text), repository(t))
	require.NoError(t, err)
	require.Equal(t, written, string(text), "run make triggers and commit what it writes")
}

// A block that is written wrong makes all pipelines start at everything, or at nothing.
func TestWrite(t *testing.T) {
	t.Parallel()
	const template = "Mappings:\n  Triggers:\n    # triggers: written by make triggers\n    old\n    # end of triggers\nResources: {}\n"
	written, err := affected.Write(template, []affected.Closure{{Service: "cart", Patterns: []string{"a/**", "b"}}})
	require.NoError(t, err)
	require.Equal(t, "Mappings:\n  Triggers:\n    # triggers: written by make triggers\n    cart:\n      Includes:\n        - \"a/**\"\n"+
		"        - \"b\"\n    # end of triggers\nResources: {}\n", written)
	again, err := affected.Write(written, []affected.Closure{{Service: "cart", Patterns: []string{"a/**", "b"}}})
	require.NoError(t, err)
	require.Equal(t, written, again)
	_, err = affected.Write("Resources: {}\n", nil)
	require.ErrorContains(t, err, "triggers")
}
