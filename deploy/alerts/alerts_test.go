package alerts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// When it fails, what is installed is not what the data say: type make generate.
func TestGeneratedFilesAreThoseOfTheData(t *testing.T) {
	t.Parallel()
	files, err := alerts.Files()
	require.NoError(t, err)
	for name, want := range files {
		have, err := os.ReadFile(name)
		require.NoError(t, err, "make generate writes it")
		require.Equal(t, string(want), string(have), "%s: type make generate", name)
	}
	for _, folder := range []string{"prometheus", "cloudwatch", "sumo", "collector"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				require.Contains(t, files, path, "nothing generates it any more")
			}
			return err
		}))
	}
}

// When it fails, an alarm of one service replaces that of another, or two alerts share a runbook that is about one of them.
func TestEveryAlertOfAServiceHasAName(t *testing.T) {
	t.Parallel()
	for _, service := range alerts.Watched() {
		seen := map[string]bool{}
		for _, a := range alerts.Alerts(service) {
			require.Regexp(t, `^[A-Z][A-Za-z]+$`, a.Name)
			require.False(t, seen[a.Name], "%s has two alerts %s", service, a.Name)
			require.NotEmpty(t, a.Summary)
			require.NotEqual(t, a.For > 0, a.Measure.Window > 0, "%s has a window or a wait", a.Name)
			require.GreaterOrEqual(t, max(a.For, a.Measure.Window), 5*time.Minute, a.Name)
			require.True(t, strings.HasSuffix(a.Summary, "."), a.Name)
			seen[a.Name] = true
		}
		for _, o := range alerts.SLOs(service) {
			for _, objective := range o.Objectives() {
				require.False(t, seen[objective.Alert()], "%s has two alerts %s", service, objective.Alert())
				seen[objective.Alert()] = true
			}
		}
	}
}

// methods are the full names of all RPCs of all contracts.
func methods() []string {
	var list []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				list = append(list, "/"+string(service.FullName())+"/"+string(service.Methods().Get(j).Name()))
			}
		}
		return true
	})
	return list
}

// When it fails, an objective counts calls that do not exist: it is kept for ever, whatever happens.
func TestObjectivesCountCallsThatExist(t *testing.T) {
	t.Parallel()
	all := methods()
	require.Greater(t, len(all), 100)
	for _, service := range alerts.Services {
		require.NotEmpty(t, alerts.SLOs(service))
		for _, o := range alerts.SLOs(service) {
			for _, value := range o.RPCs.Values {
				pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(value), `\*`, ".*") + "$")
				found := false
				for _, method := range all {
					found = found || pattern.MatchString(method)
				}
				require.True(t, found, "%s counts %s, which is in no contract", o.Name, value)
			}
		}
	}
}

// When it fails, two alarms want the same series under two names, and the collector gives it the first: the second alarm is blind.
func TestNoSeriesGetsTwoNames(t *testing.T) {
	t.Parallel()
	names := map[string]alerts.Series{}
	for _, service := range alerts.Watched() {
		for _, a := range alerts.Alerts(service) {
			for _, s := range []alerts.Series{a.Measure.Of, a.Measure.Per} {
				if s.Cloud != "" {
					names[s.Cloud] = s
				}
			}
		}
	}
	for one, a := range names {
		for other, b := range names {
			if one != other && a.Metric == b.Metric {
				require.True(t, apart(a, b), "%s and %s are both made of %s", one, other, a.Metric)
			}
		}
	}
}

// apart tells whether some label keeps two sets of series apart for sure.
func apart(a, b alerts.Series) bool {
	for _, x := range a.Match {
		for _, y := range b.Match {
			if x.Label == y.Label && x.Op == alerts.In && y.Op == alerts.In && !slices.ContainsFunc(x.Values, func(v string) bool { return slices.Contains(y.Values, v) }) {
				return true
			}
		}
	}
	return false
}
