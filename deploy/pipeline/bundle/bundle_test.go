package bundle_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/bundle"
	"github.com/stretchr/testify/require"
)

// helm is a stand-in that renders one Deployment with the digest it is given, and a brace that must not be taken for a template.
const helm = `#!/bin/bash
test "$1 $2" = "template cart" || exit 1
for file in "$6" "$8"; do test -f "$file" || exit 1; done
printf 'kind: Deployment\nmetadata: {name: cart, labels: {a: b}, annotations: {x: "{{ y }}"}}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}\n'
`

func release() bundle.Release {
	return bundle.Release{
		Service: "cart", Version: "0.0.0-gabc", Commit: strings.Repeat("a", 40), Registry: "registry.example.com", Repository: "cartwright/cart",
		Digest: "sha256:" + strings.Repeat("1", 64),
	}
}

// Whatever is missing in the bundle is missing in every stage, and a tag in place of a digest could ship what was not tested.
func TestMake(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o755))
	}
	write("bin/helm", helm)
	write("charts/cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 0.1.0\nappVersion: 0.1.0\ndependencies: [{name: lib, version: 0.1.0}]\n")
	write("charts/lib/Chart.yaml", "name: lib\n")
	write("charts/cart/charts/other-0.1.0.tgz", "packed")
	require.NoError(t, os.Symlink("../../lib", filepath.Join(root, "charts/cart/charts/lib")))
	write("charts/cart/templates/all.yaml", "{{ include }}")
	write("deploy/env/staging/cart.yaml", "replicas: 1\n")
	places := bundle.Places{Root: root, Output: filepath.Join(root, "out"), Canary: "production", Helm: filepath.Join(root, "bin", "helm")}
	require.ErrorContains(t, bundle.Make(t.Context(), release(), places), "no values for production")
	write("deploy/env/production/cart.yaml", "replicas: 3\n")
	require.NoError(t, bundle.Make(t.Context(), release(), places))
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, "out", name))
		require.NoError(t, err)
		return string(text)
	}
	require.Contains(t, read("chart/Chart.yaml"), "version: 0.0.0-gabc")
	require.Contains(t, read("chart/Chart.yaml"), "name: lib")
	require.Equal(t, "packed", read("chart/charts/other-0.1.0.tgz"))
	require.Equal(t, "name: lib\n", read("chart/charts/lib/Chart.yaml"), "a link of the repository leads nowhere in a bundle")
	require.Equal(t, "replicas: 1\n", read("chart/values-staging.yaml"))
	require.Equal(t, "replicas: 3\n", read("chart/values-production.yaml"))
	require.Contains(t, read("chart/values-image.yaml"), "digest: sha256:"+strings.Repeat("1", 64))
	require.Contains(t, read("chart/values-image.yaml"), "requireDigest: true")
	require.Equal(t, read("chart/values-image.yaml"), read("values-image.yaml"))
	require.Contains(t, read("canary/canary.yaml"), "cart-canary")
	require.Equal(t, "{{ .Files.Get \"canary.yaml\" }}\n", read("canary/templates/canary.yaml"))
	require.Contains(t, read("release.json"), `"commit": "`+strings.Repeat("a", 40)+`"`)

	for name, change := range map[string]func(*bundle.Release){
		"digest": func(r *bundle.Release) { r.Digest = "latest" }, "version": func(r *bundle.Release) { r.Version = "main" },
		"commit": func(r *bundle.Release) { r.Commit = "HEAD" }, "registry": func(r *bundle.Release) { r.Registry = "" },
	} {
		wrong := release()
		change(&wrong)
		require.ErrorContains(t, bundle.Make(t.Context(), wrong, places), name)
	}
}
