// Package charts renders the Helm charts of the repository as Helm does, decodes what comes out into the types of the Kubernetes
// API, and holds it to rules: what every pod must and must not be, who may talk to whom, how many there are. No cluster is needed.
//
// It also makes the schemas of the charts' values, so that they list exactly the settings that each service reads.
package charts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// Services are the charts of services.
func Services() []string {
	return []string{"gateway", "product", "pricing", "cart", "payment", "inventory"}
}

// Auditor is the chart of the program that looks at all data of a shop again and again. It keeps the rules of services as far as they
// are for a pod that nobody calls, and of which there is one.
const Auditor = "auditor"

// Programs are the charts that keep the rules: those of services and of the auditor.
func Programs() []string { return append(Services(), Auditor) }

// All are the charts that can be installed, the umbrella last.
func All() []string { return append(Programs(), "sandbox", "namespace", "shop") }

// KubernetesVersion is the cluster that charts are rendered for.
const KubernetesVersion = "v1.34.0"

const graphFile = "charts/lib/callgraph.json"

// Graph says who calls whom, as the contracts do. The charts' network policies are made of it.
type Graph struct {
	// Calls are the services that each service calls.
	Calls map[string][]string `json:"calls"`
	// Sandbox are the calls that come with the sandbox provider.
	Sandbox map[string][]string `json:"sandbox"`
}

// ReadGraph reads the graph of the repository at root.
func ReadGraph(root string) (Graph, error) {
	var g Graph
	text, err := os.ReadFile(filepath.Join(root, graphFile))
	if err != nil {
		return g, err
	}
	if err := json.Unmarshal(text, &g); err != nil {
		return g, fmt.Errorf("%s: %w", graphFile, err)
	}
	return g, nil
}

// Install is what is given to `helm install`.
type Install struct {
	// Root is the repository, Chart the folder of a chart below it.
	Root, Chart string
	// Release is the name of the release; the chart's when empty. Namespace is "shop" when empty.
	Release, Namespace string
	// Values are those of the user, later ones before earlier ones.
	Values []map[string]any
}

// Render returns the manifests that Helm would apply, hooks and tests among them, and the notes. Its errors are Helm's: values
// that the schema refuses are named by their path.
func (i Install) Render() (manifest, notes string, err error) {
	c, err := loader.Load(filepath.Join(i.Root, i.Chart))
	if err != nil {
		return "", "", err
	}
	values := map[string]any{}
	for _, given := range i.Values {
		values = chartutil.CoalesceTables(deepCopy(given), values)
	}
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return "", "", err
	}
	version, err := chartutil.ParseKubeVersion(KubernetesVersion)
	if err != nil {
		return "", "", err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	if !chartutil.IsCompatibleRange(c.Metadata.KubeVersion, version.String()) {
		return "", "", fmt.Errorf("chart needs Kubernetes %s", c.Metadata.KubeVersion)
	}
	options := chartutil.ReleaseOptions{Name: i.release(), Namespace: i.namespace(), Revision: 1, IsInstall: true}
	full, err := chartutil.ToRenderValues(c, values, options, capabilities)
	if err != nil {
		return "", "", err
	}
	files, err := engine.Render(c, full)
	if err != nil {
		return "", "", err
	}
	return join(files)
}

func (i Install) release() string {
	if i.Release != "" {
		return i.Release
	}
	return filepath.Base(i.Chart)
}

func (i Install) namespace() string {
	if i.Namespace != "" {
		return i.Namespace
	}
	return "shop"
}

// deepCopy keeps a render from changing values that the next one uses.
func deepCopy(values map[string]any) map[string]any {
	result := make(map[string]any, len(values))
	for key, value := range values {
		if table, ok := value.(map[string]any); ok {
			value = deepCopy(table)
		}
		result[key] = value
	}
	return result
}

func join(files map[string]string) (manifest, notes string, err error) {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []string
	for _, name := range names {
		text := strings.TrimSpace(files[name])
		switch {
		case strings.HasSuffix(name, "NOTES.txt"):
			notes += text
		case strings.HasPrefix(filepath.Base(name), "_") || text == "":
		default:
			all = append(all, strings.TrimPrefix(text, "---\n"))
		}
	}
	if len(all) == 0 {
		return "", "", errors.New("the chart renders nothing")
	}
	return strings.Join(all, "\n---\n") + "\n", notes, nil
}
