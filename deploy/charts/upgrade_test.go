package charts_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/charts"
)

// released are the commits that the services were released from last.
func released(t *testing.T) map[string]string {
	t.Helper()
	encoded, err := os.ReadFile(filepath.Join(root, "deploy/released/released.json"))
	require.NoError(t, err)
	var record struct {
		Services map[string]struct {
			Commit string `json:"commit"`
		} `json:"services"`
	}
	require.NoError(t, json.Unmarshal(encoded, &record))
	commits := map[string]string{}
	for service, one := range record.Services {
		commits[service] = one.Commit
	}
	return commits
}

// past is the charts and the values of a commit in a folder of their own; false when this copy of the repository has no history.
func past(t *testing.T, commit string) (string, bool) {
	t.Helper()
	if exec.CommandContext(t.Context(), "git", "-C", root, "cat-file", "-e", commit+"^{commit}").Run() != nil {
		fmt.Printf("NOT RUN: the charts of %.12s are not in this copy of the repository\n", commit)
		return "", false
	}
	archive, err := exec.CommandContext(t.Context(), "git", "-C", root, "archive", "--format=tar", commit, "charts", "deploy/env").Output()
	require.NoError(t, err)
	dir := t.TempDir()
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return dir, true
		}
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(header.Name), header.Name)
		place := filepath.Join(dir, header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			require.NoError(t, os.MkdirAll(place, 0o755))
		case tar.TypeSymlink:
			require.NoError(t, os.Symlink(header.Linkname, place))
		case tar.TypeReg:
			content, err := io.ReadAll(reader)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(place, content, 0o644))
		}
	}
}

// When it fails, an upgrade to this tree or the way back from it is refused by the API, takes a service's address away, or meets values
// that were good when they were installed.
func TestUpgradesFromTheLastReleaseAndBack(t *testing.T) {
	t.Parallel()
	for chart, commit := range released(t) {
		t.Run(chart, func(t *testing.T) {
			t.Parallel()
			dir, there := past(t, commit)
			if !there {
				return
			}
			for _, env := range []string{"", "staging", "production"} {
				texts := []string{least(chart)}
				if env != "" {
					old, err := os.ReadFile(filepath.Join(dir, "deploy/env", env, chart+".yaml"))
					require.NoError(t, err)
					texts = []string{string(old), digest}
				}
				now := install(t, chart, texts...)
				was := now
				was.Root = dir
				before, after := decode(t, render(t, was)), decode(t, render(t, now))
				require.Empty(t, charts.Upgrade(before, after), "upgrade, %s values", env)
				require.Empty(t, charts.Upgrade(after, before), "rollback, %s values", env)
				if env != "" {
					fresh := decode(t, render(t, install(t, chart, environment(t, env, chart), digest)))
					require.Empty(t, charts.Upgrade(before, fresh), "upgrade to the values of today, %s", env)
				}
			}
		})
	}
}

// When it fails, a new version of a service, other sizes or another setting make an upgrade that the API refuses.
func TestValuesMayChangeInAnUpgrade(t *testing.T) {
	t.Parallel()
	for _, chart := range charts.Programs() {
		manifests := map[string]*charts.Manifest{}
		for way, texts := range ways(t, chart) {
			manifests[way] = decode(t, render(t, install(t, chart, texts...)))
		}
		manifests["next version"] = decode(t, render(t, install(t, chart, least(chart), `{image: {tag: 9.9.9}, podAnnotations: {example.com/team: shop}}`)))
		for from, before := range manifests {
			for to, after := range manifests {
				require.NotContains(t, strings.Join(charts.Upgrade(before, after), "\n"), "the API refuses", "%s, from %s to %s", chart, from, to)
			}
		}
	}
}

// When it fails, somebody who takes a service away leaves more behind than its database: secrets, claims of volumes, objects that nobody
// knows of. What stays is the key of gift cards, which are worthless without it, and the pod of the last test with its policy.
func TestAnUninstallLeavesAKeyAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, chart := range charts.Programs() {
		for way, texts := range ways(t, chart) {
			stays := decode(t, render(t, install(t, chart, texts...))).Remains()
			want := []string{"Pod " + chart + "-test", "NetworkPolicy " + chart + "-test"}
			if chart == "payment" && way != "production" {
				want = append(want, "Secret payment-generated")
			}
			require.ElementsMatch(t, want, stays, "%s %s", chart, way)
		}
	}
	kept := strings.Replace(base(t, "cart"), "kind: Secret\nmetadata:\n", "kind: Secret\nmetadata:\n  annotations: {helm.sh/resource-policy: keep}\n", 1)
	require.Contains(t, decode(t, kept).Remains(), "Secret cart-secret")
	_, err := charts.Decode("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n")
	require.ErrorContains(t, err, "no chart may have a PersistentVolumeClaim")
}

// When it fails, a change that the API refuses would pass for one that it takes.
func TestUpgradeSeesWhatCannotChange(t *testing.T) {
	t.Parallel()
	manifest := base(t, "cart")
	before := decode(t, manifest)
	require.Empty(t, charts.Upgrade(before, before))
	for _, b := range []breach{
		{after: deployment, old: "matchLabels:\n", text: "matchLabels:\n      app.kubernetes.io/version: \"0.1.0\"\n", want: "Deployment cart: spec.selector was"},
		{after: service, old: "clusterIP: None", text: "type: ClusterIP", want: `Service cart: spec.clusterIP was "None"`},
		{after: service, old: "  name: cart\n", text: "  name: card\n", want: "Service cart: is gone"},
		{after: deployment, old: "  name: cart\n", text: "  name: card\n", want: "Deployment cart: is gone"},
		{after: "kind: ServiceAccount", old: "  name: cart\n", text: "  name: card\n", want: "ServiceAccount cart: is gone"},
		{after: "name: cart-secret\n", old: "stringData:\n", text: "immutable: true\nstringData:\n", want: "Secret cart-secret: immutable was null"},
	} {
		require.Contains(t, strings.Join(charts.Upgrade(before, decode(t, b.of(t, manifest))), "\n"), b.want)
	}
}
