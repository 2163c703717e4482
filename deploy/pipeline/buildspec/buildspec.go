// Package buildspec reads build specifications of CodeBuild and finds mistakes in them that CodeBuild itself accepts: a phase with
// a misspelt name is never run, a failure that is swallowed releases what is broken.
package buildspec

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/document"
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
	root, err := document.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read the build specification: %w", err)
	}
	s := &Spec{keys: document.Keys(root), Version: document.Scalar(root, "version"), Variables: map[string]string{}}
	env := document.Child(root, "env")
	s.envKeys = document.Keys(env)
	s.Shell = document.Scalar(env, "shell")
	s.Exported = document.List(document.Child(env, "exported-variables"))
	document.Each(document.Child(env, "variables"), func(name string, value *yaml.Node) { s.Variables[name] = value.Value })
	document.Each(document.Child(root, "phases"), func(name string, value *yaml.Node) { s.Phases = append(s.Phases, phase(name, value)) })
	document.Each(document.Child(root, "reports"), func(name string, value *yaml.Node) {
		s.Reports = append(s.Reports, Report{
			Name: name, BaseDirectory: document.Scalar(value, "base-directory"), Format: document.Scalar(value, "file-format"), Files: document.List(document.Child(value, "files")),
		})
	})
	s.ArtifactsBase = document.Scalar(root, "artifacts", "base-directory")
	s.Artifacts = document.List(document.Child(root, "artifacts", "files"))
	s.Cache = document.List(document.Child(root, "cache", "paths"))
	return s, nil
}

func phase(name string, node *yaml.Node) Phase {
	p := Phase{
		Name: name, OnFailure: document.Scalar(node, "on-failure"), keys: document.Keys(node), Runtimes: map[string]string{},
		Commands: document.List(document.Child(node, "commands")), Finally: document.List(document.Child(node, "finally")),
	}
	document.Each(document.Child(node, "runtime-versions"), func(language string, version *yaml.Node) { p.Runtimes[language] = version.Value })
	return p
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
