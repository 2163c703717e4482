// Package buildspec reads build specifications of CodeBuild and finds mistakes in them that CodeBuild itself accepts: a phase with
// a misspelt name is never run, a failure that is swallowed releases what is broken.
package buildspec

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Phase is a step of a build: commands that one shell runs in order.
type Phase struct {
	Name      string
	OnFailure string
	Commands  []string
	Finally   []string
	Runtimes  map[string]string
	keys      []string
}

// Report is a group of test results.
type Report struct {
	Name, BaseDirectory, Format string
	Files                       []string
}

// Spec is a build specification.
type Spec struct {
	Version   string
	Shell     string
	Variables map[string]string
	Exported  []string
	Phases    []Phase
	Reports   []Report
	// Artifacts and Cache are files that outlive the build.
	ArtifactsBase string
	Artifacts     []string
	Cache         []string

	keys, envKeys []string
}

// Parse reads a specification. Keys that stand twice are an error.
func Parse(text []byte) (*Spec, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("read the build specification: %w", err)
	}
	var strict map[string]any // a node forgives keys that stand twice
	if err := yaml.Unmarshal(text, &strict); err != nil {
		return nil, fmt.Errorf("read the build specification: %w", err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the build specification is not a mapping")
	}
	root := document.Content[0]
	s := &Spec{keys: keysOf(root), Version: scalar(root, "version"), Variables: map[string]string{}}
	env := child(root, "env")
	s.envKeys = keysOf(env)
	s.Shell = scalar(env, "shell")
	s.Exported = list(child(env, "exported-variables"))
	each(child(env, "variables"), func(name string, value *yaml.Node) { s.Variables[name] = value.Value })
	each(child(root, "phases"), func(name string, value *yaml.Node) { s.Phases = append(s.Phases, phase(name, value)) })
	each(child(root, "reports"), func(name string, value *yaml.Node) {
		s.Reports = append(s.Reports, Report{
			Name: name, BaseDirectory: scalar(value, "base-directory"), Format: scalar(value, "file-format"), Files: list(child(value, "files")),
		})
	})
	s.ArtifactsBase = scalar(child(root, "artifacts"), "base-directory")
	s.Artifacts = list(child(child(root, "artifacts"), "files"))
	s.Cache = list(child(child(root, "cache"), "paths"))
	return s, nil
}

func phase(name string, node *yaml.Node) Phase {
	p := Phase{
		Name: name, OnFailure: scalar(node, "on-failure"), keys: keysOf(node), Runtimes: map[string]string{},
		Commands: list(child(node, "commands")), Finally: list(child(node, "finally")),
	}
	each(child(node, "runtime-versions"), func(language string, version *yaml.Node) { p.Runtimes[language] = version.Value })
	return p
}

// each calls visit for the entries of a mapping, in their order.
func each(node *yaml.Node, visit func(key string, value *yaml.Node)) {
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		visit(node.Content[i].Value, node.Content[i+1])
	}
}

func child(node *yaml.Node, name string) (found *yaml.Node) {
	each(node, func(key string, value *yaml.Node) {
		if key == name {
			found = value
		}
	})
	return found
}

func scalar(node *yaml.Node, name string) string {
	if value := child(node, name); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

func keysOf(node *yaml.Node) (keys []string) {
	each(node, func(key string, _ *yaml.Node) { keys = append(keys, key) })
	return keys
}

func list(node *yaml.Node) (values []string) {
	if node == nil {
		return nil
	}
	if node.Kind == yaml.ScalarNode {
		return []string{node.Value}
	}
	for _, item := range node.Content {
		values = append(values, strings.TrimSpace(item.Value))
	}
	return values
}

// Phase returns the phase of a name.
func (s *Spec) Phase(name string) (Phase, bool) {
	for _, p := range s.Phases {
		if p.Name == name {
			return p, true
		}
	}
	return Phase{}, false
}
