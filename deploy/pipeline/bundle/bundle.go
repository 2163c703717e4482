// Package bundle puts together what is deployed of a service: its chart with the values of every environment, the image by its
// digest, and the chart of its canary. Every stage deploys from the same bundle, so nothing is built twice, and what was tested is
// what ships.
package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/canary"
	"go.yaml.in/yaml/v3"
)

// Release is one version of a service.
type Release struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
	// Registry and Repository are where the image is, Digest is which one.
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
}

// Places are the files that a bundle is made of, from the root of a repository.
type Places struct {
	Root   string
	Output string
	// Canary is the environment that the canary is made for.
	Canary string
	// Helm is the command that renders charts.
	Helm string
}

var (
	digestPattern  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	versionPattern = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)
	commitPattern  = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

func (r Release) check() error {
	switch {
	case !digestPattern.MatchString(r.Digest):
		return fmt.Errorf("digest %q is not sha256:...", r.Digest)
	case !versionPattern.MatchString(r.Version):
		return fmt.Errorf("version %q is not like 1.2.3 or 1.2.3-abc", r.Version)
	case !commitPattern.MatchString(r.Commit):
		return fmt.Errorf("commit %q is not 40 hexadecimal digits", r.Commit)
	case r.Registry == "" || r.Repository == "":
		return errors.New("no registry or no repository was named")
	}
	return nil
}

// Make writes the bundle: chart/ with values-<environment>.yaml and values-image.yaml, canary/, and release.json.
func Make(ctx context.Context, r Release, p Places) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := os.RemoveAll(p.Output); err != nil {
		return err
	}
	chart := filepath.Join(p.Output, "chart")
	if err := os.MkdirAll(p.Output, 0o755); err != nil {
		return err
	}
	if err := copyChart(chart, filepath.Join(p.Root, "charts", r.Service)); err != nil {
		return fmt.Errorf("copy the chart: %w", err)
	}
	if err := version(filepath.Join(chart, "Chart.yaml"), r.Version); err != nil {
		return err
	}
	if err := values(r, p, chart); err != nil {
		return err
	}
	if err := makeCanary(ctx, r, p, chart); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Output, "release.json"), append(text, '\n'), 0o644)
}

// copyChart copies a chart. Charts that it is made of may be links to their place in the repository; the copy has them whole.
func copyChart(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	links, err := filepath.Glob(filepath.Join(from, "charts", "*"))
	if err != nil {
		return err
	}
	for _, link := range links {
		info, err := os.Lstat(link)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		place := filepath.Join(to, "charts", filepath.Base(link))
		if err := os.Remove(place); err != nil {
			return err
		}
		target, err := filepath.EvalSymlinks(link)
		if err != nil {
			return err
		}
		if err := os.CopyFS(place, os.DirFS(target)); err != nil {
			return err
		}
	}
	return nil
}

// version sets the chart's version and the one of what it runs.
func version(file, version string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var chart map[string]any
	if err := yaml.Unmarshal(text, &chart); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	chart["version"], chart["appVersion"] = version, version
	if text, err = yaml.Marshal(chart); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// values puts the values of all environments into the chart and beside it: deploy actions name them from either place.
func values(r Release, p Places, chart string) error {
	environments, err := fs.Glob(os.DirFS(p.Root), "deploy/env/*/"+r.Service+".yaml")
	if err != nil {
		return err
	}
	for _, file := range environments {
		text, err := os.ReadFile(filepath.Join(p.Root, file))
		if err != nil {
			return err
		}
		environment := filepath.Base(filepath.Dir(file))
		if err := writeValues(chart, environment, text); err != nil {
			return err
		}
	}
	text, err := yaml.Marshal(map[string]any{"image": map[string]any{
		"registry": r.Registry, "repository": r.Repository, "tag": r.Version, "digest": r.Digest, "requireDigest": true,
	}})
	if err != nil {
		return err
	}
	return writeValues(chart, "image", text)
}

func writeValues(chart, name string, text []byte) error {
	for _, dir := range []string{chart, filepath.Dir(chart)} {
		if err := os.WriteFile(filepath.Join(dir, "values-"+name+".yaml"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// makeCanary renders the chart as its environment gets it and makes a chart of what the canary needs. The manifests are a file
// of that chart, so that nothing in them is taken for a template.
func makeCanary(ctx context.Context, r Release, p Places, chart string) error {
	environment := filepath.Join(chart, "values-"+p.Canary+".yaml")
	if _, err := os.Stat(environment); err != nil {
		return fmt.Errorf("%s has no values for %s: %w", r.Service, p.Canary, err)
	}
	command := exec.CommandContext(ctx, p.Helm, "template", r.Service, chart, "--is-upgrade",
		"--values", environment, "--values", filepath.Join(chart, "values-image.yaml"))
	var complaints bytes.Buffer
	command.Stderr = &complaints
	rendered, err := command.Output()
	if err != nil {
		return fmt.Errorf("helm template: %w: %.1000s", err, complaints.String())
	}
	manifests, err := canary.Make(rendered, r.Service)
	if err != nil {
		return err
	}
	dir := filepath.Join(p.Output, "canary")
	for name, text := range map[string]string{
		"Chart.yaml": strings.Join([]string{
			"apiVersion: v2", "name: " + r.Service + "-canary", "description: One pod of a version beside those that run",
			"type: application", "version: " + r.Version, "appVersion: " + r.Version, "",
		}, "\n"),
		"templates/canary.yaml": "{{ .Files.Get \"canary.yaml\" }}\n",
		"canary.yaml":           string(manifests),
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
